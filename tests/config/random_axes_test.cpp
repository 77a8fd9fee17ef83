// Axes that are drawn at random. The expected values come from a program of its own: Philox4x32-10 and
// XXH3-64 as docs/sweeps.md combines them, written down in Python.
#include "config/parse.h"

#include <set>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>

namespace modsweep {
namespace {

using test::error_of;
using test::parse;
using test::run;
using testing::ElementsAre;
using testing::HasSubstr;
using Points = std::vector<std::string>;

Points points_of(const Sweep& sweep, const std::string& key) {
  Points points;
  for (const Axis& axis : sweep.axes)
    for (std::size_t k = 0; k < axis.keys.size(); ++k)
      if (axis.keys[k] == key)
        for (const auto& point : axis.values) points.push_back(point[k]);
  return points;
}

Points drawn(const std::string& key, const std::string& form) {
  return points_of(parse(fmt::format("{}[axes]\n\"{}\" = {}\n", run, key, form)), key);
}

TEST(RandomAxes, HaveTheValuesThatTheirDefinitionSays) {
  EXPECT_THAT(drawn("noise.strength", "{ loguniform = [1e-3, 1.0], count = 4, seed = 1 }"),
              ElementsAre("0.022200347788", "0.0559036073239", "0.132668876494", "0.155603982273"));
  EXPECT_THAT(drawn("noise.exponent", "{ uniform = [0, 2], count = 3 }"),
              ElementsAre("0.960263157158", "0.636792906333", "0.417302951186"));
  EXPECT_THAT(drawn("noise.exponent", "{ uniform = [0, 2], count = 3, seed = 1 }"),
              ElementsAre("0.197939683781", "0.0433930216741", "1.48463225507"));
  EXPECT_THAT(drawn("task.train_samples", "{ loguniform = [10, 1000], count = 5 }"),
              ElementsAre("93", "349", "19", "40", "54"));
}

TEST(RandomAxes, RepeatNoIntegerUnlessZipped) {
  EXPECT_THAT(drawn("task.inputs", "{ uniform = [2, 9], count = 8, seed = 3 }"),
              ElementsAre("3", "5", "6", "7", "4", "2", "8", "9"));
  const Sweep zipped = parse("zip = [[\"task.inputs\", \"noise.strength\"]]\n" + run +
                             "[axes]\n\"task.inputs\" = { uniform = [2, 9], count = 8, seed = 3 }\n"
                             "\"noise.strength\" = { loguniform = [1e-3, 1], count = 8 }\n");
  EXPECT_EQ(zipped.size(), 8U);
  EXPECT_THAT(points_of(zipped, "task.inputs"), ElementsAre("3", "5", "6", "7", "6", "7", "4", "2"));
}

TEST(RandomAxes, OfMorePointsBeginWithThoseOfFewer) {
  for (const char* key : {"noise.strength", "task.train_samples"}) {
    const Points few = drawn(key, "{ loguniform = [1, 1000], count = 20, seed = 7 }");
    const Points many = drawn(key, "{ loguniform = [1, 1000], count = 50, seed = 7 }");
    EXPECT_EQ(Points(many.begin(), many.begin() + 20), few) << key;
    EXPECT_EQ(std::set<std::string>(many.begin(), many.end()).size(), 50U) << key;
  }
}

TEST(RandomAxes, CoverTheirRangeEvenly) {
  const Points points = drawn("noise.exponent", "{ uniform = [1, 3], count = 10000, seed = 2 }");
  std::vector<int> bins(10);
  for (const std::string& point : points) {
    const double value = std::stod(point);
    ASSERT_GE(value, 1.0);
    ASSERT_LE(value, 3.0);
    ++bins[static_cast<std::size_t>(std::min((value - 1.0) * 5.0, 9.0))];
  }
  for (const int bin : bins) EXPECT_NEAR(bin, 1000, 120);  // four standard deviations
}

TEST(RandomAxes, OfOneSeedAreIndependent) {
  const Points first = drawn("noise.strength", "{ uniform = [0, 2], count = 1000 }");
  const Points second = drawn("noise.exponent", "{ uniform = [0, 2], count = 1000 }");
  double sum = 0.0;
  for (std::size_t i = 0; i < first.size(); ++i)
    sum += (std::stod(first[i]) - 1) * (std::stod(second[i]) - 1);
  EXPECT_NEAR(sum / 1000 * 3, 0.0, 4 / std::sqrt(1000.0));  // the correlation
}

TEST(RandomAxes, AreWhatTheirValuesAre) {
  const Sweep random = parse(run + "[axes]\n\"noise.exponent\" = { uniform = [0, 2], count = 2 }\n");
  const Sweep list = parse(run + "[axes]\n\"noise.exponent\" = [0.960263157158, 0.636792906333]\n");
  EXPECT_EQ(random.id(), list.id());
  EXPECT_EQ(random.cell(1).id, list.cell(1).id);
  const Sweep set = parse(run, {"noise.exponent={uniform=[0,2],count=2}"});
  EXPECT_EQ(set.id(), list.id());
}

TEST(RandomAxes, AreRefusedWithARemedy) {
  const std::vector<std::pair<const char*, const char*>> cases = {
      {"\"noise.strength\" = { uniform = [0, 1] }", "has no count; write { uniform"},
      {"\"noise.strength\" = { uniform = [0, 1], count = 0 }",
       "count of the axis noise.strength is 0; give at least 1"},
      {"\"noise.strength\" = { uniform = [1, 0], count = 3 }", "goes from 1 to 0; give the lower end first"},
      {"\"noise.strength\" = { uniform = [1, 1], count = 3 }", "give the lower end first"},
      {"\"noise.strength\" = { uniform = [-1, 1], count = 3 }", "noise.strength = -1, which is out of range"},
      {"\"noise.strength\" = { loguniform = [0, 1], count = 3 }", "not positive; both ends must be above 0"},
      {"\"noise.strength\" = { uniform = [0, 1], count = 3, seed = -1 }",
       "seed of the axis noise.strength is -1"},
      {"\"noise.strength\" = { uniform = [0, 1], count = 3, seed = 0.5 }",
       "seed of the axis noise.strength is"},
      {"\"noise.strength\" = { linspace = [0, 1], count = 3, seed = 1 }", "unknown key seed beside linspace"},
      {"\"noise.strength\" = { uniform = [0, 1], loguniform = [1, 2], count = 3 }",
       "has both uniform and loguniform"},
      {"\"noise.strength\" = { uniform = [0, inf], count = 3 }", "give a finite number"},
      {"\"task.inputs\" = { uniform = [2.5, 9], count = 3 }", "give an integer"},
      {"\"task.inputs\" = { uniform = [2, 4], count = 4 }",
       "has only 3 different values between 2 and 4; lower"},
      {"\"noise.site\" = { uniform = [0, 1], count = 2 }", "takes no uniform; list its values"},
      {"\"noise.strength\" = { uniform = [0, 1], count = 2000000 }", "has 2000000 values, more than 1000000"},
  };
  for (const auto& [axis, message] : cases)
    EXPECT_THAT(error_of(fmt::format("{}[axes]\n{}\n", run, axis)), HasSubstr(message)) << axis;
}

}  // namespace
}  // namespace modsweep
