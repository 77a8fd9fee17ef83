// Functional leaks: how much of an output comes from inputs that are not its own (science.md section 5).
#pragma once

#include <cstddef>

#include "modsweep/math/activations.h"

namespace modsweep::math {

/// A hidden unit's activation and da/dz, the unit's factor in the derivatives with respect to the inputs.
struct UnitTangent {
  double value;
  double derivative;
};
[[nodiscard]] MODSWEEP_HD UnitTangent unit_tangent(Activation kind, double z, double slope) {
  const double a = activate(kind, z, slope);
  return {a, activation_derivative(kind, z, a, slope)};
}

/// Sum of the off-diagonal entries of a square matrix, row by row; entry(i, j). A leak is this sum as a
/// fraction of the sum of all entries, not 1 - diagonal / total: a leak of 1e-20 is kept, and no leak is
/// exactly 0.
template <typename Entry>
[[nodiscard]] MODSWEEP_HD double off_diagonal_sum(std::size_t order, const Entry& entry) {
  double sum = 0.0;
  for (std::size_t i = 0; i < order; ++i)
    for (std::size_t j = 0; j < order; ++j)
      if (i != j) sum += entry(i, j);
  return sum;
}

}  // namespace modsweep::math
