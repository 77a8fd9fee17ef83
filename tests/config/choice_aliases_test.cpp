// network.activation = "relu": a leaky_relu whose slope is 0, with the same ids.
#include "config/parse.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>

namespace modsweep {
namespace {

using test::error_of;
using test::parse;
using test::run;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const std::string relu = "[network]\nactivation = \"relu\"\n";
const std::string leaky_zero = "[network]\nactivation = \"leaky_relu\"\nleaky_slope = 0\n";
constexpr const char* note = "network.activation = \"relu\" is \"leaky_relu\" with network.leaky_slope = 0";

TEST(Relu, IsLeakyReluWithSlope0AndHasItsIds) {
  const Sweep sweep = parse(run + relu);
  const Sweep written_out = parse(run + leaky_zero);
  EXPECT_EQ(sweep.base, written_out.base);
  EXPECT_EQ(sweep.id(), written_out.id());
  EXPECT_EQ(sweep.cell(0).id, written_out.cell(0).id);
  EXPECT_THAT(sweep.notes, ElementsAre(note));
  EXPECT_THAT(written_out.notes, IsEmpty());
}

TEST(Relu, MayBeGivenWithItsSlope) {
  EXPECT_EQ(parse(run + relu + "leaky_slope = 0.0\n").base, parse(run + leaky_zero).base);
  EXPECT_EQ(parse(run, {"network.activation=relu"}).base, parse(run + leaky_zero).base);
  EXPECT_EQ(parse(run, {"network.activation=relu", "network.leaky_slope=0"}).base,
            parse(run + leaky_zero).base);
}

TEST(Relu, OfAnOptionReplacesASlopeOfTheFile) {
  const std::string steep = run + "[network]\nactivation = \"leaky_relu\"\nleaky_slope = 0.3\n";
  EXPECT_EQ(parse(steep, {"network.activation=relu"}).base, parse(run + leaky_zero).base);
  EXPECT_THAT(error_of(steep, {"network.activation=relu", "network.leaky_slope=0.2"}),
              HasSubstr("--set network.leaky_slope=0.2: network.leaky_slope = 0.2 is given beside \"relu\""));
  EXPECT_THAT(error_of(run + relu, {"network.leaky_slope=0.2"}), HasSubstr("is given beside \"relu\""));
}

TEST(Relu, OnAnAxisLeavesTheSlopeOfTheOthers) {
  const std::string axes = "[axes]\n\"network.activation\" = [\"relu\", \"leaky_relu\", \"tanh\"]\n";
  const Sweep sweep = parse(run + "[network]\nleaky_slope = 0.3\n" + axes);
  ASSERT_EQ(sweep.axes.size(), 1U);
  EXPECT_THAT(sweep.axes[0].keys, ElementsAre("network.activation", "network.leaky_slope"));
  EXPECT_THAT(sweep.axes[0].values,
              ElementsAre(ElementsAre("\"leaky_relu\"", "0"), ElementsAre("\"leaky_relu\"", "0.3"),
                          ElementsAre("\"tanh\"", "0.3")));
  EXPECT_THAT(sweep.notes, ElementsAre(note));
  const Sweep tanh = parse(run + "[network]\nactivation = \"tanh\"\nleaky_slope = 0.3\n");
  EXPECT_EQ(sweep.cell(2).id, tanh.cell(0).id);
  EXPECT_EQ(sweep.cell(0).id, parse(run + leaky_zero).cell(0).id);
  EXPECT_EQ(parse(run + axes).cell(1).settings.network.leaky_slope, NetworkSettings{}.leaky_slope);
}

TEST(Relu, OnAZippedAxisStaysInItsZip) {
  const Sweep sweep =
      parse("zip = [[\"noise.strength\", \"network.activation\"]]\n" + run +
            "[axes]\n\"training.seed\" = [0, 1]\n\"network.activation\" = [\"tanh\", \"relu\"]\n"
            "\"noise.strength\" = [0.1, 0.2]\n");
  ASSERT_EQ(sweep.axes.size(), 2U);
  EXPECT_THAT(sweep.axes[1].keys, ElementsAre("noise.strength", "network.activation", "network.leaky_slope"));
  EXPECT_EQ(sweep.size(), 4U);
  EXPECT_EQ(sweep.cell(1).settings.network.leaky_slope, 0.0);
}

TEST(Relu, GoesBesideSlopesThatMoveWithIt) {
  const char* zip = "zip = [[\"network.activation\", \"network.leaky_slope\"]]\n";
  const char* names = "[axes]\n\"network.activation\" = [\"relu\", \"leaky_relu\"]\n";
  const Sweep zipped = parse(zip + run + names + "\"network.leaky_slope\" = [0, 0.2]\n");
  const Sweep listed = parse(run +
                             "[axes]\nunits = [{ network.activation = \"relu\" },"
                             " { network.activation = \"leaky_relu\", network.leaky_slope = 0.2 }]\n");
  for (const Sweep* sweep : {&zipped, &listed}) {
    ASSERT_EQ(sweep->size(), 2U);
    EXPECT_EQ(sweep->cell(0).id, parse(run + leaky_zero).cell(0).id);
    EXPECT_EQ(sweep->cell(1).settings.network.leaky_slope, 0.2);
  }
  EXPECT_THAT(error_of(zip + run + names + "\"network.leaky_slope\" = [0.3, 0.2]\n"),
              HasSubstr("network.leaky_slope = 0.3 is given beside \"relu\""));
  EXPECT_THAT(error_of(run + names + "\"network.leaky_slope\" = [0, 0.2]\n"),
              HasSubstr("the axis network.leaky_slope is given beside \"relu\""));
}

TEST(Relu, UnderAnAxisPlaysNoPart) {
  const Sweep sweep = parse(run + relu + "[axes]\n\"network.activation\" = [\"tanh\", \"linear\"]\n");
  EXPECT_EQ(sweep.size(), 2U);
  EXPECT_EQ(sweep.base.network.activation, Activation::tanh);
  EXPECT_EQ(sweep.base.network.leaky_slope, NetworkSettings{}.leaky_slope);
  EXPECT_THAT(sweep.notes, IsEmpty());
}

TEST(Relu, TwiceOnAnAxisIsRefused) {
  EXPECT_THAT(
      error_of(run +
               "[network]\nleaky_slope = 0\n[axes]\n\"network.activation\" = [\"relu\", \"leaky_relu\"]\n"),
      HasSubstr("holds \"leaky_relu\", 0 twice"));
}

TEST(Relu, InCapitalsIsGuessed) {
  EXPECT_THAT(error_of(run, {"network.activation=ReLU"}), HasSubstr("did you mean \"relu\"?"));
  EXPECT_THAT(error_of(run, {"network.activation=LeakyReLU"}), HasSubstr("did you mean \"leaky_relu\"?"));
}

}  // namespace
}  // namespace modsweep
