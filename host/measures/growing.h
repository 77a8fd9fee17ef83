// Shared by the measures of recurrent networks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "modsweep/growing_training.h"
#include "modsweep/measure.h"

namespace modsweep {

/// Bytes of that many rows of a table with a few keys and `values` further columns.
[[nodiscard]] inline double bytes_of_rows(double rows, double values) {
  constexpr double bytes_of_keys = 24.0;
  return rows * (bytes_of_keys + 8.0 * values);
}

/// W_R of a module, row-major [units][units].
[[nodiscard]] inline std::span<const double> recurrent_weights(const Parameters& network,
                                                               std::uint32_t module) {
  const recurrent::TensorLayout layout(network.shape.form, network.shape.modules, network.shape.heads);
  const recurrent::NamedTensor& tensor =
      layout.tensors()[layout.position(math::RecurrentTensor::recurrent, module)];
  return std::span(network.values).subspan(tensor.offset, tensor.size());
}

}  // namespace modsweep
