#include "analysis/sigmoid_fit.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include <Eigen/Dense>
#include <unsupported/Eigen/NonLinearOptimization>

namespace modsweep {
namespace {

using Eigen::Index;
using Eigen::VectorXd;

/// Residuals and their derivatives with respect to (low, high, steepness_fraction, middle), in the form that
/// Eigen requires.
class Residuals {
 public:
  using Scalar = double;
  using InputType = VectorXd;
  using ValueType = VectorXd;
  using JacobianType = Eigen::MatrixXd;
  enum { InputsAtCompileTime = Eigen::Dynamic, ValuesAtCompileTime = Eigen::Dynamic };

  explicit Residuals(const UnitPoints& points) : points_(points) {}

  // Names that Eigen requires.
  [[nodiscard]] Index inputs() const { return 4; }
  [[nodiscard]] Index values() const { return points_.t.size(); }

  int operator()(const VectorXd& p, VectorXd& residuals) const {
    for (Index i = 0; i < values(); ++i)
      residuals[i] = points_.root_weight[i] * (p[0] + (p[1] - p[0]) * share(p, i) - points_.v[i]);
    return 0;
  }

  int df(const VectorXd& p, Eigen::MatrixXd& jacobian) const {
    const double saturation = logistic(p[2]);
    const double steepness = points_.steepest * saturation;
    for (Index i = 0; i < values(); ++i) {
      const double s = share(p, i);
      const double slope = (p[1] - p[0]) * s * (1.0 - s);
      jacobian.row(i) << 1.0 - s, s, slope * (points_.t[i] - p[3]) * steepness * (1.0 - saturation),
          -slope * steepness;
      jacobian.row(i) *= points_.root_weight[i];
    }
    return 0;
  }

 private:
  [[nodiscard]] double share(const VectorXd& p, Index i) const {
    return logistic(points_.steepest * logistic(p[2]) * (points_.t[i] - p[3]));
  }

  const UnitPoints& points_;
};

std::optional<Minimum> minimize(const UnitPoints& points, const UnitCurve& start) {
  Residuals residuals(points);
  Eigen::LevenbergMarquardt<Residuals> solver(residuals);
  VectorXd p(4);
  p << start.low, start.high, start.steepness_fraction, start.middle;
  const auto status = solver.minimize(p);
  const bool converged = status != Eigen::LevenbergMarquardtSpace::ImproperInputParameters &&
                         status != Eigen::LevenbergMarquardtSpace::TooManyFunctionEvaluation &&
                         status != Eigen::LevenbergMarquardtSpace::UserAsked;
  const double squares = solver.fvec.squaredNorm();
  if (!converged || !p.allFinite() || !std::isfinite(squares)) return std::nullopt;
  return Minimum{{p[0], p[1], p[2], p[3]}, squares};
}

void keep_best(std::optional<Minimum>& best, const std::optional<Minimum>& found) {
  if (found && (!best || found->squares < best->squares)) best = found;
}

/// The best minimum from a grid of middles and steepnesses; none if no start converges.
std::optional<Minimum> best_minimum(const UnitPoints& points, std::span<const double> middles,
                                    std::span<const double> shares) {
  std::optional<Minimum> best;
  for (const double middle : middles)
    for (const double share : shares)
      keep_best(best, minimize(points, {points.v[0], points.v[points.v.size() - 1],
                                        std::log(share / (1.0 - share)), middle}));
  return best;
}

constexpr std::array all_middles = {0.1, 0.3, 0.5, 0.7, 0.9};
constexpr std::array all_shares = {0.05, 0.3, 0.8};
constexpr std::array few_middles = {0.25, 0.5, 0.75};
constexpr std::array few_shares = {0.3};

/// Where the optimizer starts: at fixed positions along the axis, and between all neighbors, which lie close
/// together where an axis was refined.
std::vector<double> first_middles(const UnitPoints& points) {
  std::vector<double> middles(all_middles.begin(), all_middles.end());
  for (Index i = 1; i < points.t.size(); ++i) middles.push_back(0.5 * (points.t[i - 1] + points.t[i]));
  return middles;
}

}  // namespace

double logistic(double z) {
  return 1.0 / (1.0 + std::exp(-z));
}

UnitPoints unit_points(std::span<const AxisPoint> points) {
  const auto count = static_cast<Index>(points.size());
  UnitPoints unit{VectorXd(count), VectorXd(count), VectorXd(count)};
  for (Index i = 0; i < count; ++i) {
    const AxisPoint& point = points[static_cast<std::size_t>(i)];
    unit.t[i] = std::log(point.x);
    unit.v[i] = mean(point.y);
    unit.root_weight[i] = std::sqrt(static_cast<double>(point.y.size()));
  }
  unit.t_origin = unit.t[0];
  unit.t_scale = unit.t[count - 1] - unit.t[0];
  unit.t = ((unit.t.array() - unit.t_origin) / unit.t_scale).eval();
  unit.v_origin = unit.v.minCoeff();
  unit.v_scale = unit.v.maxCoeff() - unit.v_origin;
  if (unit.v_scale > 0.0) unit.v = ((unit.v.array() - unit.v_origin) / unit.v_scale).eval();
  unit.steepest = way_10_90 / (unit.t.tail(count - 1) - unit.t.head(count - 1)).minCoeff();
  return unit;
}

std::optional<Minimum> minimize_anew(const UnitPoints& points) {
  return best_minimum(points, first_middles(points), all_shares);
}

std::optional<Minimum> minimize_again(const UnitPoints& points, const UnitCurve& start) {
  std::optional<Minimum> best = best_minimum(points, few_middles, few_shares);
  // y is scaled by the range of these points, not of those of `start`; the plateaus are near 0 and 1 in both.
  keep_best(best, minimize(points, start));
  return best;
}

double steepness_of(const UnitPoints& points, const UnitCurve& curve) {
  return points.steepest * logistic(curve.steepness_fraction);
}

Sigmoid to_sigmoid(const UnitPoints& points, const UnitCurve& curve) {
  return {points.v_origin + points.v_scale * curve.low, points.v_origin + points.v_scale * curve.high,
          steepness_of(points, curve) / points.t_scale,
          std::exp(points.t_origin + points.t_scale * curve.middle)};
}

const char* missing_plateau(const UnitPoints& points, const UnitCurve& curve) {
  const double steepness = steepness_of(points, curve);
  if (logistic(-steepness * curve.middle) > 0.25) return "no plateau at small x: extend the axis downwards";
  if (logistic(steepness * (1.0 - curve.middle)) < 0.75)
    return "no plateau at large x: extend the axis upwards";
  return nullptr;
}

}  // namespace modsweep
