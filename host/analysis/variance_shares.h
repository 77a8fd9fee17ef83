// How much of the variance of a number each axis of a grid explains: main effects.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

namespace modsweep {

/// One group of cells for an analysis of variance: its point on each axis, and its values.
struct VarianceGroup {
  std::vector<std::size_t> levels;  ///< [axes]: index of the axis's value
  std::vector<double> values;       ///< finite; of any number
};

/// Shares of the sum of squares about the mean of all values (docs/report.md, "What matters").
struct VarianceShares {
  std::vector<double> axes;  ///< [axes]: eta squared of the axis alone, in [0, 1]
  /// What groups have beyond the sum of all axes; none where it cannot be told apart: axes overlap where the
  /// grid is not whole.
  std::optional<double> together;
  double within = 0.0;     ///< between the values of a group: seeds
  std::size_t values = 0;  ///< number of values
  bool repeated = false;   ///< whether a group has two values or more
};

/// None for fewer than two values, and where all values are equal. Every group has a level for each of `axes`
/// axes. Throws LogicError for a group of another number of axes.
[[nodiscard]] std::optional<VarianceShares> variance_shares(std::span<const VarianceGroup> groups,
                                                            std::size_t axes);

}  // namespace modsweep
