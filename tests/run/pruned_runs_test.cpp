// Pruned networks in a run: counts at every pruning, zeros that stay, and the same bits after stops.
#include "run/runner_fixture.h"

#include <cmath>
#include <string>
#include <vector>

#include <SQLiteCpp/SQLiteCpp.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "modsweep/cpu_engine.h"
#include "modsweep/error.h"
#include "modsweep/pruning.h"

namespace modsweep {
namespace {

using testing::HasSubstr;
using testing_support::RunnerTest;

class PrunedRuns : public RunnerTest {
 protected:
  PrunedRuns() {
    cpu_.push_back(make_cpu_engine({.threads = 1, .instruction_set = {}}));
    options_.advance_seconds = 1e-6;  // a few steps at a time, so that a run can be stopped in between
  }

  /// Cells with every optimizer, scope and shape, 60 steps; pruned after steps 10, 20, 30 and 40.
  static Sweep pruned_sweep() {
    Sweep sweep;
    sweep.name = "pruned";
    sweep.base.task.inputs = 2;
    sweep.base.task.train_samples = sweep.base.task.test_samples = 20;
    sweep.base.network.hidden = {7, 5};
    sweep.base.training.batch_size = 10;
    sweep.base.training.steps = 60;
    sweep.base.training.momentum = 0.0;
    sweep.base.measure.every_steps = 5;
    sweep.base.pruning = {.sparsity = 0.8, .initial_sparsity = 0.2, .begin = 10, .end = 40, .every = 10};
    sweep.axes = {{{"training.optimizer"}, {{"\"adam\""}, {"\"adamw\""}, {"\"sgd\""}}},
                  {{"pruning.scope"}, {{"\"layer\""}, {"\"network\""}}},
                  {{"pruning.shape"}, {{"\"cubic\""}, {"\"geometric\""}}},
                  {{"training.precision"}, {{"\"fp32\""}, {"\"fp64\""}}}};
    return sweep;
  }

  testing_support::Engines cpu_;
};

/// Weights of each layer of 2-7-5-2.
constexpr std::size_t weights_of_layer[] = {14, 35, 10};

/// The share of zeros that a cell has after `step`, by the formulas of science.md section 9.
double expected_share(const PruningSettings& pruning, std::uint64_t step) {
  if (step < 10) return 0.0;
  const double u = std::min(1.0, static_cast<double>(step / 10 - 1) / 3.0);
  const double s = pruning.shape == PruningShape::cubic ? 0.8 - 0.6 * std::pow(1.0 - u, 3)
                                                        : 1.0 - 0.8 * std::pow(0.2 / 0.8, u);
  double zeros = 0.0;
  if (pruning.scope == PruningScope::network) zeros = std::floor(s * 59 + 0.5);
  if (pruning.scope == PruningScope::layer)
    for (const std::size_t weights : weights_of_layer)
      zeros += std::floor(s * static_cast<double>(weights) + 0.5);
  return zeros / 59.0;
}

TEST_F(PrunedRuns, HaveTheirSparsityAtEveryMeasuredStep) {
  const Sweep sweep = pruned_sweep();
  ASSERT_FALSE(run_on(cpu_, sweep, path("pruned.db")).interrupted);
  SQLite::Database db(path("pruned.db"), SQLite::OPEN_READONLY);
  std::size_t rows = 0;
  for (std::uint64_t i = 0; i < sweep.size(); ++i) {
    const Cell cell = sweep.cell(i);
    SQLite::Statement query(db,
                            "SELECT measurements.step, sparsity FROM measurements JOIN cells ON num = cell "
                            "WHERE id = ? ORDER BY 1");
    query.bind(1, cell.id);
    while (query.executeStep()) {
      const auto step = static_cast<std::uint64_t>(query.getColumn(0).getInt64());
      EXPECT_EQ(query.getColumn(1).getDouble(), expected_share(cell.settings.pruning, step))
          << i << " " << step;
      ++rows;
    }
  }
  EXPECT_EQ(rows, sweep.size() * 12);
}

TEST_F(PrunedRuns, AreTheSameAfterStops) {
  const Sweep sweep = pruned_sweep();
  ASSERT_FALSE(run_on(cpu_, sweep, path("whole.db")).interrupted);
  int polls = 0;
  while (run_on(cpu_, sweep, path("stopped.db"), [&] { return ++polls % 3 == 0; }).interrupted)
    ASSERT_LT(polls, 10'000);
  EXPECT_GT(polls, 20) << "nothing was interrupted";
  testing_support::expect_equal_results(path("stopped.db"), path("whole.db"));
}

TEST_F(PrunedRuns, BeforeTrainingAndAfterIt) {
  for (const std::uint64_t begin : {0U, 60U}) {
    Sweep sweep = pruned_sweep();
    sweep.axes.clear();
    sweep.base.pruning = {.sparsity = 0.5, .begin = begin};
    sweep.base.measure.initial = true;
    const auto file = path(fmt::format("at{}.db", begin));
    ASSERT_FALSE(run_on(cpu_, sweep, file).interrupted);
    const auto share = [&](int step) {
      SQLite::Database db(file, SQLite::OPEN_READONLY);
      SQLite::Statement query(db, "SELECT sparsity FROM measurements WHERE step = ?");
      query.bind(1, step);
      return query.executeStep() ? query.getColumn(0).getDouble() : -1.0;
    };
    const double half = (7.0 + 18.0 + 5.0) / 59.0;
    EXPECT_EQ(share(0), begin == 0 ? half : 0.0);
    EXPECT_EQ(share(55), begin == 0 ? half : 0.0);
    EXPECT_EQ(share(60), half);
  }
}

TEST_F(PrunedRuns, NeedAnEngineThatPrunes) {
  try {
    (void)run(pruned_sweep(), path("fake.db"));
    FAIL() << "the fake engine prunes nothing";
  } catch (const InputError& error) {
    EXPECT_THAT(error.what(), HasSubstr("engine fake keeps no weights at 0 (pruning.sparsity"));
  }
}

}  // namespace
}  // namespace modsweep
