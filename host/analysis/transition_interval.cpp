// Uncertainty of a transition's middle: Student's t over the curves of seeds, or the bootstrap.
#include "analysis/resampler.h"
#include "analysis/transition_fit.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include <Eigen/Dense>
#include <fmt/format.h>

#include "modsweep/error.h"

namespace modsweep {
namespace {

using Eigen::Matrix4d;
using Eigen::Vector4d;

constexpr double no_middle = std::numeric_limits<double>::quiet_NaN();

/// The curve of network i of a point.
std::size_t curve_of(const AxisPoint& point, std::size_t i) {
  return point.curve.empty() ? i : point.curve[i];
}

std::vector<std::size_t> curves_of(std::span<const AxisPoint> points) {
  std::set<std::size_t> curves;
  for (const AxisPoint& point : points) {
    if (!point.curve.empty() && point.curve.size() != point.y.size())
      throw LogicError(
          fmt::format("fit_transition: {} values of {} curves", point.y.size(), point.curve.size()));
    for (std::size_t i = 0; i < point.y.size(); ++i) curves.insert(curve_of(point, i));
  }
  return {curves.begin(), curves.end()};
}

/// The networks of one curve, or all others; points without any such network are left out.
std::vector<AxisPoint> part_of(std::span<const AxisPoint> points, std::size_t curve, bool its_own) {
  std::vector<AxisPoint> part;
  for (const AxisPoint& point : points) {
    AxisPoint some{point.x, {}};
    for (std::size_t i = 0; i < point.y.size(); ++i)
      if ((curve_of(point, i) == curve) == its_own) some.y.push_back(point.y[i]);
    if (!some.y.empty()) part.push_back(std::move(some));
  }
  return part;
}

struct Refit {
  UnitPoints points;
  UnitCurve curve;

  [[nodiscard]] double log_middle() const { return points.t_origin + points.t_scale * curve.middle; }
};

/// A fit to a subset or a resample; none if it fails or its middle is not on the axis.
std::optional<Refit> refit(std::span<const AxisPoint> points, const UnitCurve& start) {
  UnitPoints unit = unit_points(points);
  if (unit.v_scale == 0.0) return std::nullopt;
  const std::optional<Minimum> best = minimize_again(unit, start);
  if (!best || !(best->curve.middle >= 0.0 && best->curve.middle <= 1.0)) return std::nullopt;
  return Refit{std::move(unit), best->curve};
}

/// The middle of each curve by itself; none if one of the curves has no such transition.
std::optional<CurveValues> own_middles(std::span<const AxisPoint> points, const FittedTransition& fitted,
                                       const std::vector<std::size_t>& curves) {
  CurveValues own{curves, {}};
  const bool rises = fitted.curve.high > fitted.curve.low;
  for (const std::size_t curve : curves) {
    const auto part = part_of(points, curve, true);
    if (part.size() < fewest_transition_points) return std::nullopt;
    const auto found = refit(part, fitted.curve);
    if (!found || missing_plateau(found->points, found->curve) != nullptr ||
        (found->curve.high > found->curve.low) != rises)
      return std::nullopt;
    own.values.push_back(found->log_middle());
  }
  std::vector<double> sorted = own.values;
  std::sort(sorted.begin(), sorted.end());  // the result must not depend on the order of the curves
  own.center = mean(sorted);
  own.freedom = static_cast<double>(curves.size()) - 1.0;
  return own;
}

/// Derivatives of the sigmoid with respect to (low, high, log steepness, log middle).
Vector4d sigmoid_derivatives(const Sigmoid& curve, double x) {
  const double z = curve.steepness * (std::log(x) - std::log(curve.middle));
  const double s = logistic(z);
  const double slope = (curve.high - curve.low) * s * (1.0 - s);
  return {1.0 - s, s, slope * z, -slope * curve.steepness};
}

/// Degrees of freedom of a variance to which the curves make these contributions.
double freedom_of(const std::vector<double>& shares) {
  double sum = 0.0;
  double squares = 0.0;
  for (const double share : shares) {
    sum += share;
    squares += share * share;
  }
  return squares > 0.0 ? sum * sum / squares - 1.0 : 0.0;
}

/// The degrees of freedom of the jackknife. If all curves have networks at all x, their contributions are
/// equal, and the number is that of curves minus one. Otherwise the linearized fit gives the contribution of
/// each curve to log x*: as independent noise of its networks, and as a shift of the whole curve; the result
/// is the smaller number of the two.
double jackknife_freedom(std::span<const AxisPoint> points, const Sigmoid& curve,
                         const std::vector<std::size_t>& curves) {
  Matrix4d information = Matrix4d::Zero();
  for (const AxisPoint& point : points) {
    const Vector4d j = sigmoid_derivatives(curve, point.x);
    information += static_cast<double>(point.y.size()) * j * j.transpose();
  }
  // A sharp step hardly determines its steepness: a small multiple of the identity keeps the matrix
  // invertible.
  information += 1e-9 * information.trace() * Matrix4d::Identity();
  const Vector4d row = information.ldlt().solve(Vector4d::Unit(3));
  std::vector<double> noise(curves.size());
  std::vector<double> shift(curves.size());
  for (const AxisPoint& point : points) {
    const Vector4d j = sigmoid_derivatives(curve, point.x);
    const double influence = row.dot(j);
    for (std::size_t i = 0; i < point.y.size(); ++i) {
      const auto place =
          static_cast<std::size_t>(std::ranges::lower_bound(curves, curve_of(point, i)) - curves.begin());
      noise[place] += influence * influence;
      shift[place] += influence * j[3];
    }
  }
  for (double& share : shift) share = share * share;
  return std::min(freedom_of(noise), freedom_of(shift));
}

/// The pseudo-values of log x*; none if a fit without one of the curves has no middle on the axis.
std::optional<CurveValues> pseudo_values(std::span<const AxisPoint> points, const FittedTransition& fitted,
                                         const std::vector<std::size_t>& curves) {
  CurveValues pseudo{curves, {}};
  const double all = std::log(fitted.fit.curve->middle);
  const auto count = static_cast<double>(curves.size());
  for (const std::size_t curve : curves) {
    const auto others = part_of(points, curve, false);
    if (others.size() < fewest_transition_points) return std::nullopt;
    const auto found = refit(others, fitted.curve);
    if (!found) return std::nullopt;
    pseudo.values.push_back(count * all - (count - 1.0) * found->log_middle());
  }
  pseudo.center = all;
  pseudo.freedom = std::min(count - 1.0, jackknife_freedom(points, *fitted.fit.curve, curves));
  return pseudo;
}

/// Widens the interval to include the middle and its step.
Interval with_middle_and_step(Interval interval, const TransitionFit& fit) {
  interval.low = std::min(interval.low, fit.curve->middle);
  interval.high = std::max(interval.high, fit.curve->middle);
  if (fit.step) {
    interval.low = std::min(interval.low, fit.step->low);
    interval.high = std::max(interval.high, fit.step->high);
  }
  return interval;
}

void add_standard(std::span<const AxisPoint> points, FittedTransition& fitted, double confidence) {
  TransitionFit& fit = fitted.fit;
  const auto curves = curves_of(points);
  if (curves.size() < 2) {
    fit.interval_reason = "no interval: all networks are of one seed";
    return;
  }
  fit.by_curve = own_middles(points, fitted, curves);
  if (!fit.by_curve) fit.by_curve = pseudo_values(points, fitted, curves);
  if (!fit.by_curve) {
    fit.interval_reason = "no interval: without the networks of one seed there is no transition on the axis";
    return;
  }
  if (fit.by_curve->freedom < 1.0) {
    fit.by_curve.reset();
    fit.interval_reason = "no interval: x_star rests on the networks of one seed";
    return;
  }
  const double half = student_half_width(fit.by_curve->values, confidence, fit.by_curve->freedom).value();
  fit.middle_interval = with_middle_and_step(
      {std::exp(fit.by_curve->center - half), std::exp(fit.by_curve->center + half)}, fit);
}

void add_bootstrap(std::span<const AxisPoint> points, FittedTransition& fitted,
                   const IntervalSettings& settings) {
  TransitionFit& fit = fitted.fit;
  Resampler resampler(settings.seed);
  std::vector<AxisPoint> sample(points.begin(), points.end());
  std::vector<double> found;
  for (std::uint32_t i = 0; i < settings.resamples; ++i) {
    for (std::size_t k = 0; k < points.size(); ++k) resampler.draw(points[k].y, sample[k].y);
    const auto again = refit(sample, fitted.curve);
    fit.replicates.push_back(again ? std::exp(again->log_middle()) : no_middle);
    if (again) found.push_back(fit.replicates.back());
  }
  fit.failed = fit.replicates.size() - found.size();
  if (static_cast<double>(fit.failed) > most_failures * static_cast<double>(fit.replicates.size())) {
    fit.interval_reason = fmt::format("no interval: {} of {} resamples have no transition on the axis",
                                      fit.failed, fit.replicates.size());
    return;
  }
  const Interval interval = percentile_interval(std::move(found), settings.confidence);
  if (!fit.step && (fit.curve->middle < interval.low || fit.curve->middle > interval.high))
    fit.interval_reason = "no interval: most resamples have their transition elsewhere";
  else
    fit.middle_interval = with_middle_and_step(interval, fit);
}

}  // namespace

TransitionFit fit_transition(std::span<const AxisPoint> points, const IntervalSettings& settings) {
  FittedTransition fitted = fit_once(points);
  if (!fitted.fit.curve) return fitted.fit;
  const bool several =
      std::any_of(points.begin(), points.end(), [](const auto& p) { return p.y.size() > 1; });
  if (!several)
    fitted.fit.interval_reason = "no interval: one network at each x";
  else if (settings.method == IntervalMethod::standard)
    add_standard(points, fitted, settings.confidence);
  else if (settings.resamples > 0)
    add_bootstrap(points, fitted, settings);
  return fitted.fit;
}

}  // namespace modsweep
