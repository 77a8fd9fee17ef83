// Packs: every unfinished cell once, in grid order, one key per pack, and no more cells in memory than
// needed.
#include "plan/planner.h"

#include "plan/schedule.h"
#include "plan/summary.h"
#include "run/fake_engine.h"

#include <map>
#include <ostream>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "modsweep/error.h"

namespace modsweep {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::ThrowsMessage;
using testing_support::FakeControl;
using testing_support::FakeEngine;

std::vector<std::vector<std::string>> points(int count, const std::string& prefix = "",
                                             const std::string& suffix = "") {
  std::vector<std::vector<std::string>> values;
  for (int i = 0; i < count; ++i) values.push_back({prefix + std::to_string(i) + suffix});
  return values;
}

Sweep seeds(int count) {
  Sweep sweep;
  sweep.name = "test";
  sweep.base.training.steps = 10;
  sweep.axes = {{{"training.seed"}, points(count)}};
  return sweep;
}

/// Two shapes, two batch sizes, `count` seeds; the shape varies fastest, so that packs fill up in turn.
Sweep mixed(int count) {
  Sweep sweep = seeds(count);
  sweep.axes.push_back({{"training.batch_size"}, {{"100"}, {"200"}}});
  sweep.axes.push_back({{"network.hidden"}, {{"[8]"}, {"[8,8]"}}});
  return sweep;
}

std::vector<std::vector<Cell>> all_packs(const Sweep& sweep,
                                         const std::unordered_set<std::uint64_t>& finished, std::size_t limit,
                                         std::size_t max_open = 65536) {
  PackPlanner planner(sweep, finished, nullptr, max_open);
  const auto same = [limit](const PackKey&) { return limit; };
  std::vector<std::vector<Cell>> packs;
  while (auto pack = planner.next(same)) packs.push_back(std::move(*pack));
  EXPECT_FALSE(planner.next(same).has_value());
  return packs;
}

struct Case {
  int seeds;
  std::size_t limit;
  std::size_t max_open;
};

void PrintTo(const Case& c, std::ostream* out) {
  *out << c.seeds << " seeds, packs of " << c.limit << ", at most " << c.max_open << " open";
}

class PackTest : public testing::TestWithParam<Case> {};

TEST_P(PackTest, HandsOutEveryCellOnceInPacksOfOneKey) {
  const auto [count, limit, max_open] = GetParam();
  const Sweep sweep = mixed(count);
  std::map<std::string, int> seen;
  std::map<std::string, int> small;
  for (const auto& pack : all_packs(sweep, {}, limit, max_open)) {
    ASSERT_FALSE(pack.empty());
    EXPECT_LE(pack.size(), limit);
    const PackKey key = pack_key(pack.front().settings);
    if (pack.size() < limit) ++small[key.text()];
    for (const Cell& cell : pack) {
      EXPECT_EQ(pack_key(cell.settings), key);
      ++seen[cell.id];
    }
  }
  EXPECT_EQ(seen.size(), sweep.size());
  for (const auto& [id, times] : seen) EXPECT_EQ(times, 1) << id;
  if (max_open <= 4 * limit) return;
  for (const auto& [key, packs] : small) EXPECT_EQ(packs, 1) << key << ": only its last pack may be smaller";
}

INSTANTIATE_TEST_SUITE_P(Cases, PackTest,
                         testing::Values(Case{1, 1, 65536}, Case{1, 64, 65536}, Case{63, 64, 65536},
                                         Case{64, 64, 65536}, Case{65, 64, 65536}, Case{97, 13, 65536},
                                         Case{97, 13, 5}, Case{97, 13, 1}));

TEST(PackPlanner, KeepsGridOrder) {
  const Sweep sweep = seeds(101);
  std::uint64_t index = 0;
  for (const auto& pack : all_packs(sweep, {}, 7))
    for (const Cell& cell : pack) EXPECT_EQ(cell.id, sweep.cell(index++).id);
  EXPECT_EQ(index, 101u);
}

TEST(PackPlanner, LeavesOutFinishedCells) {
  const Sweep sweep = seeds(101);
  std::unordered_set<std::uint64_t> finished;
  for (std::uint64_t i = 0; i < 101; i += 3) finished.insert(cell_number(sweep.cell(i)));
  std::vector<std::uint32_t> left;
  for (const auto& pack : all_packs(sweep, finished, 5))
    for (const Cell& cell : pack) left.push_back(cell.settings.training.seed);
  std::vector<std::uint32_t> expected;
  for (std::uint32_t i = 0; i < 101; ++i)
    if (i % 3 != 0) expected.push_back(i);
  EXPECT_EQ(left, expected);
}

TEST(PackPlanner, StartsWithoutWalkingTheGrid) {
  Sweep sweep = seeds(1000);
  sweep.axes.push_back({{"noise.strength"}, points(1000, "0.", "1")});
  sweep.axes.push_back({{"task.seed"}, points(1000)});
  ASSERT_EQ(sweep.size(), 1'000'000'000u);
  const std::unordered_set<std::uint64_t> none;
  PackPlanner planner(sweep, none);
  for (int i = 0; i < 10; ++i)
    EXPECT_EQ(planner.next([](const PackKey&) { return std::size_t{64}; }).value().size(), 64u);
}

TEST(PackPlanner, KeepsToTheLimitOfWhoAsks) {
  const Sweep sweep = mixed(100);  // four keys in turn
  const std::unordered_set<std::uint64_t> none;
  PackPlanner planner(sweep, none);
  std::set<std::string> seen;
  for (const std::size_t limit : {40U, 7U, 7U, 1U, 13U, 100U, 3U}) {
    const auto pack = planner.next([&](const PackKey&) { return limit; });
    ASSERT_EQ(pack.value().size(), limit);
    for (const Cell& cell : *pack) EXPECT_TRUE(seen.insert(cell.id).second);
  }
  while (const auto pack = planner.next([&](const PackKey&) { return std::size_t{11}; })) {
    EXPECT_LE(pack->size(), 11U);
    for (const Cell& cell : *pack) EXPECT_TRUE(seen.insert(cell.id).second);
  }
  EXPECT_EQ(seen.size(), sweep.size());
}

TEST(PackPlanner, KeysTellShapesApart) {
  CellSettings base;
  base.network.hidden = {8};
  std::set<std::string> texts = {pack_key(base).text()};
  const auto add = [&](auto change) {
    CellSettings other = base;
    change(other);
    EXPECT_FALSE(pack_key(other) == pack_key(base));
    EXPECT_TRUE(texts.insert(pack_key(other).text()).second) << pack_key(other).text();
  };
  add([](CellSettings& c) { c.network.hidden = {9}; });
  add([](CellSettings& c) { c.network.bias = false; });
  add([](CellSettings& c) { c.network.activation = Activation::prelu; });
  add([](CellSettings& c) { c.network.groups = {2, 2}; });
  add([](CellSettings& c) { c.training.batch_size = 100; });
  add([](CellSettings& c) { c.training.precision = Precision::fp64; });
  CellSettings same = base;
  same.training.learning_rate = 0.5;
  same.noise.strength = 1.0;
  same.task.train_samples = 17;
  same.task.seed = 3;
  EXPECT_EQ(pack_key(same), pack_key(base));
}

TEST(PackLimit, IsTheSmallestOfPreferenceMemoryAndOption) {
  FakeControl control{.preferred_pack = 64, .bytes_per_network = 1000};
  FakeEngine engine(control);
  const PackKey key = pack_key(CellSettings{});
  const auto limit = [&](std::size_t memory, std::size_t max_pack) {
    return pack_limit({engine, "", memory}, key, max_pack);
  };
  EXPECT_EQ(limit(64'000, 0), 64u);
  EXPECT_EQ(limit(63'999, 0), 63u);
  EXPECT_EQ(limit(10, 0), 1u);
  EXPECT_EQ(limit(63'999, 7), 7u);
  control.refusal = "it is too wide";
  EXPECT_THAT([&] { (void)limit(64'000, 0); },
              testing::ThrowsMessage<InputError>(
                  testing::AllOf(testing::HasSubstr("it is too wide"), testing::HasSubstr("4-32-32-32-4"))));
}

TEST(EvenPack, GivesEveryWorkerAsManyEqualPacks) {
  EXPECT_EQ(even_pack(1000, 64, 1), 64u);
  EXPECT_EQ(even_pack(600, 4096, 2), 300u);
  EXPECT_EQ(even_pack(601, 4096, 2), 301u);
  EXPECT_EQ(even_pack(10'000, 4096, 2), 2500u);
  EXPECT_EQ(even_pack(3, 64, 8), 1u);
  EXPECT_EQ(even_pack(0, 64, 2), 64u);
  for (const std::uint64_t cells : {1U, 17U, 640U, 641U, 12'345U})
    for (const std::size_t workers : {2U, 3U, 8U}) {
      const std::size_t size = even_pack(cells, 64, workers);
      EXPECT_GE(size, 1u);
      EXPECT_LE(size, 64u);
      EXPECT_LE((cells + size - 1) / size, (cells + 64 * workers - 1) / (64 * workers) * workers);
    }
}

TEST(Summary, PlansPacksThatEveryWorkerCanTake) {
  FakeControl first{.preferred_pack = 64, .bytes_per_network = 1000};
  FakeControl second{.preferred_pack = 32, .bytes_per_network = 1000};
  FakeEngine one(first);
  FakeEngine other(second);
  const auto size = [&](std::vector<Worker> workers) {
    return summarize(seeds(640), {}, workers, 0, 1).shapes.front().pack_size;
  };
  EXPECT_EQ(size({{one, "", 50'000}, {other, "", 50'000}}), 32u);
  EXPECT_EQ(size({{one, "", 20'000}, {other, "", 50'000}}), 20u);
  EXPECT_THROW((void)summarize(seeds(3), {}, {}, 0, 1), LogicError);
}

TEST(Summary, EqualsSumsOverCells) {
  Sweep sweep = mixed(37);
  sweep.base.task.train_samples = 250;
  sweep.base.measure.every_steps = 3;
  std::unordered_set<std::uint64_t> finished;
  for (std::uint64_t i = 0; i < sweep.size(); i += 5) finished.insert(cell_number(sweep.cell(i)));
  FakeControl control{.preferred_pack = 10, .bytes_per_network = 1000};
  FakeEngine engine(control);
  const std::vector<Worker> workers = {{engine, "", 1'000'000}};
  for (const std::size_t threads : {std::size_t{1}, std::size_t{3}}) {
    const PlanSummary summary = summarize(sweep, finished, workers, 0, threads);
    EXPECT_EQ(summary.cells, 148u);
    EXPECT_EQ(summary.finished, 30u);
    EXPECT_EQ(summary.left(), 118u);
    double flop = 0.0;
    double measurements = 0.0;
    std::map<std::string, std::uint64_t> cells;
    for (std::uint64_t i = 0; i < sweep.size(); ++i) {
      const Cell cell = sweep.cell(i);
      if (finished.contains(cell_number(cell))) continue;
      const PackKey key = pack_key(cell.settings);
      const double weights = key.shape.hidden_layers() == 1 ? 8 * 4 + 4 * 8 : 8 * 4 + 8 * 8 + 4 * 8;
      flop += 6.0 * weights * samples_in_steps(cell.settings, 10);
      measurements += 4.0;  // 3, 6, 9, 10
      ++cells[key.text()];
    }
    EXPECT_EQ(summary.flop(), flop);
    EXPECT_EQ(summary.steps(), 1180.0);
    EXPECT_EQ(summary.measurements, measurements);
    ASSERT_EQ(summary.shapes.size(), 4u);
    std::uint64_t packs = 0;
    for (const ShapePlan& shape : summary.shapes) {
      EXPECT_EQ(shape.cells, cells[shape.key.text()]);
      packs += (shape.cells + 9) / 10;
    }
    EXPECT_EQ(summary.packs(), packs);
    EXPECT_EQ(summary.memory_bytes(), 10'000.0);
    EXPECT_GT(summary.store_bytes, 0.0);
    EXPECT_DOUBLE_EQ(summary.seconds(1e6), flop / 1e6);
    EXPECT_EQ(summary.shapes.front().first_index, 1u);  // cell 0 is finished
  }
}

TEST(Summary, RefusesWhatCannotBeTrained) {
  FakeControl control;
  control.refusal = "no such kernel";
  FakeEngine engine(control);
  const std::vector<Worker> workers = {{engine, "", 1'000'000}};
  EXPECT_THROW((void)summarize(seeds(3), {}, workers, 0, 2), InputError);
}

TEST(Summary, RefusesWhatNoStoreCanKeep) {
  FakeControl control;
  FakeEngine engine(control);
  const std::vector<Worker> workers = {{engine, "", 1'000'000}};
  const auto summarized = [&](std::uint32_t width, Precision precision) {
    Sweep sweep = seeds(3);
    sweep.base.network.hidden = {width, width};
    sweep.base.training.precision = precision;
    return summarize(sweep, {}, workers, 0, 2).shapes.front().parameters;
  };
  // Three arrays, by hand: 12 bytes for each of (4 + 1) w + (w + 1) w + (w + 1) 4 parameters, or 24; a value
  // in a store has at most 10^9 bytes.
  EXPECT_EQ(summarized(9123, Precision::fp32), 83'320'363u);
  EXPECT_EQ(summarized(6449, Precision::fp64), 41'654'095u);
  EXPECT_THAT([&] { (void)summarized(9124, Precision::fp32); },
              ThrowsMessage<InputError>(AllOf(HasSubstr("4-9124-9124-4"), HasSubstr("use smaller layers"))));
  EXPECT_THAT([&] { (void)summarized(6450, Precision::fp64); },
              ThrowsMessage<InputError>(AllOf(HasSubstr("4-6450-6450-4"), HasSubstr("fp32"))));
}

}  // namespace
}  // namespace modsweep
