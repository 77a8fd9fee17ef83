// The fused engine's choice of launch bounds, which must not change its results.
#include "fused/launch_bounds.h"

#include "engine/emulated_fused.h"
#include "support/host_block.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <map>
#include <stdexcept>
#include <thread>

#include <gtest/gtest.h>

namespace modsweep::test {
namespace {

using fused::choose_registers;
using fused::fewer_registers;
using fused::max_registers;
using fused::pack_kind;
using fused::RegisterChoices;

/// A simulated trial; it records the requests to it.
struct MadeUpTrial {
  std::uint32_t blocks_most = 1, blocks_fewer = 2;
  bool same = true;
  std::map<std::uint32_t, std::vector<double>> times = {{max_registers, {100.0}}, {fewer_registers, {50.0}}};
  std::vector<std::uint32_t> timed = {};
  std::size_t compared = 0;

  [[nodiscard]] std::uint32_t blocks(std::uint32_t registers) const {
    return registers == max_registers ? blocks_most : blocks_fewer;
  }
  bool agree() {
    ++compared;
    return same;
  }
  double milliseconds(std::uint32_t registers) {
    const std::vector<double>& known = times.at(registers);
    const auto round = static_cast<std::size_t>(std::count(timed.begin(), timed.end(), registers));
    timed.push_back(registers);
    return known[round % known.size()];
  }
};

TEST(LaunchBounds, FewerRegistersAreTakenWhereTheyAreClearlyFaster) {
  for (const auto& [milliseconds, chosen] : {std::pair{50.0, fewer_registers},
                                             {97.0, fewer_registers},
                                             {98.5, max_registers},
                                             {100.0, max_registers},
                                             {150.0, max_registers}}) {
    MadeUpTrial trial;
    trial.times[fewer_registers] = {milliseconds};
    EXPECT_EQ(choose_registers(trial), chosen) << milliseconds;
    EXPECT_EQ(trial.compared, 1U);
  }
}

TEST(LaunchBounds, TheMedianCountsAndTheyAreTimedInTurn) {
  MadeUpTrial trial;
  trial.times = {{max_registers, {10.0, 900.0, 11.0, 900.0, 12.0}},
                 {fewer_registers, {11.5, 1.0, 1.0, 12.0, 13.0}}};
  EXPECT_EQ(choose_registers(trial), fewer_registers);  // 11.5 of 12
  for (std::size_t i = 0; i < trial.timed.size(); ++i)
    EXPECT_EQ(trial.timed[i], i % 2 == 0 ? max_registers : fewer_registers);
  EXPECT_EQ(trial.timed.size(), 10U);
  trial.timed.clear();
  trial.times[fewer_registers] = {1.0, 12.0, 1.0, 12.0, 13.0};
  EXPECT_EQ(choose_registers(trial), max_registers);
}

TEST(LaunchBounds, WhatLetsNoMoreBlocksWorkIsNotTimed) {
  for (const auto& [most, fewer] : {std::pair{1U, 1U}, {3U, 3U}, {3U, 2U}}) {
    MadeUpTrial trial{.blocks_most = most, .blocks_fewer = fewer};
    EXPECT_EQ(choose_registers(trial), max_registers);
    EXPECT_TRUE(trial.timed.empty());
    EXPECT_EQ(trial.compared, 0U);
  }
}

TEST(LaunchBounds, WhatComputesSomethingElseIsNeverTaken) {
  MadeUpTrial trial{.same = false};
  EXPECT_EQ(choose_registers(trial), max_registers);
}

CellSettings cell_with(std::vector<std::uint32_t> hidden) {
  CellSettings cell;
  cell.network.hidden = std::move(hidden);
  cell.training.batch_size = 20;
  cell.training.steps = 3;
  cell.training.precision = Precision::fp32;
  cell.task.train_samples = 60;
  return cell;
}

Pack pack_of(const CellSettings& cell, std::uint32_t networks) {
  DatasetCache cache;
  Pack pack;
  for (std::uint32_t i = 0; i < networks; ++i) {
    CellSettings own = cell;
    own.training.seed = i;
    pack.add(own, cache.get(own.task));
  }
  return pack;
}

TEST(LaunchBounds, KindsOfPacksDifferInWhatSpeedDependsOn) {
  const CellSettings cell = cell_with({40});
  const auto kind = pack_kind(pack_of(cell, 5));
  EXPECT_EQ(kind, pack_kind(pack_of(cell, 8)));
  EXPECT_NE(kind, pack_kind(pack_of(cell, 4)));
  EXPECT_NE(kind, pack_kind(pack_of(cell, 9)));
  const auto with = [&](const auto& change) {
    CellSettings changed = cell;
    change(changed);
    return pack_kind(pack_of(changed, 5));
  };
  EXPECT_EQ(kind, with([](CellSettings& c) { c.training.learning_rate = 0.5; }));
  EXPECT_EQ(kind, with([](CellSettings& c) { c.regularizer.l2 = 0.5; }));
  EXPECT_NE(kind, with([](CellSettings& c) { c.network.hidden = {41}; }));
  EXPECT_NE(kind, with([](CellSettings& c) { c.network.bias = !c.network.bias; }));
  EXPECT_NE(kind, with([](CellSettings& c) { c.network.activation = Activation::prelu; }));
  EXPECT_NE(kind, with([](CellSettings& c) { c.training.batch_size = 21; }));
  EXPECT_NE(kind, with([](CellSettings& c) { c.training.precision = Precision::fp64; }));
  EXPECT_NE(kind, with([](CellSettings& c) { c.noise.strength = 0.1; }));
  EXPECT_NE(kind, with([](CellSettings& c) { c.regularizer.dropout = 0.1; }));
  EXPECT_NE(kind, with([](CellSettings& c) { c.regularizer.weighted_activity = 0.1; }));
  EXPECT_NE(kind, with([](CellSettings& c) { c.regularizer.activity = 0.1; }));
  EXPECT_NE(kind, with([](CellSettings& c) { c.regularizer.l12 = 0.1; }));
  EXPECT_NE(kind, with([](CellSettings& c) { c.regularizer.l21 = 0.1; }));
}

TEST(LaunchBounds, AChoiceIsMadeOnceForEachKindWhereItDidNotFail) {
  RegisterChoices choices;
  const auto narrow = pack_kind(pack_of(cell_with({40}), 2));
  const auto wide = pack_kind(pack_of(cell_with({41}), 2));
  const auto fails = []() -> std::uint32_t { throw std::runtime_error("no device"); };
  EXPECT_THROW(static_cast<void>(choices.of(narrow, fails)), std::runtime_error);
  EXPECT_EQ(choices.of(narrow, [] { return fewer_registers; }), fewer_registers);
  EXPECT_EQ(choices.of(wide, [] { return max_registers; }), max_registers);
  EXPECT_EQ(choices.of(narrow, fails), fewer_registers);
  EXPECT_EQ(choices.of(wide, fails), max_registers);
}

TEST(LaunchBounds, ThreadsDoNotMeasureAtOnceOrTwice) {
  RegisterChoices choices;
  std::vector<fused::PackKind> kinds;
  for (std::uint32_t width = 1; width <= 3; ++width)
    kinds.push_back(pack_kind(pack_of(cell_with({width}), 2)));
  std::atomic<int> measuring = 0;
  std::atomic<int> measured = 0;
  std::atomic<bool> at_once = false;
  std::atomic<bool> wrong = false;
  std::vector<std::jthread> threads;
  for (std::uint32_t t = 0; t < 8; ++t)
    threads.emplace_back([&, t] {
      for (std::uint32_t i = 0; i < 3; ++i) {
        const std::uint32_t k = (t + i) % 3;
        const std::uint32_t chosen = choices.of(kinds[k], [&] {
          if (++measuring > 1) at_once = true;
          std::this_thread::sleep_for(std::chrono::milliseconds(5));
          --measuring;
          ++measured;
          return k;
        });
        if (chosen != k) wrong = true;
      }
    });
  threads.clear();
  EXPECT_EQ(measured, 3);
  EXPECT_FALSE(at_once);
  EXPECT_FALSE(wrong);
}

/// A training's launches: the register limit of the last one, the number of all, and the number with fewer
/// registers.
struct Launches {
  std::uint32_t last = 0;
  std::size_t all = 0;
  std::size_t fewer = 0;
};

/// The launches of two calls of advance(); the final states are stored in `states`, if given.
Launches launches_of(Engine& engine, HostRegisters& registers, const Pack& pack,
                     std::vector<std::vector<std::byte>>* states = nullptr) {
  registers.launches.clear();
  const auto training = engine.start(pack);
  training->advance(1);
  training->advance(2);
  if (states != nullptr)
    for (std::size_t p = 0; p < pack.size(); ++p) states->push_back(training->save(p));
  const std::vector<std::uint32_t>& launches = registers.launches;
  return {launches.back(), launches.size(),
          static_cast<std::size_t>(std::count(launches.begin(), launches.end(), fewer_registers))};
}

class LaunchBoundsOfTraining : public testing::TestWithParam<fused::Multiplier> {};

TEST_P(LaunchBoundsOfTraining, AreMeasuredOnceAndChangeNoResult) {
  const Pack pack = pack_of(cell_with({40, 40}), 3);
  std::vector<std::vector<std::byte>> unmeasured;
  {
    HostRegisters registers{.multiprocessors = 3};
    const auto engine = make_emulated_fused_engine({.multiplier = GetParam(), .registers = &registers});
    const Launches launches = launches_of(*engine, registers, pack, &unmeasured);
    EXPECT_EQ(launches.all, 2U);  // a multiprocessor for each network: nothing to choose
    EXPECT_EQ(launches.last, max_registers);
  }
  for (const auto& [fewer, misses, chosen] :
       {std::tuple{0.9, false, fewer_registers}, {1.0, false, max_registers}, {0.9, true, max_registers}}) {
    HostRegisters registers{.multiprocessors = 2, .milliseconds_fewer = fewer, .fewer_miss_one = misses};
    const auto engine = make_emulated_fused_engine({.multiplier = GetParam(), .registers = &registers});
    std::vector<std::vector<std::byte>> states;
    const Launches first = launches_of(*engine, registers, pack, &states);
    EXPECT_EQ(states, unmeasured);
    EXPECT_GT(first.all, 2U);
    EXPECT_GT(first.fewer, 0U);
    EXPECT_EQ(first.last, chosen);
    const Launches second = launches_of(*engine, registers, pack);
    EXPECT_EQ(second.all, 2U);
    EXPECT_EQ(second.last, chosen);
    EXPECT_EQ(second.fewer, chosen == fewer_registers ? 2U : 0U);
  }
}

INSTANTIATE_TEST_SUITE_P(Multipliers, LaunchBoundsOfTraining,
                         testing::Values(fused::Multiplier::threads, fused::Multiplier::tensor_cores));

TEST(LaunchBounds, DoublesAndClustersHaveNoChoice) {
  CellSettings cell = cell_with({40, 40});
  HostRegisters registers{.milliseconds_fewer = 0.1};
  const auto clusters = make_emulated_fused_engine({.fewest_ranks = 2, .registers = &registers});
  EXPECT_EQ(launches_of(*clusters, registers, pack_of(cell, 3)).all, 2U);
  cell.training.precision = Precision::fp64;
  const auto blocks = make_emulated_fused_engine({.registers = &registers});
  EXPECT_EQ(launches_of(*blocks, registers, pack_of(cell, 3)).all, 2U);
  cell.training.precision = Precision::fp32;
  EXPECT_EQ(launches_of(*blocks, registers, pack_of(cell, 3)).last, fewer_registers);
}

/// Inspections before and after a trial are of the step that they are asked for.
TEST(LaunchBounds, InspectionsDoNotSeeATrial) {
  const Pack pack = pack_of(cell_with({40, 40}), 3);
  HostRegisters registers{.milliseconds_fewer = 0.1};
  const auto tried = make_emulated_fused_engine({.registers = &registers})->start(pack);
  const auto plain = make_emulated_fused_engine()->start(pack);
  for (int step = 0; step < 2; ++step) {
    for (std::size_t p = 0; p < pack.size(); ++p) {
      EXPECT_EQ(tried->inspect(p).total, plain->inspect(p).total);
      EXPECT_EQ(tried->inspect(p).gradient, plain->inspect(p).gradient);
    }
    tried->advance(1);
    plain->advance(1);
  }
  EXPECT_EQ(registers.launches.back(), fewer_registers);
}

}  // namespace
}  // namespace modsweep::test
