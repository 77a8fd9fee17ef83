// The point where accuracy and modularity balance (figure 2).
#include "analysis/resampler.h"

#include <algorithm>
#include <cmath>
#include <map>

#include <fmt/format.h>

#include "modsweep/error.h"
#include "modsweep/fit.h"

namespace modsweep {
namespace {

void check_points(std::span<const TradeoffPoint> points) {
  double before = 0.0;
  for (const TradeoffPoint& point : points) {
    if (!(point.x > before) || !std::isfinite(point.x))
      throw LogicError(fmt::format("fit_balance: x {} after {}", point.x, before));
    if (point.loss.empty() || point.loss.size() != point.gap.size())
      throw LogicError(
          fmt::format("fit_balance: {} losses and {} gaps", point.loss.size(), point.gap.size()));
    if (!point.curve.empty() && point.curve.size() != point.loss.size())
      throw LogicError(
          fmt::format("fit_balance: {} losses of {} curves", point.loss.size(), point.curve.size()));
    for (const double loss : point.loss)
      if (!(loss > 0.0)) throw LogicError(fmt::format("fit_balance: loss {} has no logarithm", loss));
    before = point.x;
  }
}

/// Scales to [0, 1]; false where all are the same.
bool scale_to_unit(std::vector<double>& values) {
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  const double origin = *low;
  const double range = *high - *low;
  if (!(range > 0.0)) return false;
  for (double& value : values) value = (value - origin) / range;
  return true;
}

/// The vertex of the parabola through three points, of which the middle one is the highest.
struct Top {
  double u = 0.0;
  double height = 0.0;
};
Top top_of(const double (&u)[3], const double (&d)[3]) {
  const double left = (d[1] - d[0]) / (u[1] - u[0]);
  const double right = (d[2] - d[1]) / (u[2] - u[1]);
  const double curvature = (right - left) / (u[2] - u[0]);
  if (curvature == 0.0) return {u[1], d[1]};  // all three are equally high
  const double at = 0.5 * (u[0] + u[1]) - left / (2.0 * curvature);
  return {at, d[0] + left * (at - u[0]) + curvature * (at - u[0]) * (at - u[1])};
}

/// The point of largest advantage. At an end of the axis: that end, with `inside` false.
struct Peak {
  double x = 0.0;
  double advantage = 0.0;
  bool inside = false;
  /// Possible error of x in log x.
  double coarseness = 0.0;
};

/// The vertex of the parabola through the largest point and those `step` away on either side; none if the
/// axis ends before that.
std::optional<Top> top_around(std::span<const TradeoffPoint> points, const std::vector<double>& advantage,
                              std::size_t best, std::size_t step) {
  if (best < step || best + step >= points.size()) return std::nullopt;
  const double u[3] = {std::log(points[best - step].x), std::log(points[best].x),
                       std::log(points[best + step].x)};
  const double d[3] = {advantage[best - step], advantage[best], advantage[best + step]};
  return top_of(u, d);
}

/// Possible distance, in log x, of the true maximum from the parabola's vertex, because the axis has few
/// points: the distance to the vertex of the parabola through the second neighbors, limited to half of the
/// way to a neighbor. It is half of that way if there are no second neighbors, or if the lead falls by more
/// than half at a neighbor.
double coarseness_of(std::span<const TradeoffPoint> points, const std::vector<double>& advantage,
                     std::size_t best, const Top& top) {
  const double below = std::log(points[best].x / points[best - 1].x);
  const double above = std::log(points[best + 1].x / points[best].x);
  const double half_way = 0.5 * std::max(below, above);
  const double base = std::max(advantage.front(), advantage.back());
  const double lower = std::min(advantage[best - 1], advantage[best + 1]);
  const auto coarser = top_around(points, advantage, best, 2);
  if (!coarser || lower - base < 0.5 * (advantage[best] - base)) return half_way;
  return std::min(half_way, std::abs(coarser->u - top.u));
}

/// None if the loss or the gap is constant.
std::optional<Peak> peak_of(std::span<const TradeoffPoint> points) {
  std::vector<double> loss;
  std::vector<double> gap;
  for (const TradeoffPoint& point : points) {
    std::vector<double> losses = point.loss;
    for (double& value : losses) value = std::log(value);
    std::vector<double> gaps = point.gap;
    loss.push_back(median(losses));
    gap.push_back(median(gaps));
  }
  if (!scale_to_unit(loss) || !scale_to_unit(gap)) return std::nullopt;
  std::vector<double>& advantage = gap;
  for (std::size_t i = 0; i < points.size(); ++i) advantage[i] -= loss[i];
  const auto best =
      static_cast<std::size_t>(std::max_element(advantage.begin(), advantage.end()) - advantage.begin());
  if (best == 0 || best + 1 == points.size()) return Peak{points[best].x, advantage[best], false};
  const Top top = top_around(points, advantage, best, 1).value();
  return Peak{std::exp(top.u), top.height, true, coarseness_of(points, advantage, best, top)};
}

void add_bootstrap_interval(BalanceFit& fit, std::span<const TradeoffPoint> points,
                            const IntervalSettings& settings) {
  if (settings.resamples == 0) return;
  Resampler resampler(settings.seed);
  std::vector<TradeoffPoint> sample(points.begin(), points.end());
  std::vector<double> replicates;
  for (std::uint32_t i = 0; i < settings.resamples; ++i) {
    for (std::size_t k = 0; k < points.size(); ++k)
      for (std::size_t j = 0; j < points[k].loss.size(); ++j) {
        const std::size_t network = resampler.index(points[k].loss.size());  // for both loss and gap
        sample[k].loss[j] = points[k].loss[network];
        sample[k].gap[j] = points[k].gap[network];
      }
    if (const auto peak = peak_of(sample)) replicates.push_back(peak->x);
  }
  if (replicates.empty()) return;
  const Interval interval = percentile_interval(std::move(replicates), settings.confidence);
  if (*fit.x < interval.low || *fit.x > interval.high)
    fit.interval_reason = "no interval: most resamples have their balance elsewhere";
  else
    fit.interval = interval;
}

/// The networks of each curve separately.
std::map<std::size_t, std::vector<TradeoffPoint>> by_curve(std::span<const TradeoffPoint> points) {
  std::map<std::size_t, std::vector<TradeoffPoint>> curves;
  for (const TradeoffPoint& point : points)
    for (std::size_t i = 0; i < point.loss.size(); ++i) {
      auto& curve = curves[point.curve.empty() ? i : point.curve[i]];
      if (curve.empty() || curve.back().x < point.x) curve.push_back({point.x, {}, {}});
      curve.back().loss.push_back(point.loss[i]);
      curve.back().gap.push_back(point.gap[i]);
    }
  return curves;
}

void add_standard_interval(BalanceFit& fit, std::span<const TradeoffPoint> points, double confidence) {
  std::vector<double> own;  // log x
  std::size_t without = 0;
  double coarseness = 0.0;
  for (const auto& [curve, its_points] : by_curve(points)) {
    const auto peak = its_points.size() < 3 ? std::nullopt : peak_of(its_points);
    if (!peak || !peak->inside) {
      ++without;
      continue;
    }
    own.push_back(std::log(peak->x));
    coarseness += peak->coarseness;
  }
  if (without > 0) {
    fit.interval_reason = fmt::format("no interval: {} of {} seeds have no balance of their own on the axis",
                                      without, without + own.size());
    return;
  }
  const auto half = student_half_width(own, confidence);
  if (!half) {
    fit.interval_reason = "no interval: all networks are of one seed";
    return;
  }
  coarseness /= static_cast<double>(own.size());
  std::sort(own.begin(), own.end());  // the result must not depend on the order of the curves
  fit.interval = Interval{std::min(std::exp(mean(own) - *half - coarseness), *fit.x),
                          std::max(std::exp(mean(own) + *half + coarseness), *fit.x)};
}

}  // namespace

BalanceFit fit_balance(std::span<const TradeoffPoint> points, const IntervalSettings& settings) {
  check_points(points);
  BalanceFit fit;
  if (points.size() < 3) {
    fit.reason = fmt::format("too few data: {} different x, needs 3", points.size());
    return fit;
  }
  const auto peak = peak_of(points);
  if (!peak) {
    fit.reason = "no balance: loss or gap does not change with x";
    return fit;
  }
  if (!peak->inside) {
    fit.reason = fmt::format(
        "no balance on this axis: the gap's lead over the loss is largest at its end, {}", peak->x);
    return fit;
  }
  fit.x = peak->x;
  fit.advantage = peak->advantage;
  const bool several =
      std::any_of(points.begin(), points.end(), [](const auto& p) { return p.loss.size() > 1; });
  if (!several)
    fit.interval_reason = "no interval: one network at each x";
  else if (settings.method == IntervalMethod::standard)
    add_standard_interval(fit, points, settings.confidence);
  else
    add_bootstrap_interval(fit, points, settings);
  return fit;
}

}  // namespace modsweep
