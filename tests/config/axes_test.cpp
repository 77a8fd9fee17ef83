// Axes and the grid that they span.
#include "config/parse.h"

#include <cmath>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>

namespace modsweep {
namespace {

using test::parse;
using test::run;
using testing::ElementsAre;
using testing::HasSubstr;
using Points = std::vector<std::string>;

struct AxisCase {
  const char* key;
  const char* toml;
  Points points;
};

const AxisCase axis_cases[] = {
    {"noise.strength", "[0.1]", {"0.1"}},
    {"noise.strength", "[0, 1e-3, 0.5]", {"0", "0.001", "0.5"}},
    {"noise.site", "[\"post\", \"pre\"]", {"\"post\"", "\"pre\""}},
    {"network.bias", "[true, false]", {"true", "false"}},
    {"network.hidden", "[[32], [16, 16]]", {"[32]", "[16,16]"}},
    {"network.groups", "[[], [1, 4, 4, 4]]", {"[]", "[1,4,4,4]"}},
    {"task.kind", "[\"identity\", \"modular_regression\"]", {"\"identity\"", "\"modular_regression\""}},
    {"training.seed", "{ range = [0, 3] }", {"0", "1", "2"}},
    {"training.seed", "{ range = [2, 3] }", {"2"}},
    {"training.seed", "{ range = [0, 10], step = 4 }", {"0", "4", "8"}},
    {"training.seed", "{ range = [0, 8], step = 4 }", {"0", "4"}},
    {"training.seed", "{ range = [0, 9], step = 4 }", {"0", "4", "8"}},
    {"training.seed", "{ range = [5, 0], step = -2 }", {"5", "3", "1"}},
    {"training.seed", "{ range = [4294967294, 4294967296] }", {"4294967294", "4294967295"}},
    {"training.seed", "{ range = [0, 9223372036854775807], step = 9223372036854775807 }", {"0"}},
    {"noise.exponent", "{ range = [0, 3] }", {"0", "1", "2"}},
    {"noise.exponent", "{ linspace = [0, 2], count = 5 }", {"0", "0.5", "1", "1.5", "2"}},
    {"noise.exponent", "{ linspace = [0, 0.3], count = 4 }", {"0", "0.1", "0.2", "0.3"}},
    {"noise.exponent", "{ linspace = [2, 0], count = 2 }", {"2", "0"}},
    {"task.mixing_angle", "{ linspace = [-1, 1], count = 3 }", {"-1", "0", "1"}},
    {"noise.strength", "{ logspace = [1e-3, 1.0], count = 4 }", {"0.001", "0.01", "0.1", "1"}},
    {"noise.strength", "{ logspace = [1, 1e-2], count = 3 }", {"1", "0.1", "0.01"}},
    {"noise.strength", "{ logspace = [1, 2], count = 3 }", {"1", "1.41421356237", "2"}},
    {"task.train_samples", "{ logspace = [10, 1000], count = 5 }", {"10", "32", "100", "316", "1000"}},
    {"task.inputs", "{ linspace = [4, 10], count = 3 }", {"4", "7", "10"}},
};

TEST(Axes, EveryForm) {
  for (const AxisCase& c : axis_cases) {
    SCOPED_TRACE(fmt::format("{} = {}", c.key, c.toml));
    std::string context = run;
    if (std::string(c.key) == "task.mixing_angle") context += "[task]\nkind = \"mixed_regression\"\n";
    const Sweep sweep = parse(fmt::format("{}[axes]\n\"{}\" = {}\n", context, c.key, c.toml));
    ASSERT_EQ(sweep.axes.size(), 1U);
    EXPECT_THAT(sweep.axes[0].keys, ElementsAre(c.key));
    Points points;
    for (const auto& point : sweep.axes[0].values) points.push_back(point.at(0));
    EXPECT_EQ(points, c.points);
    ASSERT_EQ(sweep.size(), c.points.size());
    for (std::size_t i = 0; i < c.points.size(); ++i) {
      const Cell cell = sweep.cell(i);
      EXPECT_EQ(cell.varied, (std::vector<SettingValue>{{c.key, c.points[i]}}));
      EXPECT_EQ(test::value_of_key(cell.settings, c.key), c.points[i]);
    }
  }
}

TEST(Axes, LogspaceIsGeometricAndHitsBothEnds) {
  const Sweep sweep = parse(run + "[axes]\n\"noise.strength\" = { logspace = [1e-3, 1.7], count = 20 }\n");
  ASSERT_EQ(sweep.size(), 20U);
  for (std::uint64_t i = 0; i < 20; ++i) {
    const double expected = 1e-3 * std::pow(1.7 / 1e-3, static_cast<double>(i) / 19);
    EXPECT_NEAR(sweep.cell(i).settings.noise.strength / expected, 1, 1e-11);
  }
  EXPECT_EQ(sweep.cell(0).settings.noise.strength, 1e-3);
  EXPECT_EQ(sweep.cell(19).settings.noise.strength, 1.7);
}

TEST(Axes, WithoutAnyThereIsOneCell) {
  const Sweep sweep = parse(run);
  EXPECT_EQ(sweep.size(), 1U);
  EXPECT_TRUE(sweep.cell(0).varied.empty());
  EXPECT_EQ(sweep.cell(0).settings, sweep.base);
}

// In the order of the file, not of the alphabet; the last axis varies fastest.
TEST(Axes, MultiplyInTheOrderOfTheFile) {
  const Sweep sweep = parse(run +
                            "[axes]\n\"training.seed\" = [5, 6]\n\"noise.strength\" = [0.1, 0.2, 0.3]\n"
                            "network.bias = [true, false]\nnoise.exponent = [1]\n");
  ASSERT_EQ(sweep.size(), 12U);
  std::uint64_t i = 0;
  for (const char* seed : {"5", "6"})
    for (const char* strength : {"0.1", "0.2", "0.3"})
      for (const char* bias : {"true", "false"}) {
        const Cell cell = sweep.cell(i++);
        EXPECT_THAT(cell.varied,
                    ElementsAre(SettingValue{"training.seed", seed}, SettingValue{"noise.strength", strength},
                                SettingValue{"network.bias", bias}, SettingValue{"noise.exponent", "1"}));
        for (const SettingValue& value : cell.varied)
          EXPECT_EQ(test::value_of_key(cell.settings, value.key), value.json);
      }
}

TEST(Axes, WinOverTheirTables) {
  const Sweep sweep = parse("[training]\nsteps = 100\nseed = 9\n[axes]\n\"training.seed\" = [1, 2]\n");
  EXPECT_EQ(sweep.base.training.seed, 1U);
  EXPECT_EQ(sweep.cell(1).settings.training.seed, 2U);
}

TEST(Axes, OfStepsAndEpochsReplaceEachOther) {
  const Sweep steps = parse("[training]\nepochs = 10\n[axes]\n\"training.steps\" = [100, 200]\n");
  EXPECT_EQ(steps.cell(1).settings.training.steps, 200U);
  EXPECT_EQ(steps.cell(1).settings.training.epochs, 0U);
  const Sweep epochs = parse("[training]\nsteps = 10\n[axes]\n\"training.epochs\" = [1, 2]\n");
  EXPECT_EQ(epochs.cell(1).settings.training.steps, 0U);
  EXPECT_EQ(epochs.cell(1).settings.training.epochs, 2U);
}

TEST(Zip, PairsAxesWhereTheFirstStands) {
  const Sweep sweep = parse("zip = [[\"noise.exponent\", \"network.hidden\", \"noise.strength\"]]\n" + run +
                            "[axes]\n\"noise.strength\" = [0.1, 0.2]\n\"training.seed\" = [0, 1]\n"
                            "\"noise.exponent\" = [1, 2]\n\"network.hidden\" = [[8], [9, 9]]\n");
  ASSERT_EQ(sweep.size(), 4U);
  ASSERT_EQ(sweep.axes.size(), 2U);
  EXPECT_THAT(sweep.axes[0].keys, ElementsAre("noise.exponent", "network.hidden", "noise.strength"));
  EXPECT_THAT(sweep.axes[0].values,
              ElementsAre(ElementsAre("1", "[8]", "0.1"), ElementsAre("2", "[9,9]", "0.2")));
  EXPECT_THAT(sweep.cell(3).varied,
              ElementsAre(SettingValue{"noise.exponent", "2"}, SettingValue{"network.hidden", "[9,9]"},
                          SettingValue{"noise.strength", "0.2"}, SettingValue{"training.seed", "1"}));
}

TEST(Zip, MayStandUnderAxesAndHaveSeveralGroups) {
  const Sweep sweep =
      parse(run +
            "[axes]\nzip = [[\"noise.strength\", \"noise.exponent\"], [\"task.seed\", \"training.seed\"]]\n"
            "\"noise.strength\" = [0.1, 0.2]\n\"noise.exponent\" = [1, 2]\n"
            "\"task.seed\" = [1, 2, 3]\n\"training.seed\" = [4, 5, 6]\n");
  EXPECT_EQ(sweep.size(), 6U);
  EXPECT_EQ(sweep.axes.size(), 2U);
}

// One key may repeat a value as long as the pairs differ; values that a single key does not allow may be
// valid in pairs.
TEST(Zip, ChecksPairsAsAWhole) {
  const Sweep sweep = parse(
      "zip = [[\"training.optimizer\", \"training.momentum\"]]\n" + run +
      "[axes]\n\"training.optimizer\" = [\"adam\", \"sgd\", \"sgd\"]\n\"training.momentum\" = [0, 0, 0.9]\n");
  EXPECT_EQ(sweep.size(), 3U);
}

TEST(Grid, OfABillionCellsIsHeldAndIndexed) {
  const Sweep sweep =
      parse(run +
            "[axes]\n\"training.seed\" = { range = [0, 1000] }\n\"task.seed\" = { range = [0, 1000] }\n"
            "\"noise.strength\" = { linspace = [0, 1], count = 1000 }\n");
  ASSERT_EQ(sweep.size(), 1000000000U);
  const Cell cell = sweep.cell(123456789);
  EXPECT_EQ(cell.settings.training.seed, 123U);
  EXPECT_EQ(cell.settings.task.seed, 456U);
  EXPECT_NEAR(cell.settings.noise.strength, 789.0 / 999, 1e-12);
}

TEST(Grid, OfMoreThanABillionCellsIsRefused) {
  EXPECT_THAT(test::error_of(run + "[axes]\n\"training.seed\" = { range = [0, 1000] }\n"
                                   "\"task.seed\" = { range = [0, 1000] }\n\"noise.strength\" = { linspace = "
                                   "[0, 1], count = 1001 }\n"),
              HasSubstr("the grid has 1001000000 cells, more than 1000000000"));
}

TEST(Grid, ChecksEveryValueOfALargeOne) {
  const std::string large = run + "[axes]\n\"training.seed\" = { range = [0, 20000] }\n";
  EXPECT_EQ(parse(large).size(), 20000U);
  EXPECT_THAT(test::error_of(large + "\"training.nesterov\" = [false, true]\n"),
              HasSubstr("training.nesterov = true"));
}

// Parsing did not check this combination, because it checks only the single values of such a large grid.
TEST(Grid, ChecksACombinationWhenItsCellIsMade) {
  const Sweep sweep = parse(
      run +
      "[axes]\n\"training.seed\" = { range = [0, 20000] }\n\"network.groups\" = [[], [1, 2, 1], [1, 1, 1]]\n"
      "\"network.hidden\" = [[8, 8], [8, 9]]\n\"noise.exponent\" = [0, 1]\n");
  EXPECT_NO_THROW((void)sweep.cell(5));
  try {
    (void)sweep.cell(18);
    FAIL();
  } catch (const InputError& error) {
    EXPECT_THAT(error.what(), HasSubstr("network.groups[1] = 2 does not divide"));
    EXPECT_THAT(error.what(),
                HasSubstr("(cell 18: training.seed = 1, network.groups = [1,2,1], network.hidden = [8,9], "
                          "noise.exponent = 0)"));
  }
}

TEST(Grid, BeyondItsEndIsABug) {
  const Sweep sweep = parse(run);
  EXPECT_THROW((void)sweep.cell(1), LogicError);
  Sweep empty = sweep;
  empty.axes.push_back({{"training.seed"}, {}});
  EXPECT_EQ(empty.size(), 0U);
  EXPECT_THROW((void)empty.cell(0), LogicError);
}

TEST(Grid, MadeByHandIsCheckedToo) {
  Sweep sweep = parse(run);
  sweep.axes = {{{"noise.strenght"}, {{"0.1"}}}};
  EXPECT_THROW((void)sweep.cell(0), InputError);
  sweep.axes = {{{"noise.strength"}, {{"many"}}}};
  EXPECT_THROW((void)sweep.cell(0), InputError);
}

}  // namespace
}  // namespace modsweep
