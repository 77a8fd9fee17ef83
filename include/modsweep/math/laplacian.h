// The Laplacian of the similarities of a weight matrix's rows (science.md section 5), entry by entry, in
// double whatever the weights are. M: |W| with rows of length 1, zero rows as they are; S = M M^T; D: the row
// sums of S.
#pragma once

#include "modsweep/math/scalar.h"

namespace modsweep::math {

/// A row is dead where its length is below this fraction of the longest row's.
constexpr double dead_fraction = 1e-3;

/// Whether a row of this length is dead, or zero.
[[nodiscard]] MODSWEEP_HD bool is_dead(double length, double longest) {
  return length == 0.0 || length < dead_fraction * longest;
}

/// An entry of D^-1/2. A zero row has no neighbors: it stays an isolated unit with eigenvalue 1.
[[nodiscard]] MODSWEEP_HD double root_inverse_degree(double degree) {
  return degree > 0.0 ? 1.0 / square_root(degree) : 0.0;
}

/// An entry of I - D^-1/2 S D^-1/2, which has the spectrum of I - D^-1 S, but is symmetric. `row`, `column`:
/// the entries of D^-1/2.
[[nodiscard]] MODSWEEP_HD double laplacian_entry(bool diagonal, double row, double similarity,
                                                 double column) {
  const double coupling = row * similarity * column;
  return diagonal ? 1.0 - coupling : -coupling;
}

}  // namespace modsweep::math
