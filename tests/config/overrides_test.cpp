// --set key=value.
#include "config/parse.h"

#include <map>
#include <string>
#include <vector>

#include <gmock/gmock.h>

namespace modsweep {
namespace {

using test::error_of;
using test::parse;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;
using Options = std::vector<std::string>;

const std::string file = R"(
name = "file"
zip = [["noise.exponent", "regularizer.l1"]]
[training]
epochs = 10
[noise]
strength = 0.3
[axes]
"noise.strength" = [0.1, 0.2]
"noise.exponent" = [0, 1, 2]
"regularizer.l1" = [0, 1e-3, 1e-2]
"training.seed" = { range = [0, 5] }
)";

std::vector<std::string> axis_keys(const Sweep& sweep) {
  std::vector<std::string> keys;
  for (const Axis& axis : sweep.axes) keys.insert(keys.end(), axis.keys.begin(), axis.keys.end());
  return keys;
}

TEST(Set, ChangesAValue) {
  const std::map<std::string, std::pair<std::string, std::string>> cases = {
      {"regularizer.l2=1e-4", {"regularizer.l2", "1e-04"}},
      {" regularizer.l2 = 1e-4 ", {"regularizer.l2", "1e-04"}},
      {"\"regularizer.l2\"=1e-4", {"regularizer.l2", "1e-04"}},
      {"noise.site=pre", {"noise.site", "\"pre\""}},
      {"noise.site=\"pre\"", {"noise.site", "\"pre\""}},
      {"noise.site='pre' # comment", {"noise.site", "\"pre\""}},
      {"task.kind=identity", {"task.kind", "\"identity\""}},
      {"network.bias=false", {"network.bias", "false"}},
      {"network.hidden=[8, 9]", {"network.hidden", "[8,9]"}},
      {"network.groups=[]", {"network.groups", "[]"}},
      {"training.epochs=20", {"training.epochs", "20"}},
  };
  for (const auto& [option, expected] : cases) {
    const Sweep sweep = parse(file, {option});
    EXPECT_EQ(test::value_of_key(sweep.base, expected.first), expected.second) << option;
    EXPECT_EQ(sweep.size(), 30U) << option;
  }
}

TEST(Set, ReplacesAnAxisByAValue) {
  const Sweep sweep = parse(file, {"noise.strength=0.7"});
  EXPECT_THAT(axis_keys(sweep), ElementsAre("noise.exponent", "regularizer.l1", "training.seed"));
  EXPECT_EQ(sweep.base.noise.strength, 0.7);
  EXPECT_EQ(sweep.size(), 15U);
}

TEST(Set, ReplacesAnAxisInItsPlace) {
  for (const char* option : {"noise.strength=[0.5, 0.6, 0.7]", "axes.noise.strength=[0.5, 0.6, 0.7]",
                             "axes.\"noise.strength\"={linspace=[0.5,0.7],count=3}"}) {
    const Sweep sweep = parse(file, {option});
    EXPECT_THAT(axis_keys(sweep),
                ElementsAre("noise.strength", "noise.exponent", "regularizer.l1", "training.seed"));
    EXPECT_EQ(sweep.size(), 45U) << option;
    EXPECT_EQ(sweep.cell(44).settings.noise.strength, 0.7) << option;
  }
}

TEST(Set, MakesANewAxisAtTheEnd) {
  const Sweep sweep =
      parse(file, {"network.bias=[true,false]", "network.hidden=[[8],[9,9]]", "axes.network.groups=[[]]"});
  EXPECT_THAT(axis_keys(sweep),
              ElementsAre("noise.strength", "noise.exponent", "regularizer.l1", "training.seed",
                          "network.bias", "network.hidden", "network.groups"));
  EXPECT_EQ(sweep.size(), 120U);
  EXPECT_EQ(sweep.cell(119).settings.network.hidden, (std::vector<std::uint32_t>{9, 9}));
}

TEST(Set, OfStepsClearsEpochsAndBack) {
  EXPECT_EQ(parse(file, {"training.steps=7"}).base.training.epochs, 0U);
  EXPECT_EQ(parse(file, {"training.steps=7"}).base.training.steps, 7U);
  EXPECT_EQ(parse(file, {"training.steps=[7,8]"}).cell(59).settings.training.steps, 8U);
  const std::string axis = "[axes]\n\"training.steps\" = [1, 2]\n";
  const Sweep sweep = parse(axis, {"training.epochs=3"});
  EXPECT_EQ(sweep.size(), 1U);
  EXPECT_EQ(sweep.base.training.steps, 0U);
  EXPECT_EQ(sweep.base.training.epochs, 3U);
}

TEST(Set, ChangesZippedAxesTogether) {
  const Sweep both = parse(file, {"noise.exponent=[0,1]", "regularizer.l1=[3,4]"});
  EXPECT_EQ(both.size(), 20U);
  EXPECT_THAT(both.axes[1].values, ElementsAre(ElementsAre("0", "3"), ElementsAre("1", "4")));
  const Sweep fixed = parse(file, {"noise.exponent=1", "regularizer.l1=0.5"});
  EXPECT_THAT(axis_keys(fixed), ElementsAre("noise.strength", "training.seed"));
}

TEST(Set, GivesTheName) {
  EXPECT_EQ(parse(file, {"name=other"}).name, "other");
  EXPECT_EQ(parse(file, {"name=\"o-1\""}).name, "o-1");
}

struct BadOption {
  Options options;
  const char* message;
};

const BadOption bad_options[] = {
    {{"noise.strength"}, "--set noise.strength: there is no '='; write key=value"},
    {{""}, "--set : there is no '='; write key=value"},
    {{"=3"}, "--set =3: unknown key ; settings are in the tables"},
    {{"noise.strength="}, "--set noise.strength=: there is no value; write key=value"},
    {{"noise.strenght=1"},
     "--set noise.strenght=1: unknown key noise.strenght; did you mean noise.strength?"},
    {{"axes.noise=[1]"}, "--set axes.noise=[1]: unknown key noise; "},
    {{"axes.noise.strength=1"},
     "--set axes.noise.strength=1: the axis noise.strength is the integer 1; give a list"},
    {{"noise.strength=-1"},
     "--set noise.strength=-1: noise.strength = -1, which is out of range; give a number"},
    {{"task.seed=0,1,2"}, "--set task.seed=0,1,2: a list is written in brackets: [0,1,2]"},
    {{"training.seed=x,1"}, "--set training.seed=x,1: the value is not TOML: "},
    {{"training.lr=0.01"},
     "--set training.lr=0.01: unknown key training.lr; did you mean training.learning_rate?"},
    {{"task.seed={range=[0,10,2]}"},
     "range of the axis task.seed is not a pair; write { range = [0, 10], step = 2 }, without the end"},
    {{"noise.strength=.5"}, "--set noise.strength=.5: the value is not TOML: "},
    {{"noise.strength=abc"}, "--set noise.strength=abc: noise.strength is the string \"abc\"; give a number"},
    {{"noise.strength=0.1 0.2"}, "--set noise.strength=0.1 0.2: the value is not TOML: "},
    {{"noise.strength=[0.1, 0.1]"},
     "--set noise.strength=[0.1, 0.1]: the axis noise.strength holds 0.1 twice; leave"},
    {{"noise.strength=[]"}, "--set noise.strength=[]: the axis noise.strength is empty; give it"},
    {{"noise.strength=[0.1"}, "--set noise.strength=[0.1: the value is not TOML: array: "},
    {{"noise.strength={}"},
     "--set noise.strength={}: the axis noise.strength is a table without values; write"},
    {{"noise.site=prae"}, "--set noise.site=prae: noise.site = \"prae\" is unknown; did you mean \"pre\"?"},
    {{"network.hidden=[8, [9]]"}, "the axis network.hidden holds the integer 8; its values are lists"},
    {{"noise.strength=1\nnoise.exponent=7"},
     "--set noise.strength=1?noise.exponent=7: the value has more than one line; "},
    {{"task.seed=1", "task.seed=2"}, "--set task.seed=2: task.seed is set twice; keep one"},
    {{"task.seed=1", "axes.task.seed=[2]"}, "--set axes.task.seed=[2]: task.seed is set twice; keep one"},
    {{"training.steps=1", "training.epochs=2"},
     "--set training.epochs=2: training.steps is set as well; keep one of them"},
    {{"zip=[[\"a\",\"b\"]]"}, "zip cannot be set as a whole; set single axes"},
    {{"axes=3"}, "axes cannot be set as a whole; set single axes"},
    {{"name=3"}, "--set name=3: that is no name; use 1 to 100 letters"},
    {{"name=a/b"}, "--set name=a/b: the value is not TOML: "},
    {{"noise.exponent=1"},
     "test.toml:3:8: --set changes a part of the zipped axes noise.exponent, regularizer.l1; set all of "
     "noise.exponent, "
     "regularizer.l1, each to one value or each to a list of the same length"},
    {{"noise.exponent=[0,1,2]"}, "--set changes a part of the zipped axes"},
    {{"noise.exponent=1", "regularizer.l1=[0,1,2]"}, "--set changes a part of the zipped axes"},
    {{"noise.exponent=[0,1,2]", "regularizer.l1=[0,1]"},
     "--set regularizer.l1=[0,1]: regularizer.l1 has 2 values but noise.exponent, zipped with it, has 3; "
     "give both the same"},
    {{"training.nesterov=true"},
     "--set training.nesterov=true: training.nesterov = true has no effect with adam; "},
    {{"network.groups=[1,2]"}, "--set network.groups=[1,2]: network.groups has 2 entries but"},
    {{"training.epochs=0"},
     "--set training.epochs=0: the length of the run is missing; set training.steps or"},
};

TEST(Set, RefusesWhatIsWrong) {
  for (const BadOption& bad : bad_options) {
    SCOPED_TRACE(testing::PrintToString(bad.options));
    const std::string message = error_of(file, bad.options);
    EXPECT_THAT(message, HasSubstr(bad.message));
    EXPECT_THAT(message, testing::Not(HasSubstr("\n")));
  }
}

// A wrong file stays wrong, even if an option would replace the wrong value.
TEST(Set, DoesNotHideErrorsOfTheFile) {
  EXPECT_THAT(error_of("[training]\nsteps = 100\n[noise]\nstrength = -1\n", {"noise.strength=1"}),
              StartsWith("test.toml:4:12: noise.strength = -1"));
}

}  // namespace
}  // namespace modsweep
