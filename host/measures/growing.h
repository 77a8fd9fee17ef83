// Shared by the measures of recurrent networks.
#pragma once

#include "modsweep/growing_training.h"
#include "modsweep/measure.h"

namespace modsweep {

/// Bytes of that many rows of a table with a few keys and `values` further columns.
[[nodiscard]] inline double bytes_of_rows(double rows, double values) {
  constexpr double bytes_of_keys = 24.0;
  return rows * (bytes_of_keys + 8.0 * values);
}

}  // namespace modsweep
