// Laws for every engine: what a network's result may depend on, and what it may not.
#include "engine/engines_under_test.h"

#include <cmath>

#include <gtest/gtest.h>

#include "modsweep/names.h"
#include "modsweep/state.h"
#include "modsweep/task.h"

namespace modsweep::test {
namespace {

/// Cells that differ in every setting that may differ within a pack.
std::vector<CellSettings> mixed_cells(std::size_t count, Precision precision) {
  std::vector<CellSettings> cells;
  for (std::size_t i = 0; i < count; ++i) {
    CellSettings cell;
    cell.network.hidden = {9, 12};
    cell.training.steps = 60 + 7 * (i % 3);
    cell.training.batch_size = 50;
    cell.training.seed = static_cast<std::uint32_t>(i);
    cell.training.precision = precision;
    cell.training.shuffle = i % 5 == 1;
    cell.training.learning_rate = 1e-3 * static_cast<double>(1 + i % 4);
    cell.training.optimizer = i % 7 == 3 ? Optimizer::sgd : i % 7 == 5 ? Optimizer::adamw : Optimizer::adam;
    cell.training.momentum = 0.9;
    cell.training.weight_decay = i % 7 == 5 ? 0.1 : 0.0;
    cell.training.schedule = EnumNames<Schedule>::table[i % 3].first;
    cell.training.schedule_minimum = 1e-4;
    cell.training.step_size = 5;
    cell.training.warmup_steps = i % 4 < 2 ? 12 : 0;
    cell.task.train_samples = 120 + 30 * static_cast<std::uint32_t>(i % 2);
    cell.task.test_samples = 300;
    cell.noise.strength = i % 3 == 0 ? 0.1 : 0.0;
    cell.noise.exponent = static_cast<double>(i % 4) * 0.75;
    cell.regularizer.weighted_activity = i % 2 == 0 ? 1e-3 : 0.0;
    cell.regularizer.l2 = 1e-4;
    cell.regularizer.dropout = i % 6 == 5 ? 0.05 : 0.0;
    cells.push_back(cell);
  }
  return cells;
}

Pack pack_of(const std::vector<CellSettings>& cells, DatasetCache& cache) {
  Pack pack;
  for (const CellSettings& cell : cells) pack.add(cell, cache.get(cell.task));
  return pack;
}

/// Everything observable about a network, for bitwise comparisons.
struct Outcome {
  std::vector<double> weights;
  double train = 0.0, test = 0.0, noisy = 0.0;
  std::uint64_t step = 0;
  std::optional<std::uint64_t> diverged;
  std::vector<std::byte> state;
  bool operator==(const Outcome&) const = default;
};

std::vector<Outcome> outcomes(Training& training, std::size_t count) {
  const auto train = training.evaluate(Split::train, {});
  const auto test = training.evaluate(Split::test, {});
  const auto noisy = training.evaluate(Split::test, {0.1, 2.0});
  std::vector<Outcome> out;
  for (std::size_t i = 0; i < count; ++i)
    out.push_back({training.weights(i).values, train[i].mse, test[i].mse, noisy[i].mse, training.step(i),
                   training.diverged(i), training.save(i)});
  return out;
}

std::vector<Outcome> run(Engine& engine, const std::vector<CellSettings>& cells, DatasetCache& cache) {
  const auto training = engine.start(pack_of(cells, cache));
  training->advance(1000);
  return outcomes(*training, cells.size());
}

class Laws : public testing::TestWithParam<EngineCase> {
 protected:
  void SetUp() override {
    if (!GetParam().engine.available()) GTEST_SKIP() << "this machine cannot run " << GetParam().engine.name;
  }
  DatasetCache cache_;
};

TEST_P(Laws, ANetworkAloneEqualsItselfInPacksOfAnySizeAndOnAnyNumberOfThreads) {
  const auto [under_test, precision] = GetParam();
  const auto cells = mixed_cells(64, precision);
  const auto alone_engine = under_test.make(1);
  const auto crowd_engine = under_test.make(2);
  const auto crowd = run(*crowd_engine, cells, cache_);
  const auto seven = run(*alone_engine, std::vector(cells.begin(), cells.begin() + 7), cache_);
  const auto expect_same = [&](const Outcome& a, const Outcome& b) {
    if (under_test.exact_in_any_pack) {
      EXPECT_EQ(a, b);
      return;
    }
    // Rounding differs from the first step on, and noise with small exponents amplifies the difference over
    // tens of steps.
    EXPECT_LE(relative_distance(a.weights, b.weights), precision == Precision::fp64 ? 1e-8 : 1e-2);
    EXPECT_EQ(a.step, b.step);
    EXPECT_EQ(a.diverged, b.diverged);
  };
  for (const std::size_t i : {0U, 1U, 5U, 6U, 31U, 63U}) {
    SCOPED_TRACE(i);
    if (i < 7) expect_same(crowd[i], seven[i]);
    expect_same(crowd[i], run(*alone_engine, {cells[i]}, cache_)[0]);
  }
}

TEST_P(Laws, PermutingCellsPermutesResults) {
  const auto [under_test, precision] = GetParam();
  const auto cells = mixed_cells(13, precision);
  const auto engine = under_test.make(2);
  const auto forward = run(*engine, cells, cache_);
  const auto backward = run(*engine, std::vector(cells.rbegin(), cells.rend()), cache_);
  for (std::size_t i = 0; i < cells.size(); ++i) EXPECT_EQ(forward[i], backward[cells.size() - 1 - i]) << i;
}

TEST_P(Laws, ResumedEqualsUnbroken) {
  const auto [under_test, precision] = GetParam();
  const auto cells = mixed_cells(7, precision);
  const auto engine = under_test.make(2);
  const auto unbroken = run(*engine, cells, cache_);
  // The warm-up ends at step 12, the first decay is at step 5 or 17.
  for (const std::uint64_t at : {0U, 1U, 4U, 5U, 6U, 11U, 12U, 13U, 16U, 17U, 18U, 59U}) {
    const auto first = engine->start(pack_of(cells, cache_));
    first->advance(at);
    // In the other order: each state is restored at its cell's new position.
    const std::vector<CellSettings> reversed(cells.rbegin(), cells.rend());
    const auto second = engine->start(pack_of(reversed, cache_));
    for (std::size_t i = 0; i < cells.size(); ++i) second->restore(cells.size() - 1 - i, first->save(i));
    second->advance(5);
    second->advance(1000);
    const auto resumed = outcomes(*second, cells.size());
    for (std::size_t i = 0; i < cells.size(); ++i)
      EXPECT_EQ(unbroken[i], resumed[cells.size() - 1 - i]) << "cell " << i << " interrupted at " << at;
  }
}

TEST_P(Laws, DivergingNeighborsChangeNothing) {
  const auto [under_test, precision] = GetParam();
  const auto healthy = mixed_cells(16, precision);
  auto mixed = healthy;
  for (std::size_t i = 0; i < mixed.size(); i += 2) {
    mixed[i].training.learning_rate = 1e3;
    mixed[i].training.optimizer = Optimizer::sgd;
  }
  const auto engine = under_test.make(2);
  const auto alone = run(*engine, healthy, cache_);
  const auto together = run(*engine, mixed, cache_);
  for (std::size_t i = 0; i < mixed.size(); ++i) {
    if (i % 2 == 1) {
      EXPECT_EQ(alone[i], together[i]) << i;
      EXPECT_FALSE(together[i].diverged);
    } else {
      ASSERT_TRUE(together[i].diverged) << i;
      EXPECT_GE(*together[i].diverged, 2U);  // the first loss is finite
      EXPECT_EQ(*together[i].diverged, together[i].step + 1);
    }
  }
}

TEST_P(Laws, TrainingStopsAtEachNetworksOwnTotal) {
  const auto [under_test, precision] = GetParam();
  const auto cells = mixed_cells(6, precision);
  const auto training = under_test.make(1)->start(pack_of(cells, cache_));
  training->advance(61);
  for (std::size_t i = 0; i < cells.size(); ++i)
    EXPECT_EQ(training->step(i), std::min<std::uint64_t>(61, total_steps(cells[i])));
  training->advance(1000);
  for (std::size_t i = 0; i < cells.size(); ++i) EXPECT_EQ(training->step(i), total_steps(cells[i]));
}

TEST_P(Laws, AStoppedNetworkStaysAsItIsAndLeavesTheOthersAlone) {
  const auto [under_test, precision] = GetParam();
  const auto cells = mixed_cells(7, precision);
  const auto engine = under_test.make(2);
  const auto unbroken = run(*engine, cells, cache_);
  const auto training = engine->start(pack_of(cells, cache_));
  training->advance(20);
  const auto at_20 = outcomes(*training, cells.size());
  for (const std::size_t i : {1U, 3U, 4U}) training->stop(i);
  training->advance(1000);
  const auto ended = outcomes(*training, cells.size());
  for (std::size_t i = 0; i < cells.size(); ++i)
    EXPECT_EQ(ended[i], i == 1 || i == 3 || i == 4 ? at_20[i] : unbroken[i]) << i;
}

TEST_P(Laws, TheLossFalls) {
  const auto [under_test, precision] = GetParam();
  CellSettings cell;
  cell.training.steps = 2000;
  cell.training.precision = precision;
  cell.regularizer.l2 = 1e-4;
  const auto training = under_test.make(1)->start(pack_of({cell}, cache_));
  const double before = training->evaluate(Split::test, {})[0].mse;
  training->advance(2000);
  EXPECT_LT(training->evaluate(Split::test, {})[0].mse, 0.05 * before);
}

TEST_P(Laws, AStateThatIsNotFiniteIsSeenWhereTheLossesAreFinite) {
  const auto [under_test, precision] = GetParam();
  auto cells = mixed_cells(2, precision);
  cells[0].noise = {};
  cells[0].regularizer = {};
  cells[0].training.optimizer = Optimizer::adam;
  cells[1] = cells[0];
  // The square of its gradient, in the second moment, exceeds the range of the precision.
  cells[1].regularizer.l2 = precision == Precision::fp64 ? 1e200 : 1e30;
  const auto training = under_test.make(1)->start(pack_of(cells, cache_));
  EXPECT_TRUE(is_finite_state(training->save(1)));
  training->advance(3);
  EXPECT_FALSE(training->diverged(1));
  EXPECT_TRUE(std::isfinite(training->evaluate(Split::train, {})[1].mse));
  EXPECT_TRUE(is_finite_state(training->save(0)));
  EXPECT_FALSE(is_finite_state(training->save(1)));
}

TEST_P(Laws, AForeignStateIsRefused) {
  const auto [under_test, precision] = GetParam();
  auto cells = mixed_cells(1, precision);
  const auto training = under_test.make(1)->start(pack_of(cells, cache_));
  auto state = training->save(0);
  state.pop_back();
  EXPECT_ANY_THROW(training->restore(0, state));
  EXPECT_ANY_THROW(training->restore(0, {}));
  cells[0].network.hidden = {9, 13};
  const auto other = under_test.make(1)->start(pack_of(cells, cache_));
  EXPECT_ANY_THROW(training->restore(0, other->save(0)));
}

INSTANTIATE_TEST_SUITE_P(Engines, Laws, testing::ValuesIn(engine_cases()),
                         [](const auto& test_info) { return engine_case_name(test_info.param); });

}  // namespace
}  // namespace modsweep::test
