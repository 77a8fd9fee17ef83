// Least squares of a sigmoid through the points of an axis, in the unit square.
#pragma once

#include <optional>
#include <span>

#include <Eigen/Core>

#include "modsweep/fit.h"

namespace modsweep {

/// 2 log 9: steepness times the way from 10 to 90 %.
constexpr double way_10_90 = 4.394449154672439;

/// Means of the values at each x, with x (as a logarithm) and the means scaled to [0, 1].
struct UnitPoints {
  Eigen::VectorXd t;
  Eigen::VectorXd v;
  Eigen::VectorXd root_weight;  ///< square roots of the numbers of values
  double t_origin = 0.0, t_scale = 1.0;
  double v_origin = 0.0, v_scale = 1.0;  ///< v_scale 0: all means are the same
  double steepest = 0.0;                 ///< 10 to 90 % within the smallest spacing
};
[[nodiscard]] UnitPoints unit_points(std::span<const AxisPoint> points);

/// A sigmoid in the unit square, as the optimizer sees it.
struct UnitCurve {
  double low = 0.0;
  double high = 1.0;
  double steepness_share = 0.0;  ///< of the largest, as a logit: unbounded
  double middle = 0.5;
};

struct Minimum {
  UnitCurve curve;
  double squares = 0.0;
};

/// The best minimum from starts all over the axis; none where no start converges.
[[nodiscard]] std::optional<Minimum> minimize_anew(const UnitPoints& points);
/// The same for points like those that `start` was fitted to: from fewer starts.
[[nodiscard]] std::optional<Minimum> minimize_again(const UnitPoints& points, const UnitCurve& start);

[[nodiscard]] double logistic(double z);
/// In units of [0, 1].
[[nodiscard]] double steepness_of(const UnitPoints& points, const UnitCurve& curve);
/// In the user's units.
[[nodiscard]] Sigmoid to_sigmoid(const UnitPoints& points, const UnitCurve& curve);

/// Why an axis does not have both plateaus of a curve: less than a quarter of the way is left on a side. Null
/// where it has.
[[nodiscard]] const char* missing_plateau(const UnitPoints& points, const UnitCurve& curve);

}  // namespace modsweep
