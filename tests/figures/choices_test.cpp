// What a plot shows of a store where little is asked for.
#include "figures/kinds.h"
#include "figures/made_store.h"

#include <cmath>

#include <gmock/gmock.h>

#include "modsweep/error.h"

namespace modsweep::figures {
namespace {

using test::axis_of;
using test::balance_store;
using test::MadeNetwork;
using test::MadeStore;
using test::seeds;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;

TEST(Choices, WithoutAKindTheAxesSuggestOne) {
  const auto suggested = [](const std::vector<modsweep::Axis>& axes, const Request& request,
                            bool is_running = false) {
    const MadeStore made(test::made_sweep(axes),
                         [&](const CellSettings&) { return MadeNetwork{.running = is_running}; });
    return std::string(suggested_kind({made.store, "made.db"}, request).name);
  };
  const auto strengths = axis_of("noise.strength", {"1", "2", "3", "4", "5", "6"});
  const auto sizes = axis_of("task.train_samples", {"1", "2", "3", "4", "5", "6"});
  const auto few = axis_of("noise.exponent", {"0", "2"});
  const auto words = axis_of("network.activation", {"\"tanh\"", "\"sigmoid\""});
  EXPECT_EQ(suggested({strengths, sizes}, {}), "map");
  EXPECT_EQ(suggested({strengths, sizes, few}, {}), "map") << "two maps";
  EXPECT_EQ(suggested({strengths, sizes, few, words}, {}), "line");
  EXPECT_EQ(suggested({strengths, few}, {}), "line");
  EXPECT_EQ(suggested({words}, {}), "line");
  EXPECT_EQ(suggested({seeds(2)}, {}), "history") << "nothing varies";
  EXPECT_EQ(suggested({seeds(1)}, {}), "line") << "two measured steps";
  EXPECT_EQ(suggested({strengths}, {}, true), "history") << "nothing is finished";
  EXPECT_EQ(suggested({strengths, sizes}, {.x = "noise.strength"}), "line");
  EXPECT_EQ(suggested({strengths, sizes}, {.hue = "noise.strength"}), "line");
  EXPECT_EQ(suggested({strengths, sizes}, {.fits = true}), "line");
  EXPECT_EQ(suggested({strengths, sizes}, {.x = "step"}), "history");
  EXPECT_EQ(suggested({strengths}, {.cell = "c"}), "network");
}

TEST(Choices, ZippedSettingsAreOneAxis) {
  const modsweep::Axis zipped{{"task.inputs", "network.hidden"}, {{"2", "[3]"}, {"3", "[4]"}, {"4", "[5]"}}};
  const MadeStore made(test::made_sweep({zipped, seeds(1)}),
                       [](const CellSettings&) { return MadeNetwork{}; });
  const Figure figure = make_figure({made.store, "made.db"}, {.kind = "line", .y = {"test_loss"}});
  EXPECT_EQ(figure.frames.size(), 1U);
  EXPECT_EQ(figure.frames[0].x.label, "task.inputs");
  EXPECT_EQ(figure.legend_title, "");
}

TEST(Choices, ZippedSettingsThatDoNotTellEachOtherAreOneAxis) {
  const modsweep::Axis zipped{{"noise.strength", "regularizer.l1"},
                              {{"0.1", "0.0"}, {"0.0", "0.001"}, {"0.0", "0.0"}}};
  const MadeStore made(test::made_sweep({zipped, seeds(2)}), [](const CellSettings& cell) {
    return MadeNetwork{.loss = 1.0 + cell.noise.strength + 100.0 * cell.regularizer.l1};
  });
  const Source source{made.store, "made.db"};
  const Figure figure = make_figure(source, {.kind = "line", .y = {"test_loss"}});
  ASSERT_EQ(figure.frames.size(), 1U);
  EXPECT_EQ(figure.frames[0].x.label, "noise.strength, regularizer.l1");
  std::vector<std::string> labels;
  for (const Tick& tick : figure.frames[0].x.ticks) labels.push_back(tick.label);
  EXPECT_THAT(labels, ElementsAre("strength 0, l1 0", "l1 0.001", "strength 0.1"));
  const auto& points = figure.frames[0].series.back().points;
  ASSERT_EQ(points.size(), 3U);
  EXPECT_DOUBLE_EQ(points[0].y, 1.0);
  EXPECT_DOUBLE_EQ(points[1].y, 1.1);
  EXPECT_DOUBLE_EQ(points[2].y, 1.1);
  EXPECT_EQ(make_figure(source, {.kind = "spectrum"}).frames[0].series.size(), 3U);
  const Figure weights = make_figure(source, {.kind = "network", .row = "noise.strength,regularizer.l1"});
  EXPECT_EQ(weights.frames.size(), 6U) << "two layers, three settings";
  EXPECT_EQ(weights.frames[2].y.label, "l1 0.001");
}

TEST(Choices, OfManyLinesSevenAreDrawnAndItIsSaid) {
  std::vector<std::string> values;
  for (int i = 0; i < 12; ++i) values.push_back(std::to_string(i));
  const MadeStore made(test::made_sweep({axis_of("noise.exponent", values),
                                         axis_of("noise.strength", {"0.1", "0.2"}), seeds(1)}),
                       [](const CellSettings&) { return MadeNetwork{}; });
  const Figure figure =
      make_figure({made.store, "made.db"}, {.kind = "line", .x = "noise.strength", .y = {"test_loss"}});
  std::vector<std::string> labels;
  for (const Series& series : figure.frames.at(0).series)
    if (!series.label.empty()) labels.push_back(series.label);
  EXPECT_THAT(labels, ElementsAre("0", "2", "4", "6", "7", "9", "11"));
  EXPECT_THAT(figure.notes, Contains("7 of 12 values of noise.exponent are drawn"));
}

TEST(Choices, FewSeedsAreSinglePoints) {
  const MadeStore made = balance_store();
  const Figure figure = make_figure({made.store, "made.db"}, {.kind = "line", .y = {"test_loss"}});
  ASSERT_EQ(figure.frames.at(0).series.size(), 2U);
  EXPECT_EQ(figure.frames[0].series[0].mark, Mark::dots);
  EXPECT_EQ(figure.frames[0].series[0].points.size(), 18U);
  EXPECT_THAT(figure.notes, Contains("small dots: single networks"));
}

TEST(Choices, CellsThatAreNotAskedForAreLeftOut) {
  const MadeStore made = balance_store();
  std::string cell;
  made.store.read_rows(Table::results, {"cell"}, [&](std::span<const std::string> row) {
    if (cell.empty()) cell = row[0].substr(1, row[0].size() - 2);
  });
  const Figure figure =
      make_figure({made.store, "made.db"}, {.kind = "line", .y = {"test_loss"}, .cells = {{cell}}});
  std::size_t points = 0;
  for (const Point& point : figure.frames.at(0).series.back().points) points += std::isnan(point.y) ? 0 : 1;
  EXPECT_EQ(points, 1U);
}

TEST(Choices, AWrongNameIsNamedWithTheNearest) {
  const MadeStore made = balance_store();
  const auto message = [&](const Request& request) {
    try {
      (void)make_figure({made.store, "made.db"}, request);
    } catch (const InputError& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  EXPECT_THAT(message({.kind = "lines"}), HasSubstr("did you mean line?"));
  EXPECT_THAT(message({.kind = "line", .y = {"test_los"}}), HasSubstr("did you mean test_loss?"));
  EXPECT_THAT(message({.kind = "line", .hue = "noise.strenth"}), HasSubstr("noise.strength"));
  EXPECT_THAT(message({.kind = "spectrum", .hue = "noise.strenth"}), HasSubstr("noise.strength"));
  EXPECT_THAT(message({.kind = "network", .row = "noise.strenth"}), HasSubstr("noise.strength"));
  EXPECT_THAT(message({.x = "noise.strength", .hue = "noise.strength"}), HasSubstr("asked for twice"));
  EXPECT_THAT(message({.kind = "balance", .y = {"test_loss"}}), HasSubstr("two columns"));
}

}  // namespace
}  // namespace modsweep::figures
