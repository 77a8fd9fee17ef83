// Outputs whose targets are +1 and -1 (science.md section 6, task 8).
#pragma once

#include <optional>

#include "modsweep/network.h"
#include "modsweep/settings.h"
#include "modsweep/task.h"

namespace modsweep {

/// Share of the samples with an output whose sign is not that of its target, without noise and dropout; an
/// output of 0 is wrong. `leaky_slope` is used by leaky_relu only. None without samples. Throws LogicError
/// where sizes disagree.
[[nodiscard]] std::optional<double> wrong_sign_share(const Parameters& network, Activation activation,
                                                     double leaky_slope, const Samples& samples);

}  // namespace modsweep
