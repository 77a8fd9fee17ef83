// The sigmoid of figure 6, fitted by Eigen's Levenberg-Marquardt.
#include "analysis/resampler.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include <Eigen/Dense>
#include <fmt/format.h>
#include <unsupported/Eigen/NonLinearOptimization>

#include "modsweep/error.h"
#include "modsweep/fit.h"

namespace modsweep {
namespace {

using Eigen::Index;
using Eigen::VectorXd;

constexpr std::size_t fewest_points = 5;    // a sigmoid has four parameters
constexpr std::size_t fewest_values = 7;    // AICc of five parameters (with the spread) needs more than six
constexpr double rise = 4.394449154672439;  // 2 log 9: steepness times the width from 10 to 90 %
constexpr double saturated = 0.99;          // share of a steepness that is as good as all of it

/// A sigmoid in the unit square, as the optimizer sees it.
struct UnitCurve {
  double low = 0.0;
  double high = 1.0;
  double steepness_share = 0.0;  ///< of the largest, as a logit: unbounded
  double middle = 0.5;
};

double logistic(double z) {
  return 1.0 / (1.0 + std::exp(-z));
}

/// Means of the values at each x, with x (as a logarithm) and the means scaled to [0, 1].
struct UnitPoints {
  VectorXd t;
  VectorXd v;
  VectorXd root_weight;  ///< square roots of the numbers of values
  double t_origin = 0.0, t_scale = 1.0;
  double v_origin = 0.0, v_scale = 1.0;  ///< v_scale 0: all means are the same
  double steepest = 0.0;                 ///< 10 to 90 % within the smallest spacing
};

void check_points(std::span<const AxisPoint> points) {
  double before = 0.0;
  for (const AxisPoint& point : points) {
    if (!(point.x > before) || !std::isfinite(point.x))
      throw LogicError(fmt::format("fit_transition: x {} after {}", point.x, before));
    if (point.y.empty()) throw LogicError(fmt::format("fit_transition: no values at x {}", point.x));
    before = point.x;
  }
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
  unit.steepest = rise / (unit.t.tail(count - 1) - unit.t.head(count - 1)).minCoeff();
  return unit;
}

/// Residuals and their derivatives by (low, high, steepness_share, middle), in the form Eigen asks for.
class Residuals {
 public:
  using Scalar = double;
  using InputType = VectorXd;
  using ValueType = VectorXd;
  using JacobianType = Eigen::MatrixXd;
  enum { InputsAtCompileTime = Eigen::Dynamic, ValuesAtCompileTime = Eigen::Dynamic };

  explicit Residuals(const UnitPoints& points) : points_(points) {}

  // The names are Eigen's.
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

struct Minimum {
  UnitCurve curve;
  double squares = 0.0;
};

std::optional<Minimum> minimize(const UnitPoints& points, const UnitCurve& start) {
  Residuals residuals(points);
  Eigen::LevenbergMarquardt<Residuals> solver(residuals);
  VectorXd p(4);
  p << start.low, start.high, start.steepness_share, start.middle;
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

/// The best minimum from a grid of middles and steepnesses; none where no start converges.
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

/// In the user's units.
Sigmoid to_sigmoid(const UnitPoints& points, const UnitCurve& curve) {
  return {points.v_origin + points.v_scale * curve.low, points.v_origin + points.v_scale * curve.high,
          points.steepest * logistic(curve.steepness_share) / points.t_scale,
          std::exp(points.t_origin + points.t_scale * curve.middle)};
}

/// Akaike's criterion with the correction for small samples (Hurvich & Tsai 1989); `parameters` includes the
/// spread. A sum of squares below rounding is rounding.
double corrected_aic(double squares, double scale, double values, double parameters) {
  const double floor = values * std::pow(1e-12 * scale, 2);
  return values * std::log(std::max(squares, floor) / values) + 2.0 * parameters +
         2.0 * parameters * (parameters + 1.0) / (values - parameters - 1.0);
}

template <typename Curve>
double squares_from(std::span<const AxisPoint> points, Curve curve) {
  double squares = 0.0;
  for (const AxisPoint& point : points)
    for (const double y : point.y) squares += std::pow(y - curve(point.x), 2);
  return squares;
}

/// Why a fitted curve is no transition; empty if it is one.
std::string objection(std::span<const AxisPoint> points, const UnitPoints& unit, const UnitCurve& curve,
                      double squares) {
  double values = 0.0;
  double sum = 0.0;
  for (const AxisPoint& point : points) {
    values += static_cast<double>(point.y.size());
    for (const double y : point.y) sum += y;
  }
  const double constant = sum / values;
  const double flat_squares = squares_from(points, [&](double) { return constant; });
  if (corrected_aic(squares, unit.v_scale, values, 5.0) >=
      corrected_aic(flat_squares, unit.v_scale, values, 2.0))
    return "no transition: a constant describes y as well (AICc)";
  const double steepness = unit.steepest * logistic(curve.steepness_share);
  if (logistic(-steepness * curve.middle) > 0.25) return "no plateau at small x: extend the axis downwards";
  if (logistic(steepness * (1.0 - curve.middle)) < 0.75)
    return "no plateau at large x: extend the axis upwards";
  return {};
}

/// Where the optimizer starts: all over the axis, and between all neighbors, which lie close together where
/// an axis was refined.
std::vector<double> first_middles(const UnitPoints& points) {
  std::vector<double> middles(all_middles.begin(), all_middles.end());
  for (Index i = 1; i < points.t.size(); ++i) middles.push_back(0.5 * (points.t[i - 1] + points.t[i]));
  return middles;
}

/// The neighbors on the axis around the middle.
Interval step_around(std::span<const AxisPoint> points, double middle) {
  std::size_t above = 1;
  while (above + 1 < points.size() && points[above].x < middle) ++above;
  return {points[above - 1].x, points[above].x};
}

std::size_t count_values(std::span<const AxisPoint> points) {
  std::size_t values = 0;
  for (const AxisPoint& point : points) values += point.y.size();
  return values;
}

struct Fitted {
  TransitionFit fit;
  UnitCurve curve;  ///< where the resamples start
};

Fitted fit_once(std::span<const AxisPoint> points) {
  check_points(points);
  Fitted fitted;
  TransitionFit& fit = fitted.fit;
  const std::size_t values = count_values(points);
  if (points.size() < fewest_points || values < fewest_values) {
    fit.reason = fmt::format("too few data: {} values at {} different x, needs {} at {}", values,
                             points.size(), fewest_values, fewest_points);
    return fitted;
  }
  const UnitPoints unit = unit_points(points);
  if (unit.v_scale == 0.0) {
    fit.reason = "no transition: y does not change with x";
    return fitted;
  }
  const auto best = best_minimum(unit, first_middles(unit), all_shares);
  if (!best) {
    fit.reason = "the fit did not converge from any start";
    return fitted;
  }
  const Sigmoid curve = to_sigmoid(unit, best->curve);
  const double squares = squares_from(points, curve);
  fit.reason = objection(points, unit, best->curve, squares);
  if (!fit.reason.empty()) return fitted;
  fit.curve = curve;
  fit.rms = std::sqrt(squares / static_cast<double>(values));
  const Interval around = step_around(points, curve.middle);
  if (curve.steepness * std::log(around.high / around.low) > saturated * rise) fit.step = around;
  fitted.curve = best->curve;
  return fitted;
}

/// The middle of one resample; NaN where the fit fails or the middle is not on the axis.
double refitted_middle(std::span<const AxisPoint> points, const UnitCurve& start) {
  constexpr double none = std::numeric_limits<double>::quiet_NaN();
  const UnitPoints unit = unit_points(points);
  if (unit.v_scale == 0.0) return none;
  std::optional<Minimum> best = best_minimum(unit, few_middles, few_shares);
  // The scale of y is the resample's own; the plateaus are near 0 and 1 in either.
  keep_best(best, minimize(unit, {start.low, start.high, start.steepness_share, start.middle}));
  if (!best || !(best->curve.middle >= 0.0 && best->curve.middle <= 1.0)) return none;
  return to_sigmoid(unit, best->curve).middle;
}

std::optional<Interval> middle_interval(const TransitionFit& fit, const BootstrapSettings& bootstrap) {
  const auto resamples = static_cast<double>(fit.replicates.size());
  if (static_cast<double>(fit.failed) > most_failures * resamples) return std::nullopt;
  std::vector<double> found;
  for (const double middle : fit.replicates)
    if (!std::isnan(middle)) found.push_back(middle);
  Interval interval = percentile_interval(std::move(found), bootstrap.confidence);
  if (fit.step) {
    interval.low = std::min(interval.low, fit.step->low);
    interval.high = std::max(interval.high, fit.step->high);
  }
  return interval;
}

}  // namespace

double Sigmoid::operator()(double x) const {
  return low + (high - low) * logistic(steepness * (std::log(x) - std::log(middle)));
}

TransitionFit fit_transition(std::span<const AxisPoint> points) {
  return fit_once(points).fit;
}

TransitionFit fit_transition(std::span<const AxisPoint> points, const BootstrapSettings& bootstrap) {
  Fitted fitted = fit_once(points);
  TransitionFit& fit = fitted.fit;
  const bool several =
      std::any_of(points.begin(), points.end(), [](const auto& p) { return p.y.size() > 1; });
  if (!fit.curve || !several || bootstrap.resamples == 0) return fit;
  Resampler resampler(bootstrap.seed);
  std::vector<AxisPoint> sample(points.begin(), points.end());
  for (std::uint32_t i = 0; i < bootstrap.resamples; ++i) {
    for (std::size_t k = 0; k < points.size(); ++k) resampler.draw(points[k].y, sample[k].y);
    fit.replicates.push_back(refitted_middle(sample, fitted.curve));
    if (std::isnan(fit.replicates.back())) ++fit.failed;
  }
  fit.middle_interval = middle_interval(fit, bootstrap);
  return fit;
}

}  // namespace modsweep
