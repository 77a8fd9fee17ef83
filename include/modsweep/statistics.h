// What a group of numbers says: location, spread, and how sure that is (bootstrap).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "modsweep/names.h"

namespace modsweep {

/// Where a group of numbers lies.
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

/// How a bootstrap is drawn. The same seed gives the same interval with every compiler and standard library.
struct BootstrapSettings {
  std::uint32_t resamples = 10'000;
  double confidence = 0.95;  ///< between 0 and 1
  std::uint64_t seed = 0;
};

/// The mean. Needs at least one value, as all of these do.
[[nodiscard]] double mean(std::span<const double> values);

/// The standard deviation of the population that `values` are a sample of (divided by n - 1); none for fewer
/// than two values.
[[nodiscard]] std::optional<double> standard_deviation(std::span<const double> values);

/// The middle value, or the mean of the two in the middle. Reorders `values`.
[[nodiscard]] double median(std::span<double> values);

/// The mean of what is left without the lowest and the highest quarter, floor(n / 4) values each (the paper's
/// "trimmed mean, 25 to 75 percentile"). Reorders `values`.
[[nodiscard]] double trimmed_mean(std::span<double> values);

/// One of the three above. Reorders `values`.
[[nodiscard]] double statistic_of(Statistic statistic, std::span<double> values);

/// What is reported of a group of at least one value.
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

/// Percentile bootstrap interval of a statistic (Efron & Tibshirani 1993, chapter 13): `values` are drawn
/// anew with replacement, `settings.resamples` times. None for fewer than two values: one says nothing about
/// spread.
[[nodiscard]] std::optional<Interval> bootstrap_interval(std::span<const double> values, Statistic statistic,
                                                         const BootstrapSettings& settings);

}  // namespace modsweep
