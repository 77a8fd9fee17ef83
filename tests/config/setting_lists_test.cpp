// Axes that are lists of settings.
#include "config/parse.h"

#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>

namespace modsweep {
namespace {

using test::error_of;
using test::parse;
using test::run;
using test::value_of_key;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

const std::string base = "[training]\nsteps = 100\n[noise]\nexponent = 1\n";
const std::string variants =
    "variant = [{ \"regularizer.l1\" = 1e-4 }, { \"noise.strength\" = 0.1, \"noise.exponent\" = 2 }, {}]\n";

TEST(SettingLists, SetWhatEachTableSaysAndLeaveTheRestAsInTheBase) {
  const Sweep sweep = parse(base + "[axes]\n" + variants + "\"training.seed\" = [0, 1]\n");
  ASSERT_EQ(sweep.size(), 6U);
  ASSERT_EQ(sweep.axes.size(), 2U);
  EXPECT_THAT(sweep.axes[0].keys, ElementsAre("regularizer.l1", "noise.strength", "noise.exponent"));
  EXPECT_THAT(sweep.axes[0].values, ElementsAre(ElementsAre("1e-04", "0", "1"), ElementsAre("0", "0.1", "2"),
                                                ElementsAre("0", "0", "1")));
  EXPECT_EQ(value_of_key(sweep.cell(3).settings, "noise.exponent"), "2");
  EXPECT_EQ(value_of_key(sweep.cell(3).settings, "training.seed"), "1");
  EXPECT_EQ(value_of_key(sweep.cell(4).settings, "noise.exponent"), "1");
}

TEST(SettingLists, HaveSeveralSpellings) {
  const std::string id = parse(base + "[axes]\n" + variants).id();
  EXPECT_EQ(parse(base + "[[axes.variant]]\nregularizer.l1 = 1e-4\n[[axes.variant]]\nnoise.strength = 0.1\n"
                         "noise.exponent = 2\n[[axes.variant]]\n")
                .id(),
            id);
  EXPECT_EQ(parse(base, {"variant=[{regularizer.l1=1e-4},{noise.strength=0.1,noise.exponent=2},{}]"}).id(),
            id);
  EXPECT_EQ(parse("zip = [[\"regularizer.l1\", \"noise.strength\", \"noise.exponent\"]]\n" + base +
                  "[axes]\n\"regularizer.l1\" = [1e-4, 0, 0]\n\"noise.strength\" = [0, 0.1, 0]\n"
                  "\"noise.exponent\" = [1, 2, 1]\n")
                .id(),
            id)
      << "ids do not depend on the form";
}

TEST(SettingLists, StandInTheOrderOfTheFile) {
  const Sweep sweep =
      parse(base + "[axes]\n\"training.seed\" = [0, 1]\n" + variants + "\"task.seed\" = [1, 2]\n");
  ASSERT_EQ(sweep.axes.size(), 3U);
  EXPECT_THAT(sweep.axes[0].keys, ElementsAre("training.seed"));
  EXPECT_EQ(sweep.axes[1].keys.size(), 3U);
  EXPECT_THAT(sweep.axes[2].keys, ElementsAre("task.seed"));
}

TEST(SettingLists, MultiplyEachOther) {
  const Sweep sweep = parse(base +
                            "[axes]\nnoisy = [{}, { \"noise.strength\" = 0.1 }]\n"
                            "sparse = [{}, { \"regularizer.l1\" = 1e-4 }]\n");
  EXPECT_EQ(sweep.size(), 4U);
}

TEST(SettingLists, AreZippedByTheirNames) {
  const Sweep sweep = parse("zip = [[\"training.seed\", \"variant\"]]\n" + base + "[axes]\n" + variants +
                            "\"training.seed\" = [5, 6, 7]\n");
  ASSERT_EQ(sweep.size(), 3U);
  EXPECT_THAT(sweep.axes[0].keys,
              ElementsAre("training.seed", "regularizer.l1", "noise.strength", "noise.exponent"));
  EXPECT_EQ(value_of_key(sweep.cell(1).settings, "training.seed"), "6");
  EXPECT_EQ(value_of_key(sweep.cell(1).settings, "noise.strength"), "0.1");
}

TEST(SettingLists, TakeSettingsOfEveryKind) {
  const Sweep sweep =
      parse(base +
            "[axes]\nform = [{ \"network.hidden\" = [8, 8], \"training.optimizer\" = \"sgd\", "
            "\"training.momentum\" = 0.9 }, { \"network.hidden\" = [4] }]\n");
  EXPECT_EQ(value_of_key(sweep.cell(0).settings, "network.hidden"), "[8,8]");
  EXPECT_EQ(value_of_key(sweep.cell(0).settings, "training.momentum"), "0.9");
  EXPECT_EQ(value_of_key(sweep.cell(1).settings, "training.optimizer"), "\"adam\"");
}

TEST(SettingLists, SetChangesThemAsAWhole) {
  const std::string file = base + "[axes]\n" + variants;
  const Sweep sweep = parse(file, {"variant=[{\"noise.strength\"=0.3}]"});
  EXPECT_EQ(sweep.size(), 1U);
  EXPECT_EQ(value_of_key(sweep.cell(0).settings, "noise.strength"), "0.3");
  for (const char* option : {"noise.strength=0.5", "noise.strength=[0.5,0.6]"})
    EXPECT_THAT(error_of(file, {option}),
                HasSubstr("--set changes noise.strength, which the axis variant sets, too; "
                          "set variant as a whole"))
        << option;
  EXPECT_EQ(parse(file, {"regularizer.l2=1"}).size(), 3U);
}

TEST(SettingLists, OfLengthsNeedOneInEachTable) {
  EXPECT_THAT(error_of("[training]\nepochs = 5\n[axes]\nv = [{ \"training.steps\" = 10 }, {}]\n"),
              HasSubstr("the base has training.epochs; give it in each table"));
  const Sweep sweep = parse(
      "[training]\nepochs = 5\n[axes]\nv = [{ \"training.steps\" = 10 }, { \"training.steps\" = 20 }]\n");
  EXPECT_EQ(value_of_key(sweep.cell(1).settings, "training.steps"), "20");
  EXPECT_THAT(error_of("[axes]\nv = [{ \"training.steps\" = 10 }, { \"training.epochs\" = 20 }]\n"),
              HasSubstr("training.steps and training.epochs are both axes"));
}

TEST(SettingLists, AreRefusedWithPositionAndRemedy) {
  const std::vector<std::pair<const char*, const char*>> cases = {
      {"v = [{ \"noise.strenght\" = 1 }]",
       "unknown key noise.strenght in the axis v; did you mean noise.strength?"},
      {"v = [{ noise.strenght = 1 }]", "unknown key noise.strenght in the axis v"},
      {"v = [{ \"noise.strength\" = \"a\" }]", "noise.strength is the string \"a\"; give a number"},
      {"v = [{ \"noise.strength\" = [1, 2] }]", "noise.strength is a list"},
      {"v = [{ \"noise.strength\" = -1 }]", "noise.strength = -1, which is out of range"},
      {"v = [{ \"noise.strength\" = 1, noise.strength = 2 }]", "noise.strength is there twice in one table"},
      {"v = [{ \"noise.strength\" = 1 }, 2]", "holds tables and something else"},
      {"v = [{}, {}]", "the axis v sets nothing"},
      {"v = [{ \"noise.strength\" = 1 }, { \"noise.strength\" = 1 }]", "holds 1 twice"},
      {"v = [{ \"noise.strength\" = 1 }]\n\"noise.strength\" = [2]",
       "noise.strength is in the axis v and an axis of its "
       "own; keep one"},
      {"v = [{ \"noise.strength\" = 1 }]\nw = [{ \"noise.strength\" = 2 }]",
       "is in the axis v and in the axis w"},
      {"v = []", "unknown axis v"},
      {"v = [1, 2]", "unknown axis v"},
      {"strength = [0.1]", "unknown axis strength; did you mean noise.strength?"},
      {"\"noise.strenght\" = [{ \"noise.strength\" = 1 }]", "unknown axis noise.strenght"},
      {"noise = [{ \"noise.strength\" = 1 }]", "noise is a table and cannot be an axis"},
  };
  for (const auto& [axis, message] : cases) {
    const std::string error = error_of(fmt::format("{}[axes]\n{}\n", run, axis));
    EXPECT_THAT(error, HasSubstr(message)) << axis;
    EXPECT_THAT(error, StartsWith("test.toml:4:")) << axis;
  }
  EXPECT_THAT(error_of("zip = [[\"training.seed\", \"variants\"]]\n" + base + "[axes]\n" + variants +
                       "\"training.seed\" = [5, 6, 7]\n"),
              HasSubstr("test.toml:1:26: unknown key variants in zip"));
  EXPECT_THAT(error_of(base, {"variant=[1,2]"}), HasSubstr("unknown key variant"));
  EXPECT_THAT(error_of(base, {"variant={}"}), HasSubstr("unknown key variant"));
}

}  // namespace
}  // namespace modsweep
