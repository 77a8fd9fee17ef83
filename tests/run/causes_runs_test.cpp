// Goals that change, units that change places and parents in a run: what is measured at every step, and the
// same bits after stops.
#include "run/runner_fixture.h"

#include <string>
#include <vector>

#include <SQLiteCpp/SQLiteCpp.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "modsweep/cpu_engine.h"
#include "modsweep/error.h"

namespace modsweep {
namespace {

using testing::HasSubstr;
using testing_support::RunnerTest;

class CausesRuns : public RunnerTest {
 protected:
  CausesRuns() {
    cpu_.push_back(make_cpu_engine({.threads = 1, .instruction_set = {}}));
    options_.advance_seconds = 1e-6;  // a few steps at a time, so that a run can be stopped in between
  }

  /// 30 steps with goals of every 7, of every step, and the first alone.
  static Sweep sweep_of_goals() {
    Sweep sweep;
    sweep.name = "goals";
    sweep.base.task.kind = "retina";
    sweep.base.task.inputs = 8;
    sweep.base.task.train_samples = sweep.base.task.test_samples = 64;
    sweep.base.task.goals = {"l_and_r", "l_or_r", "left"};
    sweep.base.network.hidden = {6, 5};
    sweep.base.training.batch_size = 32;
    sweep.base.training.steps = 30;
    sweep.base.training.learning_rate = 0.01;
    sweep.base.measure.every_steps = 1;
    sweep.base.measure.initial = true;
    sweep.base.measure.spectrum = sweep.base.measure.leaks = false;
    sweep.axes = {{{"training.goal_steps"}, {{"0"}, {"1"}, {"7"}}},
                  {{"training.precision"}, {{"\"fp32\""}, {"\"fp64\""}}}};
    return sweep;
  }

  /// Runs the sweep into two stores, one with stops, whose results must be equal.
  void expect_same_after_stops(const Sweep& sweep, const std::string& whole) {
    ASSERT_FALSE(run_on(cpu_, sweep, path(whole)).interrupted);
    int polls = 0;
    while (run_on(cpu_, sweep, path("stopped.db"), [&] { return ++polls % 6 == 0; }).interrupted)
      ASSERT_LT(polls, 10'000);
    EXPECT_GT(polls, 12) << "nothing was interrupted";
    testing_support::expect_equal_results(path("stopped.db"), path(whole));
  }

  testing_support::Engines cpu_;
};

TEST_F(CausesRuns, LearnGoalsByTurns) {
  const Sweep sweep = sweep_of_goals();
  expect_same_after_stops(sweep, "goals.db");
  SQLite::Database db(path("goals.db"), SQLite::OPEN_READONLY);
  int rows = 0;
  for (std::uint64_t i = 0; i < sweep.size(); ++i) {
    const Cell cell = sweep.cell(i);
    SQLite::Statement query(
        db,
        "SELECT measurements.step, goal, test_loss, test_loss_other FROM measurements JOIN cells ON "
        "num = cell WHERE id = ? ORDER BY 1");
    query.bind(1, cell.id);
    const std::uint64_t each = cell.settings.training.goal_steps;
    while (query.executeStep()) {
      const auto step = static_cast<std::uint64_t>(query.getColumn(0).getInt64());
      const std::size_t goal = each == 0 || step == 0 ? 0 : (step - 1) / each % 3;
      EXPECT_EQ(query.getColumn(1).getString(), cell.settings.task.goals[goal]) << i << " " << step;
      EXPECT_GT(query.getColumn(3).getDouble(), 0.0);
      ++rows;
    }
  }
  EXPECT_EQ(rows, 6 * 31);
}

TEST_F(CausesRuns, MeasureTheLossOfOtherGoalsAsAlone) {
  // Before the first step a network is the same whatever it learns: its losses are known from other cells.
  Sweep sweep = sweep_of_goals();
  sweep.axes = {{{"task.goals"}, {{R"(["l_and_r","l_or_r","left"])"}, {R"(["l_or_r"])"}, {R"(["left"])"}}}};
  ASSERT_FALSE(run_on(cpu_, sweep, path("alone.db")).interrupted);
  SQLite::Database db(path("alone.db"), SQLite::OPEN_READONLY);
  const auto at_0 = [&](std::uint64_t cell, const char* column) {
    SQLite::Statement query(
        db, fmt::format(
                "SELECT {} FROM measurements JOIN cells ON num = cell WHERE id = ? AND measurements.step = 0",
                column));
    query.bind(1, sweep.cell(cell).id);
    return query.executeStep() ? query.getColumn(0).getDouble() : -1.0;
  };
  EXPECT_DOUBLE_EQ(at_0(0, "test_loss_other"), (at_0(1, "test_loss") + at_0(2, "test_loss")) / 2.0);
  EXPECT_NE(at_0(0, "test_loss"), at_0(1, "test_loss"));
}

TEST_F(CausesRuns, SwapUnits) {
  Sweep sweep;
  sweep.name = "swaps";
  sweep.base.task.train_samples = sweep.base.task.test_samples = 20;
  sweep.base.network.hidden = {9, 7};
  sweep.base.training.batch_size = 10;
  sweep.base.training.steps = 24;
  sweep.base.regularizer.connection_cost = 1e-3;
  sweep.base.measure.every_steps = 5;
  sweep.base.measure.initial = true;
  sweep.axes = {{{"regularizer.swap_every"}, {{"0"}, {"5"}, {"7"}}},
                {{"training.optimizer"}, {{"\"adam\""}, {"\"sgd\""}}}};
  expect_same_after_stops(sweep, "swaps.db");
  SQLite::Database db(path("swaps.db"), SQLite::OPEN_READONLY);
  const auto cost = [&](std::uint64_t cell, int step) {
    SQLite::Statement query(db,
                            "SELECT connection_cost FROM measurements JOIN cells ON num = cell WHERE id = ? "
                            "AND measurements.step = ?");
    query.bind(1, sweep.cell(cell).id);
    query.bind(2, step);
    return query.executeStep() ? query.getColumn(0).getDouble() : -1.0;
  };
  EXPECT_EQ(cost(0, 0), cost(2, 0));
  EXPECT_LT(cost(2, 5), 0.95 * cost(0, 5));  // sgd and adam: the first pass finds cheaper places
  EXPECT_LT(cost(3, 5), 0.95 * cost(1, 5));
  EXPECT_EQ(cost(0, 5), cost(4, 5));  // no pass yet
  EXPECT_LT(cost(4, 10), 0.95 * cost(0, 10));
}

/// The final weights of a cell.
std::vector<double> weights_in(const std::string& path, const Cell& cell) {
  return Store(path, Store::Access::read_only).weights(cell.id).weights.values;
}

TEST_F(CausesRuns, BeginWithTheWeightsOfParents) {
  Sweep parents;
  parents.name = "parents";
  parents.base.task.train_samples = parents.base.task.test_samples = 20;
  parents.base.network.hidden = {9, 7};
  parents.base.training.batch_size = 10;
  parents.base.training.steps = 20;
  parents.base.pruning = {.sparsity = 0.5, .begin = 20};
  parents.axes = {{{"training.seed"}, {{"0"}, {"1"}}}};
  ASSERT_FALSE(run_on(cpu_, parents, path("parents.db")).interrupted);

  Sweep children = parents;
  children.name = "children";
  children.base.pruning = {};
  children.base.training.steps = 30;
  children.base.start.from = path("parents.db");
  children.base.measure.every_steps = 10;
  children.base.measure.initial = true;
  const auto quoted = [&](std::uint64_t i) { return fmt::format("\"c{}\"", parents.cell(i).id); };
  children.axes = {{{"start.cell"}, {{quoted(0)}, {quoted(1)}}}, {{"pruning.keep"}, {{"true"}, {"false"}}}};
  children.base.start.cell = quoted(0).substr(1, 17);
  expect_same_after_stops(children, "children.db");

  SQLite::Database db(path("children.db"), SQLite::OPEN_READONLY);
  for (std::uint64_t i = 0; i < 4; ++i) {
    const auto before = weights_in(path("parents.db"), parents.cell(i / 2));
    const auto after = weights_in(path("children.db"), children.cell(i));
    const bool keep = i % 2 == 0;
    std::size_t zeros = 0, kept = 0;
    for (std::size_t w = 0; w < before.size(); ++w) {
      if (before[w] != 0.0) continue;
      ++zeros;
      kept += after[w] == 0.0 ? 1 : 0;
    }
    EXPECT_EQ(zeros, (4 * 9 + 1) / 2 + (9 * 7 + 1) / 2 + 7 * 4 / 2);
    EXPECT_EQ(kept, keep ? zeros : 0) << i;
    // The child begins where its parent ended.
    const auto loss = [](SQLite::Database& store, const std::string& id, int step) {
      SQLite::Statement query(store,
                              "SELECT test_loss FROM measurements JOIN cells ON num = cell WHERE id = ? AND "
                              "measurements.step = ?");
      query.bind(1, id);
      query.bind(2, step);
      return query.executeStep() ? query.getColumn(0).getDouble() : -1.0;
    };
    SQLite::Database other(path("parents.db"), SQLite::OPEN_READONLY);
    EXPECT_EQ(loss(db, children.cell(i).id, 0), loss(other, parents.cell(i / 2).id, 20)) << i;
  }
  // Neither the path nor the label is part of an id.
  CellSettings moved = children.cell(0).settings;
  moved.start.from = "elsewhere.db";
  moved.start.label = "x=1";
  EXPECT_EQ(cell_id(moved), children.cell(0).id);
  moved.start.cell = children.cell(2).settings.start.cell;
  EXPECT_NE(cell_id(moved), children.cell(0).id);
}

TEST_F(CausesRuns, NeedParentsThatAreThereAndFit) {
  Sweep parents;
  parents.name = "parents";
  parents.base.task.train_samples = parents.base.task.test_samples = 20;
  parents.base.network.hidden = {5};
  parents.base.training.steps = 3;
  ASSERT_FALSE(run_on(cpu_, parents, path("parents.db")).interrupted);
  const auto refusal = [&](const Sweep& sweep) -> std::string {
    try {
      const Parents check(sweep);
    } catch (const InputError& error) {
      return error.what();
    }
    return {};
  };
  Sweep child = parents;
  child.base.start.from = path("parents.db");
  EXPECT_THAT(refusal(child), HasSubstr("names no cell"));
  child.base.start.cell = "c" + parents.cell(0).id;
  EXPECT_EQ(refusal(child), "");
  child.base.network.hidden = {6};
  EXPECT_THAT(refusal(child), HasSubstr("is a network 4-5-4, but this sweep has networks 4-6-4"));
  child.base.start.cell = "c0123456789abcdef";
  EXPECT_THAT(refusal(child), HasSubstr("has no final weights of that cell"));
}

}  // namespace
}  // namespace modsweep
