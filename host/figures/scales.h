// From values of settings to places on an axis, and from groups of numbers to points.
#pragma once

#include "figures/figure.h"
#include "figures/grouping.h"
#include "figures/request.h"

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "modsweep/statistics.h"

namespace modsweep::figures {

/// Whether ascending numbers have geometric steps: positive, at least three, spanning at least a factor of 8,
/// and their ratios vary less than their differences.
[[nodiscard]] bool is_geometric(std::span<const double> values);

/// An axis of a setting, and the place of each of its values. Values that are not all numbers are categories
/// at 0, 1, 2 and so on. Few numbers are ticks themselves.
struct PlacedAxis {
  Axis axis;
  std::vector<double> at;
};
[[nodiscard]] PlacedAxis placed_axis(const KeyValues& key, const std::optional<bool>& log,
                                     const std::optional<Interval>& limits);

/// The statistic of a group's values, and how they spread around it. A note tells how, for the figure.
class Estimator {
 public:
  explicit Estimator(const Request& request);

  /// Without values: a point without y.
  [[nodiscard]] Point at(double x, std::vector<double> values);
  /// Whether any point has an interval.
  [[nodiscard]] bool has_spread() const { return spreads_ > 0; }
  /// "median of 3 to 5 networks; band: 95 % interval (order statistics)", and why there are no intervals.
  [[nodiscard]] std::string note(const char* mark) const;

 private:
  [[nodiscard]] std::optional<Interval> spread_of(std::vector<double> values, double y);

  const Request& request_;
  IntervalMaker maker_;
  std::size_t spreads_ = 0;
  std::size_t fewest_ = 0;
  std::size_t most_ = 0;
  std::string made_by_;
  std::string reason_;
};

/// Whether values of a column are compared by their differences, however small some are: an eigenvalue's gap
/// of 1e-15 is a gap of nothing.
[[nodiscard]] bool is_difference(const std::string& column);

/// Gives frames that show the same column of numbers the same ends of their y axes, and chooses the scale.
void share_y(const std::vector<Frame*>& frames, const std::string& column, const Request& request);

/// Keeps the labels of x at the bottom frames and those of y at the left ones.
void label_outside(Figure& figure);

}  // namespace modsweep::figures
