// Intervals with the stated coverage, for few values too.
#include "analysis/quantiles.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "modsweep/error.h"
#include "modsweep/statistics.h"

namespace modsweep {
namespace {

void check_confidence(double confidence) {
  if (!(confidence > 0.0 && confidence < 1.0))
    throw LogicError(fmt::format("an interval's confidence {} is not between 0 and 1", confidence));
}

/// The rank of the innermost order statistics with sufficient coverage; 0: none.
std::size_t innermost_rank(std::size_t count, double confidence) {
  std::size_t covers = 0;
  std::size_t fails = count / 2 + 1;
  while (fails - covers > 1) {
    const std::size_t rank = covers + (fails - covers) / 2;
    (order_confidence(count, rank) >= confidence ? covers : fails) = rank;
  }
  return covers;
}

/// The smallest number of values whose extremes cover the median with sufficient confidence.
std::size_t fewest_for_median(double confidence) {
  std::size_t count = 2;
  while (order_confidence(count, 1) < confidence) ++count;
  return count;
}

/// The standard error of the trimmed mean, from the winsorized values: those beyond the cut are moved to it.
double trimmed_error(const std::vector<double>& sorted, std::size_t cut) {
  std::vector<double> winsorized = sorted;
  const auto ends = static_cast<std::ptrdiff_t>(cut);
  std::fill(winsorized.begin(), winsorized.begin() + ends, sorted[cut]);
  std::fill(winsorized.end() - ends, winsorized.end(), sorted[sorted.size() - 1 - cut]);
  const double deviation = standard_deviation(winsorized).value();
  const auto count = static_cast<double>(sorted.size());
  const auto kept = static_cast<double>(sorted.size() - 2 * cut);
  return deviation * std::sqrt((count - 1.0) / (kept * (kept - 1.0)));
}

StatisticInterval around(double center, double half_width, const char* made_by, double confidence) {
  return {Interval{center - half_width, center + half_width}, made_by, confidence, {}};
}

}  // namespace

std::optional<double> student_half_width(std::vector<double> values, double confidence,
                                         std::optional<double> freedom) {
  check_confidence(confidence);
  std::sort(values.begin(), values.end());  // the result must not depend on their order
  const auto deviation = standard_deviation(values);
  if (!deviation) return std::nullopt;
  const auto count = static_cast<double>(values.size());
  return student_quantile(confidence, freedom.value_or(count - 1.0)) * *deviation / std::sqrt(count);
}

std::optional<Interval> proportion_interval(std::size_t hits, std::size_t count, double confidence) {
  check_confidence(confidence);
  if (hits > count) throw LogicError(fmt::format("proportion_interval: {} hits of {} cases", hits, count));
  if (count == 0) return std::nullopt;
  const double outside = 0.5 * (1.0 - confidence);
  const auto seen = static_cast<double>(hits);
  const auto others = static_cast<double>(count - hits);
  return Interval{hits == 0 ? 0.0 : beta_quantile(outside, seen, others + 1.0),
                  hits == count ? 1.0 : beta_quantile(1.0 - outside, seen + 1.0, others)};
}

double IntervalMaker::quantile(std::size_t freedom) {
  const auto [entry, added] = quantiles_.try_emplace(freedom, 0.0);
  if (added) entry->second = student_quantile(settings_.confidence, static_cast<double>(freedom));
  return entry->second;
}

StatisticInterval IntervalMaker::of_median(const std::vector<double>& sorted) {
  const auto [entry, added] = ranks_.try_emplace(sorted.size(), 0);
  if (added) entry->second = innermost_rank(sorted.size(), settings_.confidence);
  const std::size_t rank = entry->second;
  if (rank == 0)
    return {
        std::nullopt, "order statistics", std::nullopt,
        fmt::format("no {:g} % interval of the median of {} values: it takes {}",
                    100.0 * settings_.confidence, sorted.size(), fewest_for_median(settings_.confidence))};
  return {Interval{sorted[rank - 1], sorted[sorted.size() - rank]},
          "order statistics",
          order_confidence(sorted.size(), rank),
          {}};
}

StatisticInterval IntervalMaker::of(std::vector<double> values, Statistic statistic) {
  check_confidence(settings_.confidence);
  if (settings_.method == IntervalMethod::bootstrap) {
    auto interval = bootstrap_interval(values, statistic, settings_);
    return {interval, "bootstrap", std::nullopt,
            interval ? "" : fmt::format("no interval of {} values: it takes 2", values.size())};
  }
  std::sort(values.begin(), values.end());
  if (statistic == Statistic::median) return of_median(values);
  const bool trimmed = statistic == Statistic::trimmed_mean;
  const std::size_t cut = trimmed ? values.size() / 4 : 0;
  const char* made_by = trimmed ? "trimmed t" : "t";
  if (values.size() < 2)
    return {std::nullopt, made_by, std::nullopt,
            fmt::format("no interval of {} values: it takes 2", values.size())};
  return around(statistic_of(statistic, values),
                quantile(values.size() - 2 * cut - 1) * trimmed_error(values, cut), made_by,
                settings_.confidence);
}

}  // namespace modsweep
