// The numbers of each kind of plot, held to the formulas that made the stores.
#include "figures/kinds.h"
#include "figures/layout.h"
#include "figures/made_store.h"
#include "figures/theme.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include <gmock/gmock.h>

#include "modsweep/fit.h"

namespace modsweep::figures {
namespace {

using test::MadeNetwork;
using test::MadeStore;
using testing::Contains;
using testing::HasSubstr;

using Value = std::function<double(const CellSettings&)>;

const std::vector<double> sizes = {10, 20, 40, 80, 160, 320, 640};
const std::vector<double> strengths = {0.01, 0.02, 0.04, 0.08, 0.16, 0.32};

CellSettings settings_of(double exponent, double strength, double samples, std::uint32_t seed) {
  CellSettings settings;
  settings.noise.exponent = exponent;
  settings.noise.strength = strength;
  settings.task.train_samples = static_cast<std::uint32_t>(samples);
  settings.training.seed = seed;
  return settings;
}

/// Values of all seeds, ascending.
std::vector<double> of_seeds(std::uint32_t seeds, const std::function<double(std::uint32_t)>& value) {
  std::vector<double> values;
  for (std::uint32_t seed = 0; seed < seeds; ++seed) values.push_back(value(seed));
  std::ranges::sort(values);
  return values;
}

double middle_of(const std::vector<double>& ascending) {
  const std::size_t half = ascending.size() / 2;
  return ascending.size() % 2 == 1 ? ascending[half] : (ascending[half - 1] + ascending[half]) / 2.0;
}

Figure made_figure(const MadeStore& made, const Request& request) {
  return make_figure({made.store, "made.db"}, request);
}

TEST(Numbers, OfLinesAreMediansWithTheirIntervals) {
  const MadeStore made = test::sizes_store();
  const Figure figure = made_figure(made, {.kind = "line"});
  for (std::size_t e = 0; e < 2; ++e)
    for (std::size_t i = 0; i < sizes.size(); ++i)
      for (const bool gap : {false, true}) {
        const auto values = of_seeds(6, [&](std::uint32_t seed) {
          const MadeNetwork network =
              test::sizes_network(settings_of(2.0 * static_cast<double>(e), 0.0, sizes[i], seed));
          return gap ? network.gap : network.loss;
        });
        const Point& point = figure.frames.at(gap ? 1 : 0).series.at(e).points.at(i);
        EXPECT_EQ(point.x, sizes[i]);
        EXPECT_NEAR(point.y, middle_of(values), 1e-15);
        // Of six values, the interval of 95 % is from the first to the last.
        EXPECT_NEAR(point.low, values.front(), 1e-15);
        EXPECT_NEAR(point.high, values.back(), 1e-15);
      }
}

TEST(Numbers, OfAHistoryAreThoseOfEachStep) {
  const MadeStore made = test::sizes_store();
  const Figure figure =
      made_figure(made, {.kind = "history", .y = {"test_loss"}, .hue = "task.train_samples"});
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    const auto values = of_seeds(6, [&](std::uint32_t seed) {
      return test::sizes_network(settings_of(2.0, 0.0, sizes[i], seed)).loss;
    });
    const auto& points = figure.frames.at(1).series.at(i).points;
    ASSERT_EQ(points.size(), 2U);
    EXPECT_EQ(points[0].x, 50.0);
    EXPECT_NEAR(points[0].y, 2.0 * middle_of(values), 1e-15) << "half way a network has twice its loss";
    EXPECT_EQ(points[1].x, 100.0);
    EXPECT_NEAR(points[1].y, middle_of(values), 1e-15);
    EXPECT_NEAR(points[1].high, values.back(), 1e-15);
  }
}

TEST(Numbers, OfAMapStandAtTheirSettings) {
  const MadeStore made = test::plane_store();
  const Figure figure = made_figure(made, {.kind = "map"});
  const Frame& frame = figure.frames.at(0);
  const bool strength_is_x = frame.x.label == "noise.strength";
  for (const MapCell& cell : frame.cells) {
    const auto within = [](double at, double low, double high) { return at > low && at < high; };
    std::size_t found = 0;
    for (const double strength : strengths)
      for (double samples = 10.0; samples <= 60.0; samples += 10.0) {
        if (!within(strength_is_x ? strength : samples, cell.x_low, cell.x_high)) continue;
        if (!within(strength_is_x ? samples : strength, cell.y_low, cell.y_high)) continue;
        ++found;
        if (samples == 30.0 && strength > 0.3)
          EXPECT_TRUE(std::isnan(cell.value)) << "it diverged";
        else
          EXPECT_NEAR(cell.value, 3.0 * strength, 1e-14);
      }
    EXPECT_EQ(found, 1U) << "every rectangle is around one pair of settings";
  }
}

TEST(Numbers, OfSpectraAreMediansOfTheLastStep) {
  const MadeStore made = test::balance_store();
  const Figure figure = made_figure(made, {.kind = "spectrum", .hue = "noise.strength"});
  for (std::size_t s = 0; s < strengths.size(); ++s) {
    const auto gaps = of_seeds(3, [&](std::uint32_t seed) {
      return test::balance_network(settings_of(0.0, strengths[s], 10, seed)).gap;
    });
    const auto& points = figure.frames.at(0).series.at(s).points;
    ASSERT_EQ(points.size(), 3U);
    EXPECT_EQ(points[0].y, 0.0);
    EXPECT_NEAR(points[1].y, 1.0 - middle_of(gaps), 1e-14);
    EXPECT_EQ(points[2].y, 1.0);
  }
}

/// The points that `fit transition` has of an exponent.
std::vector<AxisPoint> transition_points(double exponent) {
  std::vector<AxisPoint> points;
  for (const double n : sizes) {
    AxisPoint& point = points.emplace_back(AxisPoint{n, {}});
    for (std::uint32_t seed = 0; seed < 6; ++seed)
      point.y.push_back(test::sizes_network(settings_of(exponent, 0.0, n, seed)).gap);
  }
  return points;
}

TEST(Numbers, OfTransitionsAreThoseOfFits) {
  const MadeStore made = test::sizes_store();
  const Figure figure = made_figure(made, {.kind = "transition"});
  const std::vector<VerticalMark>& marks = figure.frames.at(0).marks;
  ASSERT_EQ(marks.size(), 2U);
  for (std::size_t e = 0; e < 2; ++e) {
    const TransitionFit fit =
        fit_transition(transition_points(2.0 * static_cast<double>(e)), IntervalSettings{});
    ASSERT_TRUE(fit.curve && fit.middle_interval);
    // The order of the networks is another: the last digits of a minimum differ.
    constexpr double last_digits = 1e-6;
    EXPECT_NEAR(marks[e].x / fit.curve->middle, 1.0, last_digits);
    EXPECT_NEAR(marks[e].low / fit.middle_interval->low, 1.0, last_digits);
    EXPECT_NEAR(marks[e].high / fit.middle_interval->high, 1.0, last_digits);
    const Series& curve = figure.frames[0].series.at(2 + e);
    ASSERT_EQ(curve.mark, Mark::smooth_line);
    for (const Point& point : curve.points) EXPECT_NEAR(point.y, (*fit.curve)(point.x), last_digits);
  }
}

TEST(Numbers, OfABalanceAreThoseOfItsFit) {
  const MadeStore made = test::balance_store();
  const Figure figure = made_figure(made, {.kind = "balance"});
  std::vector<TradeoffPoint> points;
  for (const double s : strengths) {
    TradeoffPoint& point = points.emplace_back(TradeoffPoint{s, {}, {}});
    for (std::uint32_t seed = 0; seed < 3; ++seed) {
      const MadeNetwork network = test::balance_network(settings_of(0.0, s, 10, seed));
      point.loss.push_back(network.loss);
      point.gap.push_back(network.gap);
    }
  }
  const BalanceFit fit = fit_balance(points, IntervalSettings{});
  ASSERT_TRUE(fit.x && fit.interval);
  const VerticalMark& mark = figure.frames.at(0).marks.at(0);
  EXPECT_NEAR(mark.x / *fit.x, 1.0, 1e-12);
  EXPECT_NEAR(mark.low / fit.interval->low, 1.0, 1e-12);
  EXPECT_NEAR(mark.high / fit.interval->high, 1.0, 1e-12);
}

TEST(Numbers, OfAMatrixAreTheWeightsInAnotherOrder) {
  const MadeStore made = test::balance_store();
  std::string cell;
  made.store.read_rows(Table::results, {"cell"}, [&](std::span<const std::string> row) {
    if (cell.empty()) cell = row[0].substr(1, row[0].size() - 2);
  });
  const Figure figure = made_figure(made, {.kind = "network", .cell = cell});
  const Store::StoredWeights stored = made.store.weights(cell);
  for (std::size_t layer = 0; layer < 2; ++layer) {
    std::vector<double> drawn = figure.frames.at(2 + layer).matrix->values;
    std::vector<double> weights = stored.weights.dense_weights(layer);
    for (double& weight : weights) weight = std::fabs(weight);
    std::ranges::sort(drawn);
    std::ranges::sort(weights);
    EXPECT_EQ(drawn, weights);
  }
}

TEST(Inset, HasTheLawOfTheTransitions) {
  const MadeStore made = test::law_store();
  const Figure figure = made_figure(made, {.kind = "transition"});
  ASSERT_EQ(figure.frames.size(), 2U);
  const Frame& law = figure.frames[1];
  EXPECT_TRUE(law.inset);
  EXPECT_EQ(law.x.label, "noise.exponent");
  ASSERT_EQ(law.series.size(), 4U) << "a line and three middles";
  for (std::size_t e = 0; e < 3; ++e) {
    const Point& middle = law.series[1 + e].points.at(0);
    EXPECT_EQ(middle.x, static_cast<double>(e + 1));
    EXPECT_EQ(middle.y, figure.frames[0].marks.at(e).x);
    EXPECT_NEAR(std::log(middle.y), std::log(8.0 * std::pow(2.0, e)), 0.05);
  }
  EXPECT_THAT(figure.notes, Contains(HasSubstr("exponential law")));
}

TEST(Inset, StandsWhereNothingIsDrawn) {
  const MadeStore made = test::law_store();
  const Figure figure = made_figure(made, {.kind = "transition"});
  const Layout layout = lay_out(figure, themes().front());
  const DrawnFrame& host = layout.frames.at(0);
  const Box& around = layout.frames.at(1).around;
  EXPECT_GE(around.left, host.box.left);
  EXPECT_LE(around.right, host.box.right);
  EXPECT_GE(around.bottom, host.box.bottom);
  EXPECT_LE(around.top, host.box.top);
  for (const Series& series : figure.frames[0].series)
    for (const Point& point : series.points) {
      const double x = host.box.left + (host.box.right - host.box.left) * std::log(point.x / host.x.low) /
                                           std::log(host.x.high / host.x.low);
      const double y = host.box.bottom +
                       (host.box.top - host.box.bottom) * (point.y - host.y.low) / (host.y.high - host.y.low);
      EXPECT_FALSE(x > around.left && x < around.right && y > around.bottom && y < around.top)
          << point.x << ", " << point.y;
    }
}

TEST(Inset, StandsBesideAFrameThatIsFull) {
  Figure figure;
  Frame& host = figure.frames.emplace_back();
  Series& dots = host.series.emplace_back();
  for (int x = 0; x <= 20; ++x)
    for (int y = 0; y <= 20; ++y) dots.points.push_back({static_cast<double>(x), static_cast<double>(y)});
  Frame inset;
  inset.inset = true;
  inset.series.push_back({.points = {{1.0, 1.0}, {2.0, 2.0}}});
  figure.frames.push_back(inset);
  const Layout layout = lay_out(figure, themes().front());
  EXPECT_GT(layout.frames.at(1).box.left, layout.frames.at(0).box.right);
}

}  // namespace
}  // namespace modsweep::figures
