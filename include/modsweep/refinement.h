// Adds networks near a transition until its position is known well enough, at a fraction of the cost of an
// equally fine grid.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "modsweep/fit.h"

namespace modsweep {

/// The unit in which networks are added: one network at x for each seed of a block. Block 0 has the sweep's
/// own seeds; each further block has the same number of new seeds.
struct RefinementRow {
  double x = 0.0;
  std::uint32_t block = 0;

  bool operator==(const RefinementRow&) const = default;
};

struct RefinementSettings {
  double width = 0.2;         ///< target width of the interval of log x*, natural logarithm
  bool whole_numbers = true;  ///< x is a whole number
  IntervalSettings interval{.resamples = 1000};
};

enum class RefinementState : std::uint8_t {
  open,       ///< `next` has rows
  converged,  ///< the interval is narrow enough
  failed      ///< `reason` says why it cannot become narrow enough
};

/// The search for one transition. Its requests depend only on the values that it was given, so that searches
/// with the same values take the same course.
///
/// A round adds a quarter of the number of existing rows, at least one. Each row is put where it lowers the
/// variance of log x* most, according to the fitted sigmoid linearized in its four parameters and the spread
/// of the networks so far (c-optimal design, one step at a time; Pukelsheim 1993, chapter 9): at an existing
/// x, with new seeds, or halfway between two existing x in log x. New x are no closer than an eighth of the
/// sigmoid's width from 10 to 90 %: closer ones carry no more information than new seeds. Where the change is
/// too sharp for the axis to resolve, a single row halves the step.
class Refinement {
 public:
  /// `x` ascends and is positive; the first `next` asks for all of it.
  Refinement(const std::vector<double>& x, const RefinementSettings& settings);

  /// The rows to be measured next, in this order; empty unless open.
  [[nodiscard]] const std::vector<RefinementRow>& next() const { return next_; }
  /// Accepts the values of the first rows of `next`, in its order: one per seed, in the same order in all
  /// rows of a block; NaN: that network has no value. Then fits again.
  void take(std::span<const std::vector<double>> values);

  [[nodiscard]] RefinementState state() const { return state_; }
  [[nodiscard]] const std::string& reason() const { return reason_; }
  [[nodiscard]] const TransitionFit& fit() const { return fit_; }
  /// Width of the interval of log x*; none where there is no interval.
  [[nodiscard]] std::optional<double> width() const;

  [[nodiscard]] std::size_t rows() const { return rows_; }  ///< taken so far
  /// Number of rows of a grid over the same range that has, everywhere, the smallest distance in log x and
  /// the largest number of rows per x that the search reached.
  [[nodiscard]] std::size_t grid_rows() const;
  /// Number of different x of that grid.
  [[nodiscard]] std::size_t grid_points() const;

 private:
  struct Point {
    std::uint32_t blocks = 0;
    std::vector<std::pair<double, std::size_t>> networks;  ///< values, ascending, and their curves
  };

  void judge();
  void plan();
  [[nodiscard]] double networks_of_a_row() const;
  [[nodiscard]] std::map<double, double> spreads_of_points() const;
  [[nodiscard]] std::vector<AxisPoint> axis_points() const;
  [[nodiscard]] std::optional<double> halfway(double low, double high) const;

  RefinementSettings settings_;
  std::map<double, Point> points_;
  std::vector<RefinementRow> next_;
  std::size_t rows_ = 0;
  TransitionFit fit_;
  RefinementState state_ = RefinementState::open;
  std::string reason_;
};

}  // namespace modsweep
