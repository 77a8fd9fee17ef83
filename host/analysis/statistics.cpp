#include "modsweep/statistics.h"

#include "analysis/resampler.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <fmt/format.h>

#include "modsweep/error.h"

namespace modsweep {
namespace {

void need_values(std::span<const double> values, const char* what) {
  if (values.empty()) throw LogicError(fmt::format("{}: of 0 values, needs 1", what));
}

/// Quantile by linear interpolation between order statistics, at position (n - 1) p counted from 0 (type 7,
/// the default of NumPy and R).
double sorted_quantile(const std::vector<double>& sorted, double p) {
  const double place = p * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  const double share = place - static_cast<double>(below);
  return sorted[below] + share * (sorted[above] - sorted[below]);
}

}  // namespace

double mean(std::span<const double> values) {
  need_values(values, "mean");
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

std::optional<double> standard_deviation(std::span<const double> values) {
  if (values.size() < 2) return std::nullopt;
  const double center = mean(values);
  double squares = 0.0;
  for (const double value : values) squares += (value - center) * (value - center);
  return std::sqrt(squares / static_cast<double>(values.size() - 1));
}

double median(std::span<double> values) {
  need_values(values, "median");
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  if (values.size() % 2 == 1) return *middle;
  return 0.5 * (*std::max_element(values.begin(), middle) + *middle);
}

double trimmed_mean(std::span<double> values) {
  need_values(values, "trimmed_mean");
  std::sort(values.begin(), values.end());
  const std::size_t cut = values.size() / 4;
  return mean(values.subspan(cut, values.size() - 2 * cut));
}

double statistic_of(Statistic statistic, std::span<double> values) {
  switch (statistic) {
    case Statistic::median:
      return median(values);
    case Statistic::mean:
      return mean(values);
    case Statistic::trimmed_mean:
      break;
  }
  return trimmed_mean(values);
}

Summary summarize(std::vector<double> values) {
  need_values(values, "summarize");
  Summary summary;
  summary.count = values.size();
  summary.mean = mean(values);
  summary.standard_deviation = standard_deviation(values);
  summary.trimmed_mean = trimmed_mean(values);  // sorts the values
  summary.min = values.front();
  summary.max = values.back();
  summary.median = median(values);
  return summary;
}

Interval percentile_interval(std::vector<double> replicates, double confidence) {
  need_values(replicates, "percentile_interval");
  if (!(confidence > 0.0 && confidence < 1.0))
    throw LogicError(fmt::format("percentile_interval: confidence {} is not between 0 and 1", confidence));
  std::sort(replicates.begin(), replicates.end());
  const double outside = 0.5 * (1.0 - confidence);
  return {sorted_quantile(replicates, outside), sorted_quantile(replicates, 1.0 - outside)};
}

std::optional<Interval> bootstrap_interval(std::span<const double> values, Statistic statistic,
                                           const IntervalSettings& settings) {
  if (values.size() < 2) return std::nullopt;
  Resampler resampler(settings.seed);
  std::vector<double> sample(values.size());
  std::vector<double> replicates(settings.resamples);
  for (double& replicate : replicates) {
    resampler.draw(values, sample);
    replicate = statistic_of(statistic, sample);
  }
  return percentile_interval(std::move(replicates), settings.confidence);
}

}  // namespace modsweep
