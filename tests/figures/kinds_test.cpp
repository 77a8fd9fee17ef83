// Each kind of plot: its gnuplot text to the letter, and what gnuplot makes of it.
#include "figures/kinds.h"

#include "figures/draw.h"
#include "figures/gnuplot.h"
#include "figures/layout.h"
#include "figures/made_store.h"
#include "figures/pictures.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstdlib>
#include <regex>

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "modsweep/error.h"
#include "modsweep/fit.h"

namespace modsweep::figures {
namespace {

using test::axis_of;
using test::balance_store;
using test::MadeNetwork;
using test::MadeStore;
using test::plane_store;
using test::seeds;
using test::sizes_store;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;

std::string golden(const std::string& name) {
  return std::string(MODSWEEP_TEST_DATA) + "/figures/" + name + ".gp";
}

/// The text with five digits of each number: logarithms and fits differ in the last ones between processors.
std::string in_five_digits(const std::string& text) {
  static const std::regex number(R"(-?\d+(\.\d+)?(e[-+]?\d+)?)");
  std::string result;
  auto rest = text.cbegin();
  for (auto found = std::sregex_iterator(text.begin(), text.end(), number); found != std::sregex_iterator();
       ++found) {
    const char before = found->position() == 0 ? ' ' : text[static_cast<std::size_t>(found->position()) - 1];
    const bool of_a_name =
        std::isalnum(static_cast<unsigned char>(before)) != 0 || before == '#' || before == '_';
    result.append(rest, (*found)[0].first);
    result += of_a_name ? found->str() : fmt::format("{:.5g}", std::stod(found->str()));
    rest = (*found)[0].second;
  }
  return result.append(rest, text.cend());
}

/// Holds a figure's text to a stored one. MODSWEEP_WRITE_GOLDEN=1 writes it instead, to be read by its
/// author.
void expect_golden(const Figure& figure, const std::string& name) {
  const std::string text = in_five_digits(gnuplot_text(figure, Format::svg, themes().front()));
  if (std::getenv("MODSWEEP_WRITE_GOLDEN") != nullptr) test::write_bytes(golden(name), text);
  EXPECT_EQ(text, test::read_bytes(golden(name))) << name;
}

/// Draws in every format: gnuplot must be silent, and pictures whole.
void expect_drawn(const Figure& figure) {
  for (const Format format : {Format::svg, Format::png, Format::pdf, Format::text}) {
    const GnuplotOutput output = run_gnuplot(gnuplot_text(figure, format, find_theme("dark")));
    EXPECT_EQ(output.messages, "");
    EXPECT_FALSE(output.bytes.empty());
    if (format == Format::svg) {
      EXPECT_TRUE(test::is_well_formed(output.bytes));
    }
    if (format != Format::pdf) continue;
    EXPECT_EQ(test::count_of(output.bytes, "/Type /Page\n") + test::count_of(output.bytes, "/Type /Page "),
              1U);
    EXPECT_GT(test::count_of(output.bytes, "/FontFile"), 0U);
    EXPECT_EQ(test::count_of(output.bytes, "/Type /FontDescriptor"),
              test::count_of(output.bytes, "/FontFile"));
  }
}

TEST(Kinds, LineIsDrawn) {
  const MadeStore made = sizes_store();
  const Figure figure = make_figure({made.store, "made.db"}, {.kind = "line"});
  ASSERT_EQ(figure.frames.size(), 2U);
  EXPECT_TRUE(figure.frames[0].x.logarithmic) << "its steps are geometric";
  EXPECT_TRUE(figure.frames[0].y.logarithmic) << "losses that span a factor of 64";
  EXPECT_FALSE(figure.frames[1].y.logarithmic);
  EXPECT_EQ(figure.legend_title, "noise.exponent");
  expect_golden(figure, "line");
  expect_drawn(figure);
  const std::string svg = draw(figure, Format::svg);
  EXPECT_THAT(test::texts_of(svg), Contains("task.train_samples"));
  EXPECT_THAT(test::texts_of(svg), Contains("gap_live_layer1"));
  EXPECT_THAT(test::texts_of(svg), Contains("noise.exponent"));
  // Two bands in each of two frames, each a filled path; the legend has lines alone.
  EXPECT_EQ(test::count_of(svg, "fill-opacity = '0.20"), 4U) << svg;
}

TEST(Kinds, PointsOfALineAreMediansOfTheirGroups) {
  const MadeStore made = sizes_store();
  const Figure figure = make_figure({made.store, "made.db"}, {.kind = "line", .y = {"test_loss"}});
  const Point point = figure.frames.at(0).series.at(1).points.at(2);  // exponent 2, 40 samples
  EXPECT_EQ(point.x, 40.0);
  EXPECT_DOUBLE_EQ(point.y, (1.002 / 40.0 + 1.003 / 40.0) / 2.0);
  EXPECT_DOUBLE_EQ(point.low,
                   1.0 / 40.0);  // of six values, the interval of 95 % is from the first to the last
  EXPECT_DOUBLE_EQ(point.high, 1.005 / 40.0);
}

TEST(Kinds, SpreadsAreWhatTheyAreCalled) {
  const MadeStore made = sizes_store();
  const auto first = [&](Spread spread) {
    return make_figure({made.store, "made.db"},
                       {.kind = "line", .y = {"test_loss"}, .statistic = Statistic::mean, .spread = spread})
        .frames.at(0)
        .series.at(0)
        .points.at(0);
  };
  // 0.1 (1 + 0.001 s) for s = 0 .. 5: mean at 2.5, quartiles at 1.25 and 3.75, standard deviation sqrt(3.5)
  EXPECT_NEAR(first(Spread::quartiles).low, 0.1 * 1.00125, 1e-15);
  EXPECT_NEAR(first(Spread::quartiles).high, 0.1 * 1.00375, 1e-15);
  EXPECT_NEAR(first(Spread::standard_deviation).low, 0.1 * (1.0025 - 0.001 * std::sqrt(3.5)), 1e-15);
  EXPECT_NEAR(first(Spread::extremes).high, 0.1 * 1.005, 1e-15);
  EXPECT_TRUE(std::isnan(first(Spread::nothing).low));
}

TEST(Kinds, MapIsDrawn) {
  const MadeStore made = plane_store();
  const Figure figure = make_figure({made.store, "made.db"}, {});  // two long axes suggest it
  ASSERT_EQ(figure.frames.size(), 1U);
  ASSERT_EQ(figure.frames[0].cells.size(), 36U);
  EXPECT_EQ(figure.frames[0].color.label, "gap_live_layer1");
  EXPECT_EQ(std::ranges::count_if(figure.frames[0].cells,
                                  [](const MapCell& cell) { return std::isnan(cell.value); }),
            1);
  EXPECT_THAT(figure.notes, Contains("gray: no value"));
  EXPECT_THAT(figure.notes, Contains("left out: 1 diverged network"));
  expect_golden(figure, "map");
  expect_drawn(figure);
}

TEST(Kinds, ColorsOfGapsAreNotLogarithmic) {
  const MadeStore made(
      test::made_sweep({axis_of("noise.strength", {"1", "2"}), axis_of("noise.exponent", {"0", "1"})}),
      [](const CellSettings& cell) {
        return MadeNetwork{.loss = std::pow(0.01, cell.noise.strength),
                           .gap = std::pow(0.01, cell.noise.strength)};
      });
  const Source source{made.store, "made.db"};
  EXPECT_FALSE(make_figure(source, {.kind = "map"}).frames.at(0).color.logarithmic);
  EXPECT_TRUE(make_figure(source, {.kind = "map", .y = {"test_loss"}}).frames.at(0).color.logarithmic);
}

TEST(Kinds, HistoryIsDrawn) {
  const MadeStore made = sizes_store();
  const Figure figure = make_figure({made.store, "made.db"},
                                    {.kind = "history", .y = {"test_loss"}, .hue = "task.train_samples"});
  ASSERT_EQ(figure.frames.size(), 2U) << "exponents side by side";
  EXPECT_EQ(figure.frames[0].x.label, "step");
  ASSERT_EQ(figure.frames[0].series.size(), 7U);
  EXPECT_EQ(figure.frames[0].series[0].points.at(0).x, 50.0);
  EXPECT_EQ(figure.frames[0].title, "noise.exponent = 0");
  expect_golden(figure, "history");
  expect_drawn(figure);
}

TEST(Kinds, TransitionIsThatOfFit) {
  const MadeStore made = sizes_store();
  const Figure figure = make_figure({made.store, "made.db"}, {.kind = "transition"});
  ASSERT_EQ(figure.frames.at(0).marks.size(), 2U);
  EXPECT_NEAR(std::log(figure.frames[0].marks[0].x), std::log(120.0), 0.1);
  EXPECT_NEAR(std::log(figure.frames[0].marks[1].x), std::log(60.0), 0.1);
  EXPECT_LT(figure.frames[0].marks[0].low, figure.frames[0].marks[0].x);
  EXPECT_EQ(figure.frames[0].series.back().mark, Mark::smooth_line);
  expect_golden(figure, "transition");
  expect_drawn(figure);
}

TEST(Kinds, BalanceIsMarkedInBothFrames) {
  const MadeStore made = balance_store();
  const Figure figure = make_figure({made.store, "made.db"}, {.kind = "balance"});
  ASSERT_EQ(figure.frames.size(), 2U);
  ASSERT_EQ(figure.frames[0].marks.size(), 1U);
  EXPECT_GT(figure.frames[0].marks[0].x, 0.02);
  EXPECT_LT(figure.frames[0].marks[0].x, 0.16);
  EXPECT_EQ(figure.frames[1].marks.at(0).x, figure.frames[0].marks[0].x);
  expect_golden(figure, "balance");
  expect_drawn(figure);
}

TEST(Kinds, SpectrumIsThatOfTheLastStep) {
  const MadeStore made = balance_store();
  const Figure figure = make_figure({made.store, "made.db"}, {.kind = "spectrum", .hue = "noise.strength"});
  ASSERT_EQ(figure.frames.size(), 2U) << "two layers";
  ASSERT_EQ(figure.frames[0].series.size(), 6U);
  const Point second = figure.frames[0].series[0].points.at(1);
  EXPECT_EQ(second.x, 2.0);
  EXPECT_DOUBLE_EQ(second.y, 1.0 - (0.2 + 0.6 / (1.0 + 27.0) + 0.001));
  expect_golden(figure, "spectrum");
  expect_drawn(figure);
}

TEST(Kinds, NetworkHasSpectraAboveItsWeights) {
  const MadeStore made = balance_store();
  const Figure figure = make_figure({made.store, "made.db"}, {.kind = "network"});
  ASSERT_EQ(figure.frames.size(), 4U) << "two layers";
  EXPECT_EQ(figure.columns, 2U);
  ASSERT_TRUE(figure.frames[2].matrix.has_value());
  EXPECT_EQ(figure.frames[2].matrix->rows, 3U);
  EXPECT_EQ(figure.frames[2].matrix->columns, 2U);
  expect_golden(figure, "network");
  expect_drawn(figure);
}

TEST(Kinds, WithoutAGapTheFirstNetworkIsDrawn) {
  const MadeStore made(test::made_sweep({seeds(2)}), [](const CellSettings&) { return MadeNetwork{}; });
  const Figure typical = make_figure({made.store, "made.db"}, {.kind = "network"});
  EXPECT_THAT(typical.notes.at(0), HasSubstr(", whose gap_live_layer1 is the middle one;"));
  const Figure first = make_figure({made.store, "made.db"}, {.kind = "network", .y = {"sum_w2"}});
  EXPECT_THAT(first.notes.at(0), Not(HasSubstr("whose")));
  EXPECT_TRUE(first.frames.at(2).matrix.has_value());
}

TEST(Kinds, WithoutWeightsNetworkSaysHowToKeepThem) {
  const MadeStore made(test::made_sweep({seeds(2)}),
                       [](const CellSettings&) { return MadeNetwork{.diverged = true}; });
  try {
    (void)make_figure({made.store, "made.db"}, {.kind = "network"});
    FAIL();
  } catch (const InputError& error) {
    EXPECT_THAT(error.what(), HasSubstr("measure.weights = true"));
  }
}

TEST(Kinds, OneCellIsDrawn) {
  const MadeStore made(test::made_sweep({seeds(1)}), [](const CellSettings&) { return MadeNetwork{}; });
  for (const char* kind : {"line", "history", "spectrum", "network"}) {
    SCOPED_TRACE(kind);
    expect_drawn(make_figure({made.store, "made.db"}, {.kind = kind}));
  }
  EXPECT_THROW((void)make_figure({made.store, "made.db"}, {.kind = "map"}), InputError);
}

TEST(Kinds, AllDivergedIsAnEmptyPictureThatSaysSo) {
  const MadeStore made(test::made_sweep({axis_of("noise.strength", {"0.1", "0.2"}), seeds(2)}),
                       [](const CellSettings&) { return MadeNetwork{.diverged = true}; });
  const Figure figure = make_figure({made.store, "made.db"}, {.kind = "line"});
  EXPECT_THAT(figure.notes, Contains("left out: 4 diverged networks"));
  EXPECT_THAT(test::texts_of(draw(figure, Format::svg)), Contains("no values"));
  expect_drawn(figure);
}

TEST(Kinds, AStoreThatStillRunsHasAHistoryAndNoResults) {
  const MadeStore made(test::made_sweep({axis_of("noise.strength", {"0.1", "0.2"}), seeds(2)}),
                       [](const CellSettings&) { return MadeNetwork{.running = true}; });
  expect_drawn(make_figure({made.store, "made.db"}, {.kind = "history"}));
  EXPECT_THROW((void)make_figure({made.store, "made.db"}, {.kind = "line"}), InputError);
}

TEST(Kinds, NetworksStandBelowOneAnother) {
  const MadeStore made = balance_store();
  const Figure figure = make_figure({made.store, "made.db"}, {.kind = "network", .row = "noise.strength"});
  ASSERT_EQ(figure.frames.size(), 12U) << "two layers at each of six strengths";
  EXPECT_EQ(figure.frames[0].y.label, "noise.strength = 0.01");
  EXPECT_EQ(figure.frames[10].y.label, "noise.strength = 0.32");
  EXPECT_EQ(figure.frames[11].y.label, "");
  for (const Frame& frame : figure.frames) EXPECT_TRUE(frame.matrix.has_value());
  expect_drawn(figure);
  EXPECT_THROW((void)make_figure({made.store, "made.db"}, {.kind = "network", .row = "noise.strenth"}),
               InputError);
  EXPECT_THROW(
      (void)make_figure({made.store, "made.db"}, {.kind = "network", .row = "noise.strength", .cell = "c"}),
      InputError);
}

TEST(Kinds, TextsAndListsAreCategories) {
  const MadeStore made(test::made_sweep({axis_of("network.activation", {"\"tanh\"", "\"sigmoid\""}),
                                         axis_of("network.hidden", {"[3]", "[3,3]"}), seeds(2)}),
                       [](const CellSettings&) { return MadeNetwork{}; });
  const Figure figure =
      make_figure({made.store, "made.db"},
                  {.kind = "line", .x = "network.hidden", .y = {"test_loss"}, .hue = "network.activation"});
  ASSERT_EQ(figure.frames.at(0).x.ticks.size(), 2U);
  EXPECT_EQ(figure.frames[0].x.ticks[1].label, "[3,3]");
  EXPECT_EQ(figure.frames[0].series.back().label, "tanh");
  expect_drawn(figure);
}

TEST(Kinds, LongNamesStandBelowTheLastFrame) {
  const MadeStore made(test::made_sweep({axis_of("network.hidden", {"[3,3,3,3,3,3,3,3]", "[4,4,4,4,4,4,4,4]",
                                                                    "[5,5,5,5,5,5,5,5]"}),
                                         seeds(1)}),
                       [](const CellSettings&) { return MadeNetwork{}; });
  const Figure figure = make_figure({made.store, "made.db"}, {.kind = "line"});
  ASSERT_EQ(figure.frames.size(), 2U);
  ASSERT_EQ(figure.frames[0].x.ticks.size(), 3U);
  EXPECT_EQ(figure.frames[0].x.ticks[0].label, "");
  EXPECT_EQ(figure.frames[1].x.ticks[0].label, "[3,3,3,3,3,3,3,3]");
  expect_drawn(figure);
}

TEST(Kinds, NamesAlongAnAxisStayInThePicture) {
  const auto figure_of = [](const std::string& second) {
    Figure figure;
    Frame& frame = figure.frames.emplace_back();
    frame.x.label = std::string(80, 'k');
    Series& series = frame.series.emplace_back();
    for (int i = 0; i < 12; ++i) {
      frame.x.ticks.push_back({static_cast<double>(i), i == 1 ? second : "a name of 20 letters"});
      series.points.push_back({static_cast<double>(i), 1.0 + i});
    }
    return figure;
  };
  const auto left = [](const Figure& figure) {
    return lay_out(figure, themes().front()).frames.at(0).box.left;
  };
  // Slanted, a longer second name reaches further to the left than the first one.
  EXPECT_GT(left(figure_of(std::string(40, 'n'))), left(figure_of("a name of 20 letters")));
  EXPECT_THAT(gnuplot_text(figure_of("b"), Format::svg, themes().front()),
              Not(HasSubstr(std::string(61, 'k'))));
}

}  // namespace
}  // namespace modsweep::figures
