// A training step in double, one sample and one weight at a time, written from science.md sections 1 to 3 and
// not from the product's formulas: leaky ReLU, noise on the activations, l2 and weighted activity of
// exponent 2.
#pragma once

#include <cstdint>
#include <vector>

#include "modsweep/network.h"
#include "modsweep/settings.h"
#include "modsweep/task.h"

namespace modsweep::test {

/// The gradient of the loss of training step `step` (from 1) over these rows of the data.
[[nodiscard]] std::vector<double> naive_gradient(const CellSettings& cell, const Shape& shape,
                                                 const std::vector<double>& parameters, const Samples& data,
                                                 const std::vector<std::uint32_t>& rows, std::uint32_t step);

}  // namespace modsweep::test
