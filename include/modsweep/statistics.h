// Statistics of a group of numbers: location, spread, and confidence intervals.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "modsweep/names.h"

namespace modsweep {

/// Measures of location.
enum class Statistic : std::uint8_t { median, mean, trimmed_mean };

template <>
struct EnumNames<Statistic> {
  static constexpr std::array<std::pair<Statistic, std::string_view>, 3> table = {{
      {Statistic::median, "median"},
      {Statistic::mean, "mean"},
      {Statistic::trimmed_mean, "trimmed"},
  }};
};

struct Interval {
  double low = 0.0;
  double high = 0.0;
};

/// How an interval is computed.
enum class IntervalMethod : std::uint8_t {
  standard,  ///< has its stated coverage on normal values, however few; none where that is impossible
  bootstrap  ///< percentiles of resamples: too narrow for two to ten values
};

template <>
struct EnumNames<IntervalMethod> {
  static constexpr std::array<std::pair<IntervalMethod, std::string_view>, 2> table = {{
      {IntervalMethod::standard, "standard"},
      {IntervalMethod::bootstrap, "bootstrap"},
  }};
};

/// Settings of intervals. The same seed gives the same bootstrap with every compiler and standard library.
struct IntervalSettings {
  std::uint32_t resamples = 10'000;  ///< of the bootstrap
  double confidence = 0.95;          ///< between 0 and 1
  std::uint64_t seed = 0;            ///< of the bootstrap
  IntervalMethod method = IntervalMethod::standard;
};

/// The mean. Needs at least one value, as do all statistics below.
[[nodiscard]] double mean(std::span<const double> values);

/// The standard deviation of the population that `values` are a sample of (divided by n - 1); none for fewer
/// than two values.
[[nodiscard]] std::optional<double> standard_deviation(std::span<const double> values);

/// The middle value, or the mean of the two in the middle. Reorders `values`.
[[nodiscard]] double median(std::span<double> values);

/// The mean of the values without the lowest and the highest quarter, floor(n / 4) values each (the paper's
/// "trimmed mean, 25 to 75 percentile"). Reorders `values`.
[[nodiscard]] double trimmed_mean(std::span<double> values);

/// One of the three above. Reorders `values`.
[[nodiscard]] double statistic_of(Statistic statistic, std::span<double> values);

/// Summary of a group of at least one value.
struct Summary {
  std::size_t count = 0;
  double mean = 0.0;
  std::optional<double> standard_deviation;
  double median = 0.0;
  double trimmed_mean = 0.0;
  double min = 0.0;
  double max = 0.0;
};
[[nodiscard]] Summary summarize(std::vector<double> values);

/// The interval between the two quantiles of `replicates` that leave (1 - confidence) / 2 on either side,
/// linear between order statistics. Throws LogicError for no replicates or a confidence outside (0, 1).
[[nodiscard]] Interval percentile_interval(std::vector<double> replicates, double confidence);

/// Percentile bootstrap interval of a statistic (Efron & Tibshirani 1993, chapter 13): `values` are resampled
/// with replacement, `settings.resamples` times. None for fewer than two values: a single one carries no
/// information about spread.
[[nodiscard]] std::optional<Interval> bootstrap_interval(std::span<const double> values, Statistic statistic,
                                                         const IntervalSettings& settings);

/// The half width of Student's interval of the mean of normal values. None for fewer than two values.
/// `freedom`: degrees of freedom; default: one less than the number of values. Does not depend on the order
/// of the values.
[[nodiscard]] std::optional<double> student_half_width(std::vector<double> values, double confidence,
                                                       std::optional<double> freedom = std::nullopt);

/// The exact interval of a proportion, from `hits` in `count` cases (Clopper & Pearson 1934); its coverage is
/// at least `confidence`. None for no cases.
[[nodiscard]] std::optional<Interval> proportion_interval(std::size_t hits, std::size_t count,
                                                          double confidence);

/// An interval of a statistic, or why there is none.
struct StatisticInterval {
  std::optional<Interval> interval;  ///< none: `reason` says why
  std::string_view made_by;          ///< "t", "order statistics", "trimmed t", "bootstrap"
  /// Its coverage: exact for the median of any continuous distribution, and for the mean and the trimmed mean
  /// of a normal one. None where it is unknown: for a bootstrap.
  std::optional<double> confidence;
  std::string reason;
};

/// Intervals of many groups, by one method; quantiles are computed once for each number of values.
///
/// The standard intervals are: for the mean, Student's t; for the median, the innermost pair of order
/// statistics with at least the requested coverage (David & Nagaraja 2003, section 7.1), which for 95 % takes
/// at least six values; for the trimmed mean, Student's t with the winsorized variance (Tukey & McLaughlin
/// 1963).
class IntervalMaker {
 public:
  explicit IntervalMaker(const IntervalSettings& settings) : settings_(settings) {}

  /// The interval of a statistic of `values`, in any order.
  [[nodiscard]] StatisticInterval of(std::vector<double> values, Statistic statistic);

 private:
  [[nodiscard]] StatisticInterval of_median(const std::vector<double>& sorted);
  [[nodiscard]] double quantile(std::size_t freedom);

  IntervalSettings settings_;
  std::map<std::size_t, double> quantiles_;   // Student's, by degrees of freedom
  std::map<std::size_t, std::size_t> ranks_;  // of the order statistics, by the number of values; 0: none
};

}  // namespace modsweep
