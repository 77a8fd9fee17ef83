// Figures 6 and 7: how many samples modules need, and what modules are good for.
#include "claims/claim.h"

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

#include "modsweep/fit.h"

namespace modsweep::claims {
namespace {

constexpr const char* samples = "task.train_samples";
constexpr const char* inputs = "task.inputs";

std::vector<AxisPoint> gaps_by_samples(const Judge& judge, double n) {
  std::vector<AxisPoint> points;
  for (const double count : judge.evidence().axis(samples)) {
    AxisPoint point{count, {}};
    for (const ResultCell* cell : judge.evidence().where({{inputs, n}, {samples, count}}))
      if (const double gap = cell->number("gap_live_layer1"); !std::isnan(gap)) {
        point.y.push_back(gap);
        point.curve.push_back(curve_of(*cell));
      }
    if (!point.y.empty()) points.push_back(std::move(point));
  }
  return points;
}

void note_line(Judge& judge, const char* name, const std::optional<LineFit>& line, std::size_t points) {
  if (line) judge.note({name, "law", line->b, line->b_interval, points});
}

/// Whether there is a transition with a known middle; unknown if there are too few networks.
Truth is_found(const TransitionFit& fit, const std::vector<AxisPoint>& axis) {
  const bool several = std::ranges::any_of(axis, [](const AxisPoint& point) { return point.y.size() > 1; });
  if (!several || fit.reason.starts_with("too few")) return std::nullopt;
  return fit.curve && fit.middle_interval;
}

void judge_transitions(Judge& judge) {
  std::vector<LawPoint> points;
  std::vector<Truth> found, rising;
  IntervalSettings settings = judge.intervals();
  for (const double n : judge.evidence().axis(inputs)) {
    const std::vector<AxisPoint> axis = gaps_by_samples(judge, n);
    const TransitionFit fit = fit_transition(axis, settings);
    settings.seed += 1'000'003;  // resamples of different n must be independent
    std::size_t networks = 0;
    for (const AxisPoint& point : axis) networks += point.y.size();
    judge.note({fmt::format("samples at the transition of gap_{:g}, n = {:g}{}", n, n,
                            fit.curve ? "" : " (" + fit.reason + ")"),
                "transition", fit.curve ? fit.curve->middle : none, fit.middle_interval, networks});
    if (n <= 5.0) found.push_back(is_found(fit, axis));
    if (!fit.curve) continue;
    if (!points.empty()) rising.emplace_back(points.back().middle < fit.curve->middle);
    points.push_back(law_point(n, fit));
  }
  const bool every_n = found.size() >= 4;  // n = 2 ... 5
  judge.check("gap_n has a transition, with an interval, at n = 2 to 5", every_n ? all(found) : std::nullopt);
  judge.check("it comes later for larger n", points.size() < 3 ? std::nullopt : all(rising));
  const LawFit law = fit_law(points, settings);
  note_line(judge, "b of log N* = a + b n", law.exponential, points.size());
  note_line(judge, "b of log N* = a + b log n", law.power, points.size());
  const bool sure = law.exponential && law.exponential->b_interval;
  judge.check("log N* grows with n: the interval of b is above 0",
              sure ? Truth(law.exponential->b_interval->low > 0.0) : std::nullopt);
  judge.check("exponential growth describes it better than a power of n (AIC)",
              law.exponential ? Truth(law.exponential->aic < law.power->aic) : std::nullopt,
              law.exponential ? law.exponential->aic - law.power->aic : none);
}

void judge_robustness(Judge& judge) {
  const std::vector<double> axis = judge.evidence().axis(samples);
  const double few = axis.front(), many = axis.back();
  const auto at = [&](const char* name, const char* column, double coefficient, double count) {
    return judge.median(
        fmt::format("{}, {}, {:g} samples", name, coefficient > 0.0 ? "weighted activity" : "l2 only", count),
        {{weighted_activity, coefficient}, {samples, count}}, column);
  };
  const double gap_few = at("gap_4 of layer 1", "gap_live_layer1", 1e-3, few);
  const double gap_many = at("gap_4 of layer 1", "gap_live_layer1", 1e-3, many);
  at("noisy test loss", "noisy_test_loss", 1e-3, few);
  at("noisy test loss", "noisy_test_loss", 0.0, few);
  const double loss_wa = at("noisy test loss", "noisy_test_loss", 1e-3, many);
  const double loss_l2 = at("noisy test loss", "noisy_test_loss", 0.0, many);
  const Truth grows = less(few, many) == Truth(true) ? less(gap_few, gap_many) : std::nullopt;
  judge.check(
      fmt::format("with samples, networks with weighted activity become modular: gap_4 rises, to above {}",
                  modular_gap),
      all({grows, less(modular_gap, gap_many)}));
  judge.check("with the most samples their noisy test loss is below that with l2 only",
              less(loss_wa, loss_l2), loss_wa / loss_l2);
}

}  // namespace

std::span<const Claim> sample_claims() {
  static constexpr std::array claims = {
      Claim{"6", "fig06",
            "The gap rises as a sigmoid with the logarithm of the number of samples; its middle N* grows "
            "exponentially with the number of inputs n.",
            judge_transitions},
      Claim{"7", "fig07",
            "With more samples, networks with weighted activity become modular and stand noise better than "
            "those with l2 only.",
            judge_robustness},
  };
  return claims;
}

}  // namespace modsweep::claims
