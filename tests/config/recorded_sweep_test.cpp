// Sweeps as stores record them.
#include "config/parse.h"

#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gmock/gmock.h>

namespace modsweep::test {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

std::string object(const CellSettings& settings) {
  std::vector<std::string> members;
  for (const SettingValue& value : canonical_settings(settings))
    members.push_back(fmt::format(R"("{}":{})", value.key, value.json));
  return fmt::format("{{{}}}", fmt::join(members, ","));
}

std::string list(const std::vector<Axis>& axes) {
  std::vector<std::string> texts;
  for (const Axis& axis : axes) {
    std::vector<std::string> points;
    for (const auto& point : axis.values) points.push_back(fmt::format("[{}]", fmt::join(point, ",")));
    texts.push_back(fmt::format(R"({{"keys":["{}"],"values":[{}]}})", fmt::join(axis.keys, R"(",")"),
                                fmt::join(points, ",")));
  }
  return fmt::format("[{}]", fmt::join(texts, ","));
}

TEST(RecordedSweep, IsTheSweepThatWasRecorded) {
  const Sweep sweep = parse("zip = [[\"noise.strength\", \"noise.exponent\"]]\n" + run +
                            "learning_rate = 3e-05\n[axes]\n\"noise.strength\" = [0.1, 1e-3]\n"
                            "\"noise.exponent\" = [0, 2]\n\"network.hidden\" = [[4], [4, 4]]\n"
                            "\"network.activation\" = [\"tanh\", \"prelu\"]\n");
  const Sweep recorded = recorded_sweep("sweep", object(sweep.cell(0).settings), list(sweep.axes));
  EXPECT_EQ(recorded.id(), sweep.id());
  ASSERT_EQ(recorded.size(), sweep.size());
  for (std::uint64_t i = 0; i < sweep.size(); ++i) EXPECT_EQ(recorded.cell(i).id, sweep.cell(i).id);
}

TEST(RecordedSweep, OfAnotherProgramIsRefused) {
  const auto record = [](const std::string& base, const std::string& axes) {
    return [=] { (void)recorded_sweep("s", base, axes); };
  };
  EXPECT_THAT(record(R"({"task.colour":1})", "[]"), ThrowsMessage<InputError>(HasSubstr("task.colour = 1")));
  EXPECT_THAT(record(R"({"task.inputs":"two"})", "[]"), ThrowsMessage<InputError>(HasSubstr("task.inputs")));
  for (const char* base : {"", "[", "1"}) EXPECT_THROW(record(base, "[]")(), InputError) << base;
  for (const char* axes : {"", "{", "[1]", R"([{"keys":["a"]}])", R"([{"keys":["a","b"],"values":[[1]]}])"})
    EXPECT_THROW(record("{}", axes)(), InputError) << axes;
}

TEST(RealSetting, IsANumberThatNeedNotBeWhole) {
  for (const char* real : {"noise.exponent", "noise.strength", "training.learning_rate", "task.fan_fraction"})
    EXPECT_TRUE(is_real_setting(real)) << real;
  for (const char* other : {"task.inputs", "training.seed", "network.hidden", "network.activation",
                            "measure.leaks", "test_loss", ""})
    EXPECT_FALSE(is_real_setting(other)) << other;
}

TEST(VisitedSettings, AreAllCombinationsOfTheTablesThatWereNamed) {
  const Sweep sweep = parse(run +
                            "[axes]\n\"training.seed\" = { range = [0, 1000] }\n"
                            "\"measure.partition\" = [false, true]\n\"task.inputs\" = [2, 3, 4]\n");
  std::set<std::pair<bool, std::uint32_t>> seen;
  std::size_t visits = 0;
  const auto visit = [&](const CellSettings& cell) {
    seen.insert({cell.measure.partition, cell.task.inputs});
    ++visits;
  };
  EXPECT_TRUE(visit_settings(sweep, {"measure", "task"}, visit));
  EXPECT_EQ(seen.size(), 6U);
  EXPECT_EQ(visits, 6U);
  visits = 0;
  EXPECT_TRUE(visit_settings(sweep, {"measure"}, visit));
  EXPECT_EQ(visits, 2U);
  const Sweep many = parse(run + "[axes]\n\"task.seed\" = { range = [0, 5000] }\n");
  visits = 0;
  EXPECT_FALSE(visit_settings(many, {"task"}, visit));
  EXPECT_EQ(visits, 0U);
}

}  // namespace
}  // namespace modsweep::test
