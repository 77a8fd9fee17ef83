// The search for a transition, run with made-up networks whose transition is known.
#include "modsweep/refinement.h"

#include "analysis/normals.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "modsweep/error.h"

namespace modsweep {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::size_t seeds = 5;
const std::vector<double> coarse = {10, 32, 100, 316, 1000, 3162, 10000};

struct KnownCurve {
  double low, high, steepness, middle, noise;
};

double value_at(const KnownCurve& known, double x) {
  return known.low + (known.high - known.low) /
                         (1.0 + std::exp(-known.steepness * (std::log(x) - std::log(known.middle))));
}

/// The values of a row's networks; each row has its own noise, which does not depend on the order of
/// requests.
std::vector<double> measure(const KnownCurve& known, const RefinementRow& row) {
  Resampler bits(static_cast<std::uint64_t>(row.x * 4096.0) * 1000 + row.block);
  std::vector<double> values;
  for (std::size_t i = 0; i < seeds; ++i)
    values.push_back(value_at(known, row.x) + known.noise * normal(bits));
  return values;
}

/// Runs a search until it ends or has `most` rows; returns all requested rows.
std::vector<RefinementRow> play(Refinement& search,
                                const std::function<std::vector<double>(const RefinementRow&)>& networks,
                                std::size_t most = 200) {
  std::vector<RefinementRow> asked;
  while (search.state() == RefinementState::open && search.rows() < most) {
    std::vector<std::vector<double>> values;
    for (const RefinementRow& row : search.next()) {
      asked.push_back(row);
      values.push_back(networks(row));
    }
    search.take(values);
  }
  return asked;
}

RefinementSettings to_width(double width) {
  return {.width = width, .whole_numbers = true, .interval = {.resamples = 200}};
}

class KnownTransition : public testing::TestWithParam<KnownCurve> {};

TEST_P(KnownTransition, IsFoundToTheWidthAskedForAtAFractionOfTheGrid) {
  const KnownCurve& known = GetParam();
  Refinement search(coarse, to_width(0.15));
  play(search, [&](const RefinementRow& row) { return measure(known, row); });
  ASSERT_EQ(search.state(), RefinementState::converged) << search.reason();
  EXPECT_LE(search.width().value(), 0.15);
  // Twice as far as the interval goes to either side, in the mean.
  EXPECT_NEAR(std::log(search.fit().curve->middle), std::log(known.middle), 0.15);
  EXPECT_GT(search.rows(), coarse.size());
  EXPECT_LT(search.rows(), search.grid_rows() / 2);
}

INSTANTIATE_TEST_SUITE_P(Curves, KnownTransition,
                         testing::Values(KnownCurve{0.1, 0.9, 2.0, 300.0, 0.1},
                                         KnownCurve{0.2, 0.8, 4.0, 55.0, 0.1},
                                         KnownCurve{0.9, 0.3, 3.0, 700.0, 0.05},
                                         KnownCurve{0.0, 1.0, 20.0, 137.0, 0.02}));

TEST(Refinement, FirstAsksForTheSweepItself) {
  const Refinement search({1.0, 2.0, 5.0}, to_width(0.1));
  EXPECT_THAT(search.next(),
              ElementsAre(RefinementRow{1.0, 0}, RefinementRow{2.0, 0}, RefinementRow{5.0, 0}));
  EXPECT_EQ(search.state(), RefinementState::open);
}

TEST(Refinement, HalvesAStep) {
  Refinement search(coarse, to_width(0.02));
  const auto asked = play(
      search, [](const RefinementRow& row) { return std::vector<double>(seeds, row.x < 137.0 ? 0.2 : 0.8); });
  EXPECT_EQ(search.state(), RefinementState::converged);
  EXPECT_LT(search.fit().middle_interval->low, 137.0);
  EXPECT_GE(search.fit().middle_interval->high, 137.0);
  // Each x is the middle, in log x and rounded, of the two x nearest to 137.
  std::vector<double> added;
  for (std::size_t i = coarse.size(); i < asked.size(); ++i) added.push_back(asked[i].x);
  EXPECT_THAT(added, ElementsAre(178, 133, 154, 143, 138, 135, 136));
}

TEST(Refinement, SaysWhereThereIsNoNumberInBetween) {
  Refinement search({1, 2, 3, 4, 5, 6}, to_width(0.02));
  play(search, [](const RefinementRow& row) { return std::vector<double>(seeds, row.x < 3.5 ? 0.2 : 0.8); });
  EXPECT_EQ(search.state(), RefinementState::failed);
  EXPECT_THAT(search.reason(), HasSubstr("between 3 and 4"));
  // The same, but any number is allowed for x: the search continues.
  RefinementSettings any = to_width(0.02);
  any.whole_numbers = false;
  Refinement finer({1, 2, 3, 4, 5, 6}, any);
  play(finer, [](const RefinementRow& row) { return std::vector<double>(seeds, row.x < 3.5 ? 0.2 : 0.8); });
  EXPECT_EQ(finer.state(), RefinementState::converged);
}

TEST(Refinement, SaysWhyThereIsNoTransition) {
  Refinement search(coarse, to_width(0.1));
  play(search, [](const RefinementRow& row) { return measure({0.5, 0.5, 1.0, 100.0, 0.1}, row); });
  EXPECT_EQ(search.state(), RefinementState::failed);
  EXPECT_THAT(search.reason(), HasSubstr("no transition"));
  EXPECT_EQ(search.rows(), coarse.size());

  Refinement nothing(coarse, to_width(0.1));
  play(nothing, [](const RefinementRow&) { return std::vector<double>{}; });
  EXPECT_EQ(nothing.state(), RefinementState::failed);
  EXPECT_THAT(nothing.reason(), HasSubstr("too few data: 0 values"));
}

TEST(Refinement, ANarrowerSearchGoesTheSameWay) {
  const KnownCurve known{0.1, 0.9, 2.0, 300.0, 0.15};
  const auto networks = [&](const RefinementRow& row) { return measure(known, row); };
  Refinement wide(coarse, to_width(0.3));
  Refinement narrow(coarse, to_width(0.12));
  const auto few = play(wide, networks);
  const auto many = play(narrow, networks);
  ASSERT_LT(few.size(), many.size());
  EXPECT_TRUE(std::equal(few.begin(), few.end(), many.begin()));
}

TEST(Refinement, TakesWhatABudgetLetThrough) {
  const KnownCurve known{0.1, 0.9, 2.0, 300.0, 0.3};
  Refinement search(coarse, to_width(0.01));
  const auto round = [&](std::size_t most) {
    std::vector<std::vector<double>> values;
    for (const RefinementRow& row : search.next())
      if (values.size() < most) values.push_back(measure(known, row));
    search.take(values);
    return values.size();
  };
  round(100);
  ASSERT_EQ(search.rows(), 7U);
  EXPECT_EQ(round(1), 1U);
  EXPECT_EQ(search.rows(), 8U);
  EXPECT_EQ(round(100), 2U);  // a quarter of 8
  EXPECT_EQ(search.state(), RefinementState::open);
}

// ---- The choice of the next row against its definition: variances from full inverses, derivatives from
// differences.

using Matrix = std::array<std::array<double, 4>, 4>;

/// Entry (3, 3) of the inverse, by Gauss-Jordan elimination with pivots.
double inverse_corner(Matrix a) {
  std::array<double, 4> right = {0, 0, 0, 1};
  for (std::size_t k = 0; k < 4; ++k) {
    std::size_t pivot = k;
    for (std::size_t i = k; i < 4; ++i)
      if (std::abs(a[i][k]) > std::abs(a[pivot][k])) pivot = i;
    std::swap(a[k], a[pivot]);
    std::swap(right[k], right[pivot]);
    for (std::size_t i = 0; i < 4; ++i) {
      if (i == k) continue;
      const double factor = a[i][k] / a[k][k];
      for (std::size_t j = 0; j < 4; ++j) a[i][j] -= factor * a[k][j];
      right[i] -= factor * right[k];
    }
  }
  return right[3] / a[3][3];
}

std::array<double, 4> differences(const KnownCurve& known, double x) {
  constexpr double h = 1e-5;
  const auto with = [&](std::size_t parameter, double by) {
    KnownCurve moved = known;
    if (parameter == 0) moved.low += by;
    if (parameter == 1) moved.high += by;
    if (parameter == 2) moved.steepness *= std::exp(by);
    if (parameter == 3) moved.middle *= std::exp(by);
    return value_at(moved, x);
  };
  std::array<double, 4> j{};
  for (std::size_t p = 0; p < 4; ++p) j[p] = (with(p, h) - with(p, -h)) / (2.0 * h);
  return j;
}

double variance_of_log_middle(const KnownCurve& known, const std::vector<double>& x) {
  Matrix information{};
  for (const double at : x) {
    const auto j = differences(known, at);
    for (std::size_t a = 0; a < 4; ++a)
      for (std::size_t b = 0; b < 4; ++b) information[a][b] += static_cast<double>(seeds) * j[a] * j[b];
  }
  return inverse_corner(information);
}

TEST(Refinement, ARowGoesWhereItLowersTheVarianceMost) {
  for (const KnownCurve& known :
       {KnownCurve{0.1, 0.9, 2.0, 300.0, 0.0}, KnownCurve{0.9, 0.2, 1.2, 150.0, 0.0}}) {
    RefinementSettings settings = to_width(1e-6);
    settings.whole_numbers = false;
    Refinement search(coarse, settings);
    // A little noise, with other seeds at each x: without it the interval has no width and the search ends.
    double noise = 1e-4;
    play(
        search,
        [&](const RefinementRow& row) {
          const double y = value_at(known, row.x);
          noise = -noise;
          return std::vector<double>{y - noise, y, y, y, y + noise};
        },
        1);
    ASSERT_EQ(search.state(), RefinementState::open) << search.reason();

    std::vector<double> candidates = coarse;
    for (std::size_t i = 0; i + 1 < coarse.size(); ++i)
      candidates.push_back(std::sqrt(coarse[i]) * std::sqrt(coarse[i + 1]));
    const auto variance_with = [&](double x) {
      std::vector<double> all = coarse;
      all.push_back(x);
      return variance_of_log_middle(known, all);
    };
    const double best = *std::ranges::min_element(candidates, {}, variance_with);
    ASSERT_FALSE(search.next().empty());
    EXPECT_DOUBLE_EQ(search.next()[0].x, best);
    EXPECT_EQ(search.next()[0].block, std::ranges::count(coarse, best) > 0 ? 1U : 0U);
  }
}

TEST(Refinement, RefusesWhatMakesNoSense) {
  EXPECT_THROW(Refinement({2.0, 1.0}, to_width(0.1)), LogicError);
  EXPECT_THROW(Refinement({0.0, 1.0}, to_width(0.1)), LogicError);
  Refinement search({1.0, 2.0}, to_width(0.1));
  EXPECT_THROW(search.take(std::vector<std::vector<double>>(3)), LogicError);
}

}  // namespace
}  // namespace modsweep
