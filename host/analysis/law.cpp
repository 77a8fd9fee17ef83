// How transitions grow with n: exponentially, or as a power of it.
#include "analysis/resampler.h"

#include <algorithm>
#include <cmath>

#include <Eigen/Dense>
#include <fmt/format.h>

#include "modsweep/error.h"
#include "modsweep/fit.h"

namespace modsweep {
namespace {

using Eigen::Index;
using Eigen::VectorXd;

constexpr std::size_t fewest_transitions = 3;  // two lie on any line

VectorXd logarithms(std::span<const LawPoint> points, double LawPoint::*member) {
  VectorXd result(static_cast<Index>(points.size()));
  for (Index i = 0; i < result.size(); ++i) result[i] = std::log(points[static_cast<std::size_t>(i)].*member);
  return result;
}

Eigen::MatrixXd line_matrix(const VectorXd& abscissa) {
  Eigen::MatrixXd matrix(abscissa.size(), 2);
  matrix << VectorXd::Ones(abscissa.size()), abscissa;
  return matrix;
}

using LineSolver = Eigen::ColPivHouseholderQR<Eigen::MatrixXd>;

LineFit fit_line(const Eigen::MatrixXd& matrix, const LineSolver& solver, const VectorXd& y) {
  const VectorXd line = solver.solve(y);
  LineFit fit{line[0], line[1], (matrix * line - y).squaredNorm()};
  const auto m = static_cast<double>(y.size());
  const double rounding = m * std::pow(1e-14 * std::max(1.0, y.cwiseAbs().maxCoeff()), 2);
  fit.aic = m * std::log(std::max(fit.residual_sum, rounding) / m) + 2.0 * 3.0;
  return fit;
}

/// The logarithms of replicate `i` of every point; none if a point lacks it.
std::optional<VectorXd> replicate(std::span<const LawPoint> points, std::size_t i) {
  VectorXd y(static_cast<Index>(points.size()));
  for (Index k = 0; k < y.size(); ++k) {
    const double middle = points[static_cast<std::size_t>(k)].replicates[i];
    if (std::isnan(middle)) return std::nullopt;
    y[k] = std::log(middle);
  }
  return y;
}

/// The interval, unless it excludes the value itself.
std::optional<Interval> around(double value, const Interval& interval) {
  if (value < interval.low || value > interval.high) return std::nullopt;
  return interval;
}

void add_bootstrap_intervals(LineFit& fit, std::span<const LawPoint> points, const LineSolver& solver,
                             double confidence) {
  const std::size_t count = points.front().replicates.size();
  std::vector<double> a;
  std::vector<double> b;
  for (std::size_t i = 0; i < count; ++i) {
    const auto y = replicate(points, i);
    if (!y) continue;
    const VectorXd line = solver.solve(*y);
    a.push_back(line[0]);
    b.push_back(line[1]);
  }
  if (static_cast<double>(a.size()) < (1.0 - most_failures) * static_cast<double>(count)) return;
  fit.a_interval = around(fit.a, percentile_interval(std::move(a), confidence));
  fit.b_interval = around(fit.b, percentile_interval(std::move(b), confidence));
}

/// How far a parameter of the line, `weights` times the transitions, can move if each transition may lie
/// anywhere within its step.
Interval reach_of_steps(std::span<const LawPoint> points, const Eigen::RowVectorXd& weights) {
  Interval reach;
  for (Index k = 0; k < weights.size(); ++k) {
    const LawPoint& point = points[static_cast<std::size_t>(k)];
    if (!point.step) continue;
    const double down = weights[k] * std::log(point.step->low / point.middle);
    const double up = weights[k] * std::log(point.step->high / point.middle);
    reach.low += std::min({down, up, 0.0});
    reach.high += std::max({down, up, 0.0});
  }
  return reach;
}

/// Student's t over the lines through the values of each curve.
void add_standard_intervals(LineFit& fit, std::span<const LawPoint> points, const LineSolver& solver,
                            double confidence) {
  const auto transitions = static_cast<Index>(points.size());
  const Eigen::MatrixXd weights = solver.solve(Eigen::MatrixXd::Identity(transitions, transitions));
  VectorXd centers(transitions);
  double freedom = points.front().by_curve->freedom;
  for (Index k = 0; k < transitions; ++k) {
    const CurveValues& values = *points[static_cast<std::size_t>(k)].by_curve;
    centers[k] = values.center;
    freedom = std::min(freedom, values.freedom);
  }
  const VectorXd line = weights * centers;
  for (const Index parameter : {0, 1}) {
    std::vector<double> by_curve(points.front().by_curve->values.size(), 0.0);
    for (std::size_t curve = 0; curve < by_curve.size(); ++curve)
      for (Index k = 0; k < transitions; ++k)
        by_curve[curve] +=
            weights(parameter, k) * points[static_cast<std::size_t>(k)].by_curve->values[curve];
    const double half = student_half_width(by_curve, confidence, freedom).value();
    const Interval reach = reach_of_steps(points, weights.row(parameter));
    const double value = parameter == 0 ? fit.a : fit.b;
    (parameter == 0 ? fit.a_interval : fit.b_interval) =
        Interval{std::min(line[parameter] - half, value) + reach.low,
                 std::max(line[parameter] + half, value) + reach.high};
  }
}

/// Why no interval is possible; empty if one is.
std::string law_interval_objection(std::span<const LawPoint> points, IntervalMethod method) {
  const LawPoint& first = points.front();
  if (method == IntervalMethod::bootstrap) {
    const bool paired = !first.replicates.empty() && std::ranges::all_of(points, [&](const LawPoint& p) {
      return p.replicates.size() == first.replicates.size();
    });
    return paired ? "" : "no intervals: transitions without resamples";
  }
  if (!std::ranges::all_of(points, [](const LawPoint& p) { return p.by_curve.has_value(); }))
    return "no intervals: a transition has none";
  if (!std::ranges::all_of(points,
                           [&](const LawPoint& p) { return p.by_curve->curves == first.by_curve->curves; }))
    return "no intervals: the transitions are not of the same seeds";
  return {};
}

LineFit fit_law_line(std::span<const LawPoint> points, const VectorXd& abscissa,
                     const IntervalSettings& settings, bool with_intervals) {
  const Eigen::MatrixXd matrix = line_matrix(abscissa);
  const LineSolver solver(matrix);
  LineFit fit = fit_line(matrix, solver, logarithms(points, &LawPoint::middle));
  if (!with_intervals) return fit;
  if (settings.method == IntervalMethod::bootstrap)
    add_bootstrap_intervals(fit, points, solver, settings.confidence);
  else
    add_standard_intervals(fit, points, solver, settings.confidence);
  return fit;
}

void check_points(std::span<const LawPoint> points) {
  double before = 0.0;
  for (const LawPoint& point : points) {
    if (!(point.n > before && point.middle > 0.0))
      throw LogicError(fmt::format("fit_law: n {} after {}, transition {}", point.n, before, point.middle));
    before = point.n;
  }
}

}  // namespace

LawPoint law_point(double n, const TransitionFit& fit) {
  if (!fit.curve) throw LogicError(fmt::format("law_point: no transition at n {}: {}", n, fit.reason));
  return {n, fit.curve->middle, fit.replicates, fit.by_curve, fit.step};
}

LawFit fit_law(std::span<const LawPoint> points, const IntervalSettings& settings) {
  check_points(points);
  LawFit fit;
  if (points.size() < fewest_transitions) {
    fit.reason =
        fmt::format("too few transitions: at {} different n, needs {}", points.size(), fewest_transitions);
    return fit;
  }
  fit.interval_reason = law_interval_objection(points, settings.method);
  const bool with_intervals = fit.interval_reason.empty();
  VectorXd n(static_cast<Index>(points.size()));
  for (Index i = 0; i < n.size(); ++i) n[i] = points[static_cast<std::size_t>(i)].n;
  fit.exponential = fit_law_line(points, n, settings, with_intervals);
  fit.power = fit_law_line(points, n.array().log().matrix(), settings, with_intervals);
  if (with_intervals && !fit.exponential->b_interval)
    fit.interval_reason = "no intervals: most resamples lack a transition or have another line";
  return fit;
}

}  // namespace modsweep
