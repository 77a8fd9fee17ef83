// How often intervals contain the truth of made-up seeds, against their stated confidence.
// bench/interval_coverage.cpp does the same at length, also for seeds that are not normal. The sets are fixed
// by their seeds, so that a bound holds always or never.
#include "analysis/made_up_seeds.h"

#include <gtest/gtest.h>

namespace modsweep {
namespace {

constexpr std::array<std::size_t, 4> seed_counts = {3, 5, 10, 30};
constexpr std::array statistics = {Statistic::mean, Statistic::median, Statistic::trimmed_mean};

TEST(Coverage, OfNormalValuesIsAtMostTwoPointsBelowWhatIsSaid) {
  for (const double confidence : {0.9, 0.95, 0.99}) {
    const IntervalSettings settings{.confidence = confidence};
    for (const Statistic statistic : statistics)
      for (const std::size_t count : seed_counts) {
        const Coverage coverage = coverage_of(statistic, Spread::normal, count, 20'000, settings, count);
        if (coverage.without > 0) {
          EXPECT_EQ(coverage.without, coverage.sets);
          EXPECT_EQ(statistic, Statistic::median);
          EXPECT_LT(count, 6U);
          continue;
        }
        EXPECT_GE(coverage.share(), confidence - 0.02) << name_of(statistic) << " of " << count;
        // A median's interval ends at values, so its coverage may be higher than requested.
        EXPECT_LE(coverage.share(), statistic == Statistic::median ? 1.0 : confidence + 0.02)
            << name_of(statistic) << " of " << count;
      }
  }
}

TEST(Coverage, OfTheMedianHoldsForAnyDistribution) {
  for (const Spread spread : {Spread::skewed, Spread::two_peaks})
    for (const std::size_t count : {6U, 10U, 30U})
      EXPECT_GE(coverage_of(Statistic::median, spread, count, 10'000, {}, count).share(), 0.94) << count;
}

TEST(Coverage, OfABootstrapOfThreeIsWhatMadeItAnOption) {
  const IntervalSettings bootstrap{.resamples = 400, .method = IntervalMethod::bootstrap};
  EXPECT_LT(coverage_of(Statistic::mean, Spread::normal, 3, 1000, bootstrap, 1).share(), 0.85);
}

TEST(Coverage, OfSharesIsNeverBelowWhatIsSaid) {
  for (const std::size_t count : {3U, 10U, 40U})
    for (const double share : {0.05, 0.3, 0.5, 0.9}) {
      double covered = 0.0;  // exactly, by the binomial distribution
      for (std::size_t hits = 0; hits <= count; ++hits) {
        const auto n = static_cast<double>(count);
        const auto k = static_cast<double>(hits);
        const double probability =
            std::exp(std::lgamma(n + 1.0) - std::lgamma(k + 1.0) - std::lgamma(n - k + 1.0) +
                     k * std::log(share) + (n - k) * std::log(1.0 - share));
        if (holds(proportion_interval(hits, count, 0.95).value(), share)) covered += probability;
      }
      EXPECT_GE(covered, 0.95) << count << " of share " << share;
    }
}

/// Enough sets to distinguish 93 % from 88 %.
constexpr std::size_t fits = 300;

TEST(Coverage, OfTransitionsOfSeedsThatDiffer) {
  for (const std::size_t seeds : seed_counts)
    for (const double steepness : {2.0, 20.0}) {
      const MadeUpCurves curves{.seeds = seeds, .steepness = steepness};
      const Coverage coverage = coverage_of_transition(curves, seeds == 30 ? 100 : fits, {}, 1 + seeds);
      EXPECT_EQ(coverage.without, 0U) << seeds << ", steepness " << steepness;
      EXPECT_GE(coverage.share(), 0.93) << seeds << ", steepness " << steepness;
    }
}

TEST(Coverage, OfTransitionsOfNetworksThatDiffer) {
  for (const std::size_t seeds : {3U, 10U}) {
    const MadeUpCurves curves{.seeds = seeds, .deviation = 0.0, .steepness = 2.0, .noise = 0.1};
    EXPECT_GE(coverage_of_transition(curves, fits, {}, 3).share(), 0.93) << seeds;
  }
}

TEST(Coverage, OfLawsOfSeedsThatDiffer) {
  for (const std::size_t seeds : {3U, 5U, 10U}) {
    const MadeUpCurves curves{.seeds = seeds};
    for (const Coverage& coverage : coverage_of_law(curves, 100, {}, 20 + seeds)) {
      EXPECT_EQ(coverage.without, 0U) << seeds;
      EXPECT_GE(coverage.share(), 0.92) << seeds;
    }
  }
}

TEST(Coverage, OfBalancesOfSeedsThatDiffer) {
  for (const std::size_t seeds : seed_counts)
    for (const std::size_t points : {7U, 15U}) {
      const MadeUpCurves curves{.seeds = seeds, .points = points};
      const Coverage coverage = coverage_of_balance(curves, fits, {}, 5);
      EXPECT_EQ(coverage.without, 0U) << seeds;
      EXPECT_GE(coverage.share(), 0.93) << seeds << " at " << points;
    }
}

}  // namespace
}  // namespace modsweep
