// Curves through made-up data whose answers are known.
#include "modsweep/fit.h"

#include "analysis/normals.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "modsweep/error.h"

namespace modsweep {
namespace {

using testing::HasSubstr;

/// `count` numbers from `first` to `last`, evenly spaced in their logarithms.
std::vector<double> log_axis(double first, double last, std::size_t count) {
  std::vector<double> axis;
  for (std::size_t i = 0; i < count; ++i)
    axis.push_back(first * std::pow(last / first, static_cast<double>(i) / static_cast<double>(count - 1)));
  return axis;
}

/// The curve as science writes it, not as the library does.
double sigmoid(double x, double low, double high, double steepness, double middle) {
  return low + (high - low) / (1.0 + std::exp(-steepness * (std::log(x) - std::log(middle))));
}

/// `seeds` noisy values of a curve at each x.
template <typename Curve>
std::vector<AxisPoint> noisy(const std::vector<double>& axis, std::size_t seeds, double noise,
                             std::uint64_t seed, Curve curve) {
  Resampler bits(seed);
  std::vector<AxisPoint> points;
  for (const double x : axis) {
    AxisPoint& point = points.emplace_back(AxisPoint{x, {}});
    for (std::size_t i = 0; i < seeds; ++i) point.y.push_back(curve(x) + noise * normal(bits));
  }
  return points;
}

IntervalSettings resamples(std::uint32_t count, std::uint64_t seed = 0) {
  return {count, 0.95, seed, IntervalMethod::bootstrap};
}
constexpr IntervalSettings standard{};

struct Known {
  double low, high, steepness, middle;
};

TEST(Transition, IsFoundExactlyInExactData) {
  for (const Known& known : {Known{0.1, 0.9, 2.0, 300.0}, Known{0.0, 1.0, 5.0, 90.0},
                             Known{0.95, 0.2, 3.0, 1000.0}, Known{-4.0, -1.0, 1.8, 250.0}}) {
    SCOPED_TRACE(known.middle);
    const auto points = noisy(log_axis(10.0, 10'000.0, 13), 1, 0.0, 1, [&](double x) {
      return sigmoid(x, known.low, known.high, known.steepness, known.middle);
    });
    const TransitionFit fit = fit_transition(points);
    ASSERT_TRUE(fit.curve) << fit.reason;
    EXPECT_NEAR(fit.curve->middle, known.middle, 1e-5 * known.middle);
    EXPECT_NEAR(fit.curve->low, known.low, 1e-5);
    EXPECT_NEAR(fit.curve->high, known.high, 1e-5);
    EXPECT_NEAR(fit.curve->steepness, known.steepness, 1e-4);
    EXPECT_LT(fit.rms, 1e-6);
    EXPECT_FALSE(fit.step);
    EXPECT_NEAR((*fit.curve)(known.middle), 0.5 * (known.low + known.high), 1e-5);
  }
}

TEST(Transition, DoesNotDependOnTheUnitsOfTheAxes) {
  const auto points = noisy(log_axis(10.0, 10'000.0, 9), 4, 0.03, 2,
                            [](double x) { return sigmoid(x, 0.1, 0.9, 2.5, 400.0); });
  auto scaled = points;
  for (AxisPoint& point : scaled) {
    point.x *= 1e-6;
    for (double& y : point.y) y = 1e5 * y - 3.0;
  }
  const TransitionFit fit = fit_transition(points, resamples(200));
  const TransitionFit other = fit_transition(scaled, resamples(200));
  ASSERT_TRUE(fit.curve && other.curve);
  EXPECT_NEAR(other.curve->middle, 1e-6 * fit.curve->middle, 1e-10 * fit.curve->middle);
  EXPECT_NEAR(other.middle_interval->low, 1e-6 * fit.middle_interval->low, 1e-9 * fit.middle_interval->low);
}

TEST(Transition, WeighsEveryNetworkTheSame) {
  // Repeating each value as often as another axis point has values must not change anything.
  auto points =
      noisy(log_axis(10.0, 1000.0, 7), 2, 0.05, 3, [](double x) { return sigmoid(x, 0.2, 0.8, 3.0, 100.0); });
  auto repeated = points;
  for (AxisPoint& point : repeated) {
    const std::vector<double> once = point.y;
    point.y.insert(point.y.end(), once.begin(), once.end());
  }
  const TransitionFit fit = fit_transition(points);
  const TransitionFit twice = fit_transition(repeated);
  ASSERT_TRUE(fit.curve && twice.curve);
  EXPECT_NEAR(fit.curve->middle, twice.curve->middle, 1e-6 * fit.curve->middle);
  // A point with more values has more weight: the curve passes closer to their mean.
  const double before = std::fabs((*fit.curve)(points[2].x) - mean(points[2].y));
  const std::vector<double> once = points[2].y;
  for (int i = 0; i < 50; ++i) points[2].y.insert(points[2].y.end(), once.begin(), once.end());
  EXPECT_LT(std::fabs((*fit_transition(points).curve)(points[2].x) - mean(once)), before);
}

TEST(Transition, FromNoisyDataIsNearTheTruthAndReproducible) {
  const auto points = noisy(log_axis(10.0, 10'000.0, 10), 6, 0.08, 4,
                            [](double x) { return sigmoid(x, 0.1, 0.9, 2.0, 300.0); });
  const TransitionFit fit = fit_transition(points, resamples(400));
  ASSERT_TRUE(fit.curve) << fit.reason;
  EXPECT_NEAR(std::log(fit.curve->middle), std::log(300.0), 0.15);
  ASSERT_TRUE(fit.middle_interval);
  EXPECT_LT(fit.middle_interval->low, fit.curve->middle);
  EXPECT_GT(fit.middle_interval->high, fit.curve->middle);
  const TransitionFit again = fit_transition(points, resamples(400));
  EXPECT_EQ(again.middle_interval->low, fit.middle_interval->low);
  EXPECT_EQ(again.middle_interval->high, fit.middle_interval->high);
  const TransitionFit other = fit_transition(points, resamples(400, 1));
  EXPECT_NE(other.middle_interval->low, fit.middle_interval->low);
  EXPECT_EQ(other.curve->middle, fit.curve->middle);
}

TEST(Transition, IntervalsCoverTheTruth) {
  // 6 values per point: resampling understates their spread by sqrt(5/6), which reduces the coverage below 95
  // %.
  constexpr int sets = 100;
  int covered = 0;
  for (int set = 0; set < sets; ++set) {
    const auto points = noisy(log_axis(10.0, 10'000.0, 8), 6, 0.1, static_cast<std::uint64_t>(100 + set),
                              [](double x) { return sigmoid(x, 0.1, 0.9, 2.0, 300.0); });
    const TransitionFit fit = fit_transition(points, resamples(150));
    ASSERT_TRUE(fit.middle_interval) << fit.reason;
    covered += fit.middle_interval->low <= 300.0 && 300.0 <= fit.middle_interval->high ? 1 : 0;
  }
  EXPECT_GE(covered, 82);
  EXPECT_LE(covered, 99);
}

TEST(Transition, SharperThanTheAxisIsSaidAndTheIntervalSpansTheStep) {
  const auto points =
      noisy({10, 20, 40, 80, 160, 320}, 5, 0.01, 5, [](double x) { return x < 50.0 ? 0.2 : 0.9; });
  const TransitionFit fit = fit_transition(points, resamples(200));
  ASSERT_TRUE(fit.curve) << fit.reason;
  ASSERT_TRUE(fit.step);
  EXPECT_EQ(fit.step->low, 40.0);
  EXPECT_EQ(fit.step->high, 80.0);
  EXPECT_NEAR(fit.curve->middle, std::sqrt(40.0 * 80.0), 2.0);
  ASSERT_TRUE(fit.middle_interval);
  EXPECT_LE(fit.middle_interval->low, 40.0);
  EXPECT_GE(fit.middle_interval->high, 80.0);
}

struct NoTransition {
  const char* reason;
  std::vector<AxisPoint> points;
};

TEST(Transition, IsNotMadeUp) {
  const auto axis = log_axis(10.0, 1000.0, 8);
  const std::vector<NoTransition> cases = {
      {"does not change", noisy(axis, 5, 0.0, 1, [](double) { return 0.25; })},
      {"a constant", noisy(axis, 5, 0.1, 60, [](double) { return 0.5; })},
      {"no plateau at large x",
       noisy(axis, 5, 0.01, 7, [](double x) { return sigmoid(x, 0.1, 0.9, 2.0, 1500.0); })},
      {"no plateau at small x",
       noisy(axis, 5, 0.01, 8, [](double x) { return sigmoid(x, 0.1, 0.9, 2.0, 8.0); })},
      {"too few data: 20 values at 4",
       noisy(log_axis(10, 1000, 4), 5, 0.01, 9, [](double x) { return sigmoid(x, 0.1, 0.9, 2.0, 100.0); })},
      {"too few data: 5 values at 5",
       noisy(log_axis(10, 1000, 5), 1, 0.01, 9, [](double x) { return sigmoid(x, 0.1, 0.9, 2.0, 100.0); })},
      {"too few data: 0 values", {}},
  };
  for (const NoTransition& data : cases) {
    const TransitionFit fit = fit_transition(data.points, resamples(100));
    EXPECT_THAT(fit.reason, HasSubstr(data.reason));
    EXPECT_FALSE(fit.curve) << data.reason;
    EXPECT_FALSE(fit.middle_interval);
  }
}

TEST(Transition, OfPureNoiseIsRarelySeen) {
  int seen = 0;
  for (std::uint64_t set = 0; set < 100; ++set)
    seen += fit_transition(noisy(log_axis(10, 1000, 8), 5, 0.1, 1000 + set, [](double) { return 0.5; })).curve
                ? 1
                : 0;
  EXPECT_LE(seen, 10);
}

TEST(Transition, ThatDoesNotConvergeIsSaid) {
  // No start converges with an infinite value.
  auto points =
      noisy(log_axis(10.0, 1000.0, 7), 1, 0.0, 1, [](double x) { return sigmoid(x, 0.1, 0.9, 3.0, 100.0); });
  points[3].y[0] = std::numeric_limits<double>::infinity();
  const TransitionFit fit = fit_transition(points);
  EXPECT_FALSE(fit.curve);
  EXPECT_THAT(fit.reason, HasSubstr("did not converge"));
}

TEST(Transition, WithOneNetworkAtEachPointHasNoInterval) {
  const TransitionFit fit = fit_transition(
      noisy(log_axis(10.0, 1000.0, 9), 1, 0.0, 1, [](double x) { return sigmoid(x, 0, 1, 3, 100); }),
      resamples(100));
  EXPECT_TRUE(fit.curve);
  EXPECT_FALSE(fit.middle_interval);
}

TEST(Transition, RefusesAnAxisOutOfOrder) {
  EXPECT_THROW((void)fit_transition(std::vector<AxisPoint>{{2, {1}}, {1, {1}}}), LogicError);
  EXPECT_THROW((void)fit_transition(std::vector<AxisPoint>{{0, {1}}, {1, {1}}}), LogicError);
  EXPECT_THROW((void)fit_transition(std::vector<AxisPoint>{{1, {}}, {2, {1}}}), LogicError);
}

// ---- Curves that rise and fall again.

double bump(double x, double center, double width) {
  return 0.2 + 0.6 * std::exp(-0.5 * std::pow((std::log(x) - std::log(center)) / width, 2));
}

TEST(Transition, IsNoneWhereYComesBack) {
  const auto axis = log_axis(1.0, 3000.0, 15);
  for (const double center : {55.0, 20.0, 250.0}) {
    SCOPED_TRACE(center);
    for (const double noise : {0.0, 0.03}) {
      const auto up =
          fit_transition(noisy(axis, 5, noise, 3, [&](double x) { return bump(x, center, 1.2); }), standard);
      EXPECT_FALSE(up.curve);
      EXPECT_FALSE(up.middle_interval);
      EXPECT_THAT(up.reason, testing::AllOf(HasSubstr("y rises at"), HasSubstr("comes back after")));
      const auto down = fit_transition(
          noisy(axis, 5, noise, 3, [&](double x) { return 1.0 - bump(x, center, 1.2); }), standard);
      EXPECT_FALSE(down.curve);
      EXPECT_THAT(down.reason, testing::StartsWith("no transition: "));
      if (center != 55.0) {  // in the middle of the axis a constant fits as well as a curve
        EXPECT_THAT(down.reason, HasSubstr("y falls at"));
      }
    }
  }
}

TEST(Transition, IsOneWhereYComesBackByAThird) {
  const auto axis = log_axis(1.0, 3000.0, 15);
  const auto points = noisy(axis, 5, 0.03, 3, [](double x) {
    return sigmoid(x, 0.2, 0.8, 5.0, 25.0) - sigmoid(x, 0.0, 0.2, 5.0, 300.0);
  });
  EXPECT_TRUE(fit_transition(points).curve);
}

TEST(Transition, AStepWithNoiseIsNoBump) {
  for (std::uint64_t set = 0; set < 30; ++set) {
    const auto points =
        noisy(log_axis(1.0, 3000.0, 15), 3, 0.02, 500 + set, [](double x) { return x < 60.0 ? 0.2 : 0.8; });
    const TransitionFit fit = fit_transition(points);
    EXPECT_TRUE(fit.curve) << fit.reason;
  }
}

// ---- Standard intervals.

/// Seeds whose curves are shifted by `shifts` in log x.
std::vector<AxisPoint> shifted(const std::vector<double>& axis, const std::vector<double>& shifts) {
  std::vector<AxisPoint> points;
  for (const double x : axis) {
    AxisPoint& point = points.emplace_back(AxisPoint{x, {}});
    for (const double shift : shifts) point.y.push_back(sigmoid(x, 0.1, 0.9, 2.0, 300.0 * std::exp(shift)));
  }
  return points;
}

TEST(StandardTransition, IsStudentsOverTheMiddlesOfSeeds) {
  // Mean 0.1, standard deviation 0.3, three seeds.
  const TransitionFit fit = fit_transition(shifted(log_axis(1.0, 100'000.0, 16), {-0.2, 0.1, 0.4}), standard);
  ASSERT_TRUE(fit.middle_interval) << fit.interval_reason;
  const double half = 4.3026527297 * 0.3 / std::sqrt(3.0);
  EXPECT_NEAR(std::log(fit.middle_interval->low / 300.0), 0.1 - half, 1e-4);
  EXPECT_NEAR(std::log(fit.middle_interval->high / 300.0), 0.1 + half, 1e-4);
  EXPECT_EQ(fit.by_curve->freedom, 2.0);
  EXPECT_TRUE(fit.replicates.empty());
}

TEST(StandardTransition, GoesByTheCurvesAndNotByTheOrderOfTheNetworks) {
  const auto axis = log_axis(1.0, 100'000.0, 16);
  const auto points = shifted(axis, {-0.2, 0.1, 0.4});
  auto turned = points;
  for (std::size_t i = 0; i < turned.size(); ++i) {
    const std::size_t by = i % 3;
    turned[i].curve = {7, 8, 9};
    std::rotate(turned[i].y.begin(), turned[i].y.begin() + static_cast<std::ptrdiff_t>(by),
                turned[i].y.end());
    std::rotate(turned[i].curve.begin(), turned[i].curve.begin() + static_cast<std::ptrdiff_t>(by),
                turned[i].curve.end());
  }
  const TransitionFit a = fit_transition(points, standard);
  const TransitionFit b = fit_transition(turned, standard);
  EXPECT_NEAR(a.middle_interval->low, b.middle_interval->low, 1e-6 * a.middle_interval->low);
  EXPECT_EQ(b.by_curve->curves, (std::vector<std::size_t>{7, 8, 9}));
  auto wrong = points;
  wrong[0].curve = {1};
  EXPECT_THROW((void)fit_transition(wrong, standard), LogicError);
}

TEST(StandardTransition, IsMadeWithoutEachSeedWhereSeedsHaveNoTransitionOfTheirOwn) {
  // Two more networks at two x near the middle, from seeds that are at no other x.
  auto points = noisy(log_axis(10.0, 10'000.0, 10), 5, 0.05, 4,
                      [](double x) { return sigmoid(x, 0.1, 0.9, 2.0, 300.0); });
  for (const std::size_t at : {4U, 5U})
    for (const std::size_t seed : {5U, 6U}) {
      points[at].y.push_back(points[at].y[0] + 0.01 * static_cast<double>(seed));
    }
  const TransitionFit fit = fit_transition(points, standard);
  ASSERT_TRUE(fit.middle_interval) << fit.interval_reason;
  EXPECT_EQ(fit.by_curve->values.size(), 7U);
  EXPECT_GE(fit.by_curve->freedom, 1.0);
  EXPECT_LT(fit.by_curve->freedom, 6.0);
  EXPECT_LT(fit.middle_interval->low, fit.curve->middle);
  EXPECT_GT(fit.middle_interval->high, fit.curve->middle);
}

TEST(StandardTransition, OfOneSeedHasNone) {
  auto points = shifted(log_axis(1.0, 100'000.0, 16), {0.0, 0.1});
  for (AxisPoint& point : points) point.curve = {3, 3};
  EXPECT_EQ(fit_transition(points, standard).interval_reason, "no interval: all networks are of one seed");
  EXPECT_EQ(fit_transition(shifted(log_axis(1.0, 100'000.0, 16), {0.0}), standard).interval_reason,
            "no interval: one network at each x");
}

TEST(StandardLaw, IsStudentsOverTheLinesOfSeeds) {
  // Seeds that deviate by 0.2 n from the law, in both directions: b varies by 0.2, a does not vary.
  std::vector<LawPoint> points;
  for (const double n : {2.0, 3.0, 4.0}) {
    const double middle = 1.5 + 0.8 * n;
    points.push_back(
        {.n = n,
         .middle = std::exp(middle),
         .by_curve = CurveValues{{0, 1, 2}, {middle - 0.2 * n, middle, middle + 0.2 * n}, middle, 2}});
  }
  LawFit fit = fit_law(points, standard);
  ASSERT_TRUE(fit.exponential->b_interval) << fit.interval_reason;
  const double half = 4.3026527297 * 0.2 / std::sqrt(3.0);
  EXPECT_NEAR(fit.exponential->b_interval->low, 0.8 - half, 1e-9);
  EXPECT_NEAR(fit.exponential->b_interval->high, 0.8 + half, 1e-9);
  EXPECT_NEAR(fit.exponential->a_interval->high - fit.exponential->a_interval->low, 0.0, 1e-9);
  // A step has an uncertain position: the line may turn as far as its ends can move, b = (y_4 - y_2) / 2.
  points[2].step = Interval{points[2].middle * std::exp(-0.3), points[2].middle * std::exp(0.1)};
  fit = fit_law(points, standard);
  EXPECT_NEAR(fit.exponential->b_interval->low, 0.8 - half - 0.15, 1e-9);
  EXPECT_NEAR(fit.exponential->b_interval->high, 0.8 + half + 0.05, 1e-9);
  // Different seeds at one n cannot be paired.
  points[1].by_curve->curves = {0, 1, 5};
  fit = fit_law(points, standard);
  EXPECT_FALSE(fit.exponential->b_interval);
  EXPECT_EQ(fit.interval_reason, "no intervals: the transitions are not of the same seeds");
  points[1].by_curve.reset();
  EXPECT_EQ(fit_law(points, standard).interval_reason, "no intervals: a transition has none");
}

std::vector<LawPoint> law_points(std::initializer_list<double> ns, double noise, std::uint64_t seed,
                                 double (*law)(double)) {
  Resampler bits(seed);
  std::vector<LawPoint> points;
  for (const double n : ns) {
    LawPoint& point = points.emplace_back(LawPoint{n, std::exp(std::log(law(n)) + noise * normal(bits))});
    for (int i = 0; i < 500; ++i) point.replicates.push_back(point.middle * std::exp(noise * normal(bits)));
  }
  return points;
}

double exponential(double n) {
  return std::exp(1.5 + 0.8 * n);
}
double power(double n) {
  return std::exp(2.0 + 3.0 * std::log(n));
}

TEST(Law, IsFoundExactlyInExactData) {
  const LawFit of_exponential = fit_law(law_points({2, 3, 4, 5, 6}, 0.0, 1, exponential), resamples(500));
  ASSERT_TRUE(of_exponential.exponential && of_exponential.power);
  EXPECT_NEAR(of_exponential.exponential->a, 1.5, 1e-12);
  EXPECT_NEAR(of_exponential.exponential->b, 0.8, 1e-12);
  EXPECT_LT(of_exponential.exponential->residual_sum, 1e-20);
  EXPECT_NEAR(of_exponential.exponential->b_interval->low, 0.8, 1e-10);
  EXPECT_LT(of_exponential.exponential->aic, of_exponential.power->aic);
  const LawFit of_power = fit_law(law_points({2, 3, 4, 5, 6}, 0.0, 1, power), resamples(500));
  EXPECT_NEAR(of_power.power->a, 2.0, 1e-12);
  EXPECT_NEAR(of_power.power->b, 3.0, 1e-12);
  EXPECT_LT(of_power.power->aic, of_power.exponential->aic);
  EXPECT_TRUE(std::isfinite(of_power.power->aic));
}

TEST(Law, NumbersAgreeWithTheFormulasOfARegression) {
  const auto points = law_points({2, 3, 5, 8}, 0.2, 3, exponential);
  double sn = 0, sy = 0, snn = 0, sny = 0;
  for (const LawPoint& p : points) {
    const double y = std::log(p.middle);
    sn += p.n, sy += y, snn += p.n * p.n, sny += p.n * y;
  }
  const double b = (4 * sny - sn * sy) / (4 * snn - sn * sn);
  const double a = (sy - b * sn) / 4;
  double squares = 0;
  for (const LawPoint& p : points) squares += std::pow(std::log(p.middle) - a - b * p.n, 2);
  const LawFit fit = fit_law(points, resamples(500));
  EXPECT_NEAR(fit.exponential->a, a, 1e-11);
  EXPECT_NEAR(fit.exponential->b, b, 1e-11);
  EXPECT_NEAR(fit.exponential->residual_sum, squares, 1e-11);
  EXPECT_NEAR(fit.exponential->aic, 4 * std::log(squares / 4) + 6, 1e-9);
}

TEST(Law, IsToldApartByAicUnderNoise) {
  int right = 0;
  for (std::uint64_t set = 0; set < 50; ++set) {
    const LawFit e = fit_law(law_points({2, 3, 4, 6, 8, 10}, 0.1, set, exponential), resamples(500));
    const LawFit p = fit_law(law_points({2, 3, 4, 6, 8, 10}, 0.1, set, power), resamples(500));
    right += (e.exponential->aic < e.power->aic ? 1 : 0) + (p.power->aic < p.exponential->aic ? 1 : 0);
  }
  EXPECT_GE(right, 95);
}

TEST(Law, IntervalsHaveTheWidthOfTheReplicates) {
  // Replicates with standard deviation 0.1 in log x*: that of b is 0.1 / sqrt(sum (n - mean)^2).
  const LawFit fit = fit_law(law_points({2, 3, 4, 5, 6}, 0.1, 5, exponential), resamples(500));
  const double expected = 2 * 1.96 * 0.1 / std::sqrt(10.0);
  const Interval b = *fit.exponential->b_interval;
  EXPECT_NEAR(b.high - b.low, expected, 0.15 * expected);
  EXPECT_LT(b.low, fit.exponential->b);
  EXPECT_GT(b.high, fit.exponential->b);
}

TEST(Law, WithoutEnoughIsNotMadeUp) {
  EXPECT_THAT(fit_law(law_points({2, 3}, 0.0, 1, exponential), resamples(500)).reason, HasSubstr("too few"));
  auto points = law_points({2, 3, 4}, 0.1, 1, exponential);
  for (int i = 0; i < 50; ++i) points[1].replicates[static_cast<std::size_t>(i)] = std::nan("");
  EXPECT_TRUE(fit_law(points, resamples(500)).exponential);
  EXPECT_FALSE(fit_law(points, resamples(500)).exponential->b_interval)
      << "a tenth of the resamples is missing";
  points[1].replicates.clear();
  EXPECT_FALSE(fit_law(points, resamples(500)).power->a_interval);
  EXPECT_THROW((void)fit_law(law_points({3, 2, 4}, 0.0, 1, exponential), resamples(500)), LogicError);
}

/// A loss of exp(u^2 ...) and a gap whose lead over it is largest at a known position.
std::vector<TradeoffPoint> tradeoff(const std::vector<double>& axis, std::size_t seeds, double noise,
                                    std::uint64_t seed) {
  // With u = 0 .. 1 along the axis: log loss u^2, gap u; their difference u - u^2 is largest at u = 1/2.
  Resampler bits(seed);
  std::vector<TradeoffPoint> points;
  const double first = std::log(axis.front());
  const double range = std::log(axis.back()) - first;
  for (const double x : axis) {
    const double u = (std::log(x) - first) / range;
    TradeoffPoint& point = points.emplace_back(TradeoffPoint{x, {}, {}});
    for (std::size_t i = 0; i < seeds; ++i) {
      point.loss.push_back(1e-4 * std::exp(5.0 * u * u + noise * normal(bits)));
      point.gap.push_back(0.3 + 0.6 * u + noise * normal(bits));
    }
  }
  return points;
}

TEST(Balance, OfAKnownTradeoffIsExact) {
  // u - u^2 is a parabola: the interpolated top is the true one even between the points of a coarse axis.
  for (const std::size_t count : {4U, 5U, 20U}) {
    const BalanceFit fit = fit_balance(tradeoff(log_axis(1e-3, 1.0, count), 3, 0.0, 1), resamples(100));
    ASSERT_TRUE(fit.x) << fit.reason;
    EXPECT_NEAR(std::log10(*fit.x), -1.5, 1e-9) << count;
    EXPECT_NEAR(fit.advantage, 0.25, 1e-9);
  }
}

TEST(Balance, OfThePapersNumbersIsNearATenth) {
  // science.md section 7: medians of figure 2 from an independent implementation.
  const double sigma[] = {.003, .01, .03, .1, .3, 1};
  const double loss[] = {1.4e-4, 1.7e-4, 1.9e-4, 5.2e-4, 1.5e-3, 4.5e-2};
  const double gap[] = {.51, .44, .71, .83, .93, .76};
  std::vector<TradeoffPoint> points;
  for (int i = 0; i < 6; ++i) points.push_back({sigma[i], {loss[i]}, {gap[i]}});
  const BalanceFit fit = fit_balance(points, resamples(100));
  ASSERT_TRUE(fit.x) << fit.reason;
  EXPECT_GT(*fit.x, 0.08);
  EXPECT_LT(*fit.x, 0.25);
  EXPECT_FALSE(fit.interval) << "one network at each strength";
}

TEST(Balance, IntervalsAreReproducibleAndCoverTheTruth) {
  int covered = 0;
  for (std::uint64_t set = 0; set < 100; ++set) {
    const auto points = tradeoff(log_axis(1e-3, 1.0, 9), 10, 0.02, set);
    const BalanceFit fit = fit_balance(points, resamples(200));
    ASSERT_TRUE(fit.x && fit.interval) << fit.reason;
    EXPECT_EQ(fit.interval->low, fit_balance(points, resamples(200)).interval->low);
    const double truth = std::pow(10.0, -1.5);
    covered += fit.interval->low <= truth && truth <= fit.interval->high ? 1 : 0;
  }
  EXPECT_GE(covered, 85);
}

TEST(Balance, IsNotMadeUp) {
  auto points = tradeoff(log_axis(1e-3, 1.0, 5), 2, 0.0, 1);
  EXPECT_THAT(fit_balance(std::span(points).first(2), resamples(100)).reason, HasSubstr("too few"));
  auto flat = points;
  for (auto& point : flat) point.gap.assign(2, 0.5);
  EXPECT_THAT(fit_balance(flat, resamples(100)).reason, HasSubstr("does not change"));
  auto losing = points;  // the loss leads everywhere, so the gap's lead is largest where both are 0
  for (auto& point : losing) std::swap(point.loss, point.gap);
  for (auto& point : losing)
    for (double& loss : point.loss) loss = std::exp(loss);
  for (auto& point : losing)
    for (double& gap : point.gap) gap = std::log(gap);
  EXPECT_THAT(fit_balance(losing, resamples(100)).reason, HasSubstr("at its end"));
  points[1].loss[0] = 0.0;
  EXPECT_THROW((void)fit_balance(points, resamples(100)), LogicError);
}

TEST(StandardBalance, IsStudentsOverTheBalancesOfSeeds) {
  // The gap rises at a third of x*, the loss at three times x*; three seeds with x* 0.3 apart in log x.
  std::vector<TradeoffPoint> points;
  for (const double x : log_axis(1.0, 3000.0, 60)) {
    TradeoffPoint& point = points.emplace_back(TradeoffPoint{x, {}, {}});
    for (const double shift : {-0.3, 0.0, 0.3}) {
      const double middle = 50.0 * std::exp(shift);
      point.gap.push_back(sigmoid(x, 0.2, 0.8, 2.0, middle / 3.0));
      point.loss.push_back(1e-4 * std::exp(sigmoid(x, 0.0, 5.0, 2.0, middle * 3.0)));
    }
  }
  const BalanceFit fit = fit_balance(points, standard);
  ASSERT_TRUE(fit.x && fit.interval) << fit.interval_reason;
  const double half = 4.3026527297 * 0.3 / std::sqrt(3.0);
  EXPECT_NEAR(std::log(*fit.x / 50.0), 0.0, 0.02);
  EXPECT_NEAR(std::log(fit.interval->high / 50.0), half, 0.03);
  EXPECT_NEAR(std::log(fit.interval->low / 50.0), -half, 0.03);
}

TEST(StandardBalance, SaysWhichSeedsHaveNone) {
  auto points = tradeoff(log_axis(1e-3, 1.0, 9), 5, 0.0, 1);
  for (TradeoffPoint& point : points) point.gap[4] = 1.0;
  const BalanceFit fit = fit_balance(points, standard);
  EXPECT_TRUE(fit.x);
  EXPECT_FALSE(fit.interval);
  EXPECT_EQ(fit.interval_reason, "no interval: 1 of 5 seeds have no balance of their own on the axis");
}

TEST(Bootstrap, WhoseResamplesLieElsewhereHasNoInterval) {
  // Three networks at each x: drawing one of them twice moves the balance.
  std::size_t without = 0;
  for (std::uint64_t set = 0; set < 200; ++set) {
    const BalanceFit fit = fit_balance(tradeoff(log_axis(1e-3, 1.0, 9), 3, 0.4, set), resamples(100, set));
    if (!fit.x) continue;
    if (fit.interval) {
      EXPECT_LE(fit.interval->low, *fit.x);
      EXPECT_GE(fit.interval->high, *fit.x);
      EXPECT_EQ(fit.interval_reason, "");
    } else {
      EXPECT_EQ(fit.interval_reason, "no interval: most resamples have their balance elsewhere");
      ++without;
    }
  }
  EXPECT_GT(without, 0U);
}

}  // namespace
}  // namespace modsweep
