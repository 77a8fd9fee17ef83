// Trials of engines before one of them runs a sweep, and the table that stores their speeds.
#include "engines/trials.h"

#include "engines/speed_table.h"
#include "run/runner_fixture.h"

#include <deque>
#include <filesystem>
#include <fstream>
#include <limits>
#include <map>
#include <new>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "modsweep/cpu_engine.h"
#include "modsweep/error.h"

namespace modsweep {
namespace {

using testing::HasSubstr;
using testing_support::FakeControl;
using testing_support::FakeEngine;
using testing_support::RunnerTest;

class TrialsTest : public RunnerTest {
 protected:
  TrialsTest() {
    for (const char* name : {"first", "second", "third"}) add(name);
  }

  /// Adds an engine whose control is at the same index of `controls_`.
  void add(const std::string& name) {
    FakeControl& control = controls_.emplace_back();
    control.device = name;
    control.loss = 0.25;
    Contender contender{name, {}};
    contender.engines.push_back(std::make_unique<FakeEngine>(control));
    contenders_.push_back(std::move(contender));
  }

  /// Tries the engines with these speeds in operations per second, by name.
  TrialResult try_them(std::map<std::string, double> flop_per_second) {
    return try_engines(work_, contenders_, [&](const PlanSummary&, Engine& engine) {
      timed_.push_back(engine.device());
      return Calibration{flop_per_second.at(engine.device()), 0.0};
    });
  }

  std::deque<FakeControl> controls_;
  std::vector<Contender> contenders_;
  std::vector<std::string> timed_;
  Sweep sweep_ = sweep(3);
  std::unordered_set<std::uint64_t> finished_;
  DatasetCache datasets_;
  TrialWork work_{sweep_, finished_, datasets_};
};

TEST_F(TrialsTest, TheFastestCarriesTheSweep) {
  const TrialResult result = try_them({{"first", 1e6}, {"second", 4e6}, {"third", 2e6}});
  EXPECT_EQ(result.fastest, 1U);
  EXPECT_EQ(timed_.size(), 3U);
  for (const char* name : {"first ", "second ", "third "}) EXPECT_THAT(result.why, HasSubstr(name));
}

TEST_F(TrialsTest, TheFirstOfEqualOnes) {
  EXPECT_EQ(try_them({{"first", 1e6}, {"second", 1e6}, {"third", 1e6}}).fastest, 0U);
}

TEST_F(TrialsTest, DevicesOfOneKindWorkSideBySide) {
  for (int i = 0; i < 3; ++i) contenders_[1].engines.push_back(std::make_unique<FakeEngine>(controls_[1]));
  work_.max_pack = 1;  // as many packs as cells
  EXPECT_EQ(try_them({{"first", 3e6}, {"second", 1e6}, {"third", 1e6}}).fastest, 1U);
}

TEST_F(TrialsTest, WhatRefusesACellIsPassedOver) {
  controls_[1].refusal = "too wide";
  const TrialResult result = try_them({{"first", 1e6}, {"second", 9e6}, {"third", 2e6}});
  EXPECT_EQ(result.fastest, 2U);
  EXPECT_THAT(result.why, HasSubstr("second cannot be used: "));
  EXPECT_THAT(result.why, HasSubstr("too wide"));
}

TEST_F(TrialsTest, WhatFailsIsPassedOver) {
  controls_[1].on_start = [](std::size_t) { throw IoError("the device fell off the bus"); };
  controls_[2].on_start = [](std::size_t) { throw std::bad_alloc(); };
  const TrialResult result = try_them({{"first", 1e6}, {"second", 9e6}, {"third", 9e6}});
  EXPECT_EQ(result.fastest, 0U);
  EXPECT_THAT(result.why, HasSubstr("second cannot be used: the device fell off the bus"));
  EXPECT_THAT(result.why, HasSubstr("third cannot be used: out of memory"));
}

TEST_F(TrialsTest, WhatComputesSomethingElseIsPassedOver) {
  controls_[1].loss = 0.251;  // by 0.4 %
  controls_[2].loss = std::numeric_limits<double>::quiet_NaN();
  const TrialResult result = try_them({{"first", 1e6}, {"second", 9e6}, {"third", 9e6}});
  EXPECT_EQ(result.fastest, 0U);
  EXPECT_THAT(result.why, HasSubstr("second cannot be used: differs from fake by 0.004"));
  EXPECT_THAT(result.why, HasSubstr("third cannot be used: differs"));
  EXPECT_EQ(timed_, std::vector<std::string>{"first"});
}

TEST_F(TrialsTest, RoundingIsNoDifference) {
  controls_[1].loss *= 1.0 + 1e-5;
  EXPECT_EQ(try_them({{"first", 1e6}, {"second", 9e6}, {"third", 1e6}}).fastest, 1U);
}

TEST_F(TrialsTest, InDoublePrecisionLessIsRounding) {
  sweep_.base.training.precision = Precision::fp64;
  controls_[1].loss *= 1.0 + 1e-5;
  EXPECT_EQ(try_them({{"first", 1e6}, {"second", 9e6}, {"third", 1e6}}).fastest, 0U);
}

TEST_F(TrialsTest, TheFirstWhereNoneCanCarryIt) {
  for (FakeControl& control : controls_) control.refusal = "no";
  EXPECT_EQ(try_them({}).fastest, 0U);
}

TEST_F(TrialsTest, RealEnginesOfOneSourceAgree) {
  contenders_.clear();
  for (const char* name : {"", "x86-64"}) {
    Contender contender{name, {}};
    contender.engines.push_back(make_cpu_engine({.threads = 1, .instruction_set = name}));
    contenders_.push_back(std::move(contender));
  }
  const TrialResult result = try_engines(work_, contenders_, [](const PlanSummary&, Engine& engine) {
    return Calibration{engine.device().find("x86-64") == std::string::npos ? 1e6 : 2e6, 0.0};
  });
  EXPECT_EQ(result.fastest, 1U) << result.why;
}

class SpeedTableTest : public TrialsTest {
 protected:
  [[nodiscard]] std::string file() const { return path("cache/modsweep/speeds.json"); }
};

TEST_F(SpeedTableTest, RemembersFromRunToRun) {
  EXPECT_EQ(SpeedTable(file()).find("a"), std::nullopt);
  SpeedTable(file()).keep("a", {1.5e9, 0.25});
  SpeedTable(file()).keep("b", {2e9, 0.0});
  const auto a = SpeedTable(file()).find("a");
  ASSERT_TRUE(a.has_value());
  EXPECT_EQ(a->flop_per_second, 1.5e9);
  EXPECT_EQ(a->seconds_per_measurement, 0.25);
  EXPECT_TRUE(SpeedTable(file()).find("b").has_value());
}

TEST_F(SpeedTableTest, ADamagedFileIsReplaced) {
  for (const char* text : {"", "{", "[1]", R"({"a": 1})", R"({"a": {"flop_per_second": "fast"}})",
                           R"({"a": {"flop_per_second": -1}})"}) {
    std::filesystem::create_directories(std::filesystem::path(file()).parent_path());
    std::ofstream(file()) << text;
    SpeedTable table(file());
    EXPECT_FALSE(table.find("a").has_value()) << text;
    table.keep("a", {1.0, 2.0});
    EXPECT_TRUE(SpeedTable(file()).find("a").has_value()) << text;
  }
}

TEST_F(SpeedTableTest, WithoutAPlaceForItsFileItLastsAsLongAsTheProgram) {
  std::ofstream(path("file")) << "in the way";
  for (const std::string& place : {std::string(), path("file") + "/speeds.json"}) {
    SpeedTable table(place);
    table.keep("a", {1.0, 2.0});
    EXPECT_TRUE(table.find("a").has_value()) << place;
  }
}

TEST_F(SpeedTableTest, WhatIsKnownIsNotTimedAgain) {
  contenders_.erase(contenders_.begin() + 1, contenders_.end());  // nothing is left to compare it with
  SpeedTable table(file());
  const Timing timing = kept_timing(table, work_, "1.0");
  const TrialResult first = try_engines(work_, contenders_, timing);
  const double steps = controls_[0].network_steps;
  EXPECT_GT(steps, 0.0);
  const TrialResult second = try_engines(work_, contenders_, timing);
  EXPECT_EQ(second.fastest, first.fastest);
  EXPECT_EQ(controls_[0].network_steps, steps);
  (void)try_engines(work_, contenders_, kept_timing(table, work_, "1.1"));
  EXPECT_GT(controls_[0].network_steps, steps) << "another version may be faster";
}

TEST_F(SpeedTableTest, KeysTellWhatSpeedDependsOn) {
  const auto key_of = [&](const Sweep& sweep) {
    const PlanSummary plan = summarize(sweep, finished_, make_workers(contenders_[0].engines), 0, 1);
    return speed_key(sweep, *plan.most_work(), *contenders_[0].engines[0], "1");
  };
  std::set<std::string> keys = {key_of(sweep_)};
  const auto changed = [&](const auto& change) {
    Sweep other = sweep_;
    change(other);
    return key_of(other);
  };
  const auto without_strengths = [](Sweep& s) { s.axes.erase(s.axes.begin() + 1); };
  EXPECT_EQ(keys, std::set<std::string>{changed([](Sweep& s) { s.base.training.steps = 80; })});
  keys.insert(changed([](Sweep& s) { s.base.training.batch_size = 5; }));
  keys.insert(changed([](Sweep& s) { s.base.regularizer.weighted_activity = 0.1; }));
  keys.insert(changed([](Sweep& s) { s.base.regularizer.dropout = 0.1; }));
  keys.insert(changed([](Sweep& s) { s.base.training.precision = Precision::fp64; }));
  keys.insert(changed([&](Sweep& s) {
    without_strengths(s);
    s.base.noise.strength = 0.5;
  }));
  keys.insert(changed([](Sweep& s) { s.axes.erase(s.axes.begin()); }));  // fewer networks at a time
  EXPECT_EQ(keys.size(), 7U);
}

}  // namespace
}  // namespace modsweep
