// Least-squares fit of a sigmoid to the points of an axis, in the unit square.
#pragma once

#include <optional>
#include <span>

#include <Eigen/Core>

#include "modsweep/fit.h"

namespace modsweep {

/// 2 log 9: steepness times the distance from 10 to 90 %.
constexpr double way_10_90 = 4.394449154672439;

/// The mean of the values at each x, with log x and the means scaled to [0, 1].
struct UnitPoints {
  Eigen::VectorXd t;
  Eigen::VectorXd v;
  Eigen::VectorXd root_weight;  ///< square roots of the numbers of values
  double t_origin = 0.0, t_scale = 1.0;
  double v_origin = 0.0, v_scale = 1.0;  ///< v_scale 0: all means are the same
  double steepest = 0.0;                 ///< 10 to 90 % within the smallest spacing
};
[[nodiscard]] UnitPoints unit_points(std::span<const AxisPoint> points);

/// A sigmoid in the unit square, in the optimizer's parameters.
struct UnitCurve {
  double low = 0.0;
  double high = 1.0;
  double steepness_fraction = 0.0;  ///< fraction of the largest steepness, as a logit: unbounded
  double middle = 0.5;
};

struct Minimum {
  UnitCurve curve;
  double squares = 0.0;
};

/// The best minimum from starts along the whole axis; none if no start converges.
[[nodiscard]] std::optional<Minimum> minimize_anew(const UnitPoints& points);
/// The same from fewer starts, for points similar to those that `start` was fitted to.
[[nodiscard]] std::optional<Minimum> minimize_again(const UnitPoints& points, const UnitCurve& start);

[[nodiscard]] double logistic(double z);
/// In units of [0, 1].
[[nodiscard]] double steepness_of(const UnitPoints& points, const UnitCurve& curve);
/// In the user's units.
[[nodiscard]] Sigmoid to_sigmoid(const UnitPoints& points, const UnitCurve& curve);

/// Which plateau of a curve an axis lacks: more than a quarter of the curve's change lies beyond that end.
/// Null if it has both.
[[nodiscard]] const char* missing_plateau(const UnitPoints& points, const UnitCurve& curve);

}  // namespace modsweep
