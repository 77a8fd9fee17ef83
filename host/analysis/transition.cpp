// The sigmoid of figure 6, and tests for data that a sigmoid fits but that have no transition.
#include "analysis/transition_fit.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "modsweep/error.h"

namespace modsweep {
namespace {

constexpr std::size_t fewest_values = 7;  // AICc of five parameters (with the spread) needs more than six
constexpr double saturated = 0.99;        // fraction of a steepness that counts as all of it

void check_points(std::span<const AxisPoint> points) {
  double before = 0.0;
  for (const AxisPoint& point : points) {
    if (!(point.x > before) || !std::isfinite(point.x))
      throw LogicError(fmt::format("fit_transition: x {} after {}", point.x, before));
    if (point.y.empty()) throw LogicError(fmt::format("fit_transition: no values at x {}", point.x));
    before = point.x;
  }
}

/// Akaike's criterion with the correction for small samples (Hurvich & Tsai 1989); `parameters` includes the
/// spread. Sums of squares below rounding are raised to it.
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

/// Prefix sums, for the mean level of any stretch of points.
class Stretches {
 public:
  explicit Stretches(std::span<const AxisPoint> points) {
    for (const AxisPoint& point : points) {
      Sums sums = sums_.back();
      for (const double y : point.y) {
        sums.count += 1.0;
        sums.y += y;
        sums.y2 += y * y;
      }
      sums_.push_back(sums);
    }
  }
  [[nodiscard]] double level(std::size_t begin, std::size_t end) const {
    return (sums_[end].y - sums_[begin].y) / (sums_[end].count - sums_[begin].count);
  }
  [[nodiscard]] double squares(std::size_t begin, std::size_t end) const {
    const double y = sums_[end].y - sums_[begin].y;
    return std::max(0.0, sums_[end].y2 - sums_[begin].y2 - y * y / (sums_[end].count - sums_[begin].count));
  }

 private:
  struct Sums {
    double count = 0.0, y = 0.0, y2 = 0.0;
  };
  std::vector<Sums> sums_ = std::vector<Sums>(1);
};

/// A stretch of the axis on which y leaves its former level, to which it then returns.
struct Bump {
  double first = 0.0, last = 0.0;  ///< x
  bool up = false;
};

/// The bump that describes y clearly better than a curve and a constant with these sums of squares. It has
/// three levels; the first and the last are on the same side of the middle one, and neither is twice as far
/// from it as the other.
std::optional<Bump> find_bump(std::span<const AxisPoint> points, double values, double squares,
                              double flat_squares) {
  // With the spread, a curve has five parameters and a constant has two. A bump has ten: the spread, three
  // levels, and the positions of both changes, each of which counts three times, because it is the best of
  // many.
  double best =
      std::min(squares * std::exp(-2.0 * 5.0 / values), flat_squares * std::exp(-2.0 * 8.0 / values));
  const Stretches stretches(points);
  std::optional<Bump> found;
  for (std::size_t begin = 1; begin + 1 < points.size(); ++begin)
    for (std::size_t end = begin + 1; end < points.size(); ++end) {
      const double between = stretches.level(begin, end);
      const double away = between - stretches.level(0, begin);
      const double back = between - stretches.level(end, points.size());
      const double all =
          stretches.squares(0, begin) + stretches.squares(begin, end) + stretches.squares(end, points.size());
      if (!(away / back > 0.5 && away / back < 2.0 && all < best)) continue;
      best = all;
      found = Bump{points[begin].x, points[end - 1].x, away > 0.0};
    }
  return found;
}

/// Why a fitted curve is not a transition; empty if it is one.
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
  if (const auto bump = find_bump(points, values, squares, flat_squares))
    return fmt::format("no transition: y {} at {:.4g} and comes back after {:.4g}, no second plateau",
                       bump->up ? "rises" : "falls", bump->first, bump->last);
  if (corrected_aic(squares, unit.v_scale, values, 5.0) >=
      corrected_aic(flat_squares, unit.v_scale, values, 2.0))
    return "no transition: a constant describes y as well (AICc)";
  const char* missing = missing_plateau(unit, curve);
  return missing == nullptr ? "" : missing;
}

/// The x of the axis on either side of the middle.
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

}  // namespace

FittedTransition fit_once(std::span<const AxisPoint> points) {
  check_points(points);
  FittedTransition fitted;
  TransitionFit& fit = fitted.fit;
  const std::size_t values = count_values(points);
  if (points.size() < fewest_transition_points || values < fewest_values) {
    fit.reason = fmt::format("too few data: {} values at {} different x, needs {} at {}", values,
                             points.size(), fewest_values, fewest_transition_points);
    return fitted;
  }
  const UnitPoints unit = unit_points(points);
  if (unit.v_scale == 0.0) {
    fit.reason = "no transition: y does not change with x";
    return fitted;
  }
  const auto best = minimize_anew(unit);
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
  if (curve.steepness * std::log(around.high / around.low) > saturated * way_10_90) fit.step = around;
  fitted.curve = best->curve;
  return fitted;
}

double Sigmoid::operator()(double x) const {
  return low + (high - low) * logistic(steepness * (std::log(x) - std::log(middle)));
}

TransitionFit fit_transition(std::span<const AxisPoint> points) {
  return fit_once(points).fit;
}

}  // namespace modsweep
