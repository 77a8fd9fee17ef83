// How transitions grow: exponentially in n, or as a power of it.
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

/// The logarithms of replicate `i` of every point; none where a point lacks it.
std::optional<VectorXd> replicate(std::span<const LawPoint> points, std::size_t i) {
  VectorXd y(static_cast<Index>(points.size()));
  for (Index k = 0; k < y.size(); ++k) {
    const double middle = points[static_cast<std::size_t>(k)].replicates[i];
    if (std::isnan(middle)) return std::nullopt;
    y[k] = std::log(middle);
  }
  return y;
}

void add_intervals(LineFit& fit, std::span<const LawPoint> points, const LineSolver& solver,
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
  fit.a_interval = percentile_interval(std::move(a), confidence);
  fit.b_interval = percentile_interval(std::move(b), confidence);
}

LineFit fit_law_line(std::span<const LawPoint> points, const VectorXd& abscissa, double confidence) {
  const Eigen::MatrixXd matrix = line_matrix(abscissa);
  const LineSolver solver(matrix);
  LineFit fit = fit_line(matrix, solver, logarithms(points, &LawPoint::middle));
  if (!points.front().replicates.empty()) add_intervals(fit, points, solver, confidence);
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

/// Replicates pair up only where every point has as many.
std::vector<LawPoint> with_paired_replicates(std::span<const LawPoint> points) {
  std::vector<LawPoint> paired(points.begin(), points.end());
  const bool equal = std::ranges::all_of(
      points, [&](const LawPoint& p) { return p.replicates.size() == points.front().replicates.size(); });
  if (!equal)
    for (LawPoint& point : paired) point.replicates.clear();
  return paired;
}

}  // namespace

LawFit fit_law(std::span<const LawPoint> points, double confidence) {
  check_points(points);
  LawFit fit;
  if (points.size() < fewest_transitions) {
    fit.reason =
        fmt::format("too few transitions: at {} different n, needs {}", points.size(), fewest_transitions);
    return fit;
  }
  const std::vector<LawPoint> paired = with_paired_replicates(points);
  VectorXd n(static_cast<Index>(points.size()));
  for (Index i = 0; i < n.size(); ++i) n[i] = points[static_cast<std::size_t>(i)].n;
  fit.exponential = fit_law_line(paired, n, confidence);
  fit.power = fit_law_line(paired, n.array().log().matrix(), confidence);
  return fit;
}

}  // namespace modsweep
