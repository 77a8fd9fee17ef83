// Where accuracy and modularity balance (figure 2).
#include "analysis/resampler.h"

#include <algorithm>
#include <cmath>

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

/// The top of the parabola through three points, the middle one the highest.
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

/// Where the advantage is largest. At an end of the axis: that end, and `inside` is false.
struct Peak {
  double x = 0.0;
  double advantage = 0.0;
  bool inside = false;
};

/// None where loss or gap are constant.
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
  const double u[3] = {std::log(points[best - 1].x), std::log(points[best].x), std::log(points[best + 1].x)};
  const double d[3] = {advantage[best - 1], advantage[best], advantage[best + 1]};
  const Top top = top_of(u, d);
  return Peak{std::exp(top.u), top.height, true};
}

std::optional<Interval> peak_interval(std::span<const TradeoffPoint> points,
                                      const BootstrapSettings& bootstrap) {
  const bool several =
      std::any_of(points.begin(), points.end(), [](const auto& p) { return p.loss.size() > 1; });
  if (!several || bootstrap.resamples == 0) return std::nullopt;
  Resampler resampler(bootstrap.seed);
  std::vector<TradeoffPoint> sample(points.begin(), points.end());
  std::vector<double> replicates;
  for (std::uint32_t i = 0; i < bootstrap.resamples; ++i) {
    for (std::size_t k = 0; k < points.size(); ++k)
      for (std::size_t j = 0; j < points[k].loss.size(); ++j) {
        const std::size_t network = resampler.index(points[k].loss.size());  // loss and gap stay together
        sample[k].loss[j] = points[k].loss[network];
        sample[k].gap[j] = points[k].gap[network];
      }
    if (const auto peak = peak_of(sample)) replicates.push_back(peak->x);
  }
  if (replicates.empty()) return std::nullopt;
  return percentile_interval(std::move(replicates), bootstrap.confidence);
}

}  // namespace

BalanceFit fit_balance(std::span<const TradeoffPoint> points, const BootstrapSettings& bootstrap) {
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
  fit.interval = peak_interval(points, bootstrap);
  return fit;
}

}  // namespace modsweep
