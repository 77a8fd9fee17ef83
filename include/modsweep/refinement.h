// Networks added where a transition lies, until it is known well enough: at a fraction of the cost of a grid
// that is as fine everywhere.
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

/// The unit in which networks are added: one at each of so many seeds. Block 0 has a sweep's own seeds, the
/// next ones have as many new seeds each.
struct RefinementRow {
  double x = 0.0;
  std::uint32_t block = 0;

  bool operator==(const RefinementRow&) const = default;
};

struct RefinementSettings {
  double width = 0.2;         ///< of the interval of log x* at last, natural logarithm
  bool whole_numbers = true;  ///< x takes no others
  IntervalSettings interval{.resamples = 1000};
};

enum class RefinementState : std::uint8_t {
  open,       ///< `next` has rows
  converged,  ///< the interval is narrow enough
  failed      ///< `reason` says why it cannot become so
};

/// The search for one transition. What it asks for follows from the values that it was given and from nothing
/// else, so that a search with the same values goes the same way.
///
/// A round adds a quarter of the rows that are there, at least one. Each goes where, by the fitted sigmoid
/// linearized in its four parameters and the spread of the networks so far, it lowers the variance of log x*
/// most (c-optimal design, one step at a time; Pukelsheim 1993, chapter 9): to an x that is there, with new
/// seeds, or halfway between two of them in log x. New x are no closer than an eighth of the sigmoid's way
/// from 10 to 90 %: finer ones tell no more than new seeds. Where the change is sharper than the axis, a
/// single row halves the step.
class Refinement {
 public:
  /// `x` ascends and is positive; the first `next` asks for all of it.
  Refinement(const std::vector<double>& x, const RefinementSettings& settings);

  /// What is to be measured next, in this order; empty unless open.
  [[nodiscard]] const std::vector<RefinementRow>& next() const { return next_; }
  /// The values of the first rows of `next`, in its order: one of each seed, in the same order in all rows of
  /// a block; NaN: that network has none. Fits anew.
  void take(std::span<const std::vector<double>> values);

  [[nodiscard]] RefinementState state() const { return state_; }
  [[nodiscard]] const std::string& reason() const { return reason_; }
  [[nodiscard]] const TransitionFit& fit() const { return fit_; }
  /// Of the interval of log x*; none where there is no interval.
  [[nodiscard]] std::optional<double> width() const;

  [[nodiscard]] std::size_t rows() const { return rows_; }  ///< taken so far
  /// The rows of a grid over the same range with the smallest distance in log x and the most rows of one x
  /// that the search came to, everywhere.
  [[nodiscard]] std::size_t grid_rows() const;
  /// The different x of that grid.
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
