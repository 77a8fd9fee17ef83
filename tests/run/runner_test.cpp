// The runner with a fake engine and a real store: nothing is lost, nothing is done twice, and the bits are
// the same whatever happens on the way.
#include "core/clock.h"
#include "run/runner_fixture.h"

#include <algorithm>
#include <limits>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "modsweep/error.h"

namespace modsweep {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::ThrowsMessage;
using testing_support::expect_equal_results;
using testing_support::query_rows;
using testing_support::RunnerTest;

TEST_F(RunnerTest, TrainsAndMeasuresEveryCellAsScheduled) {
  const Sweep grid = sweep(3);
  const RunResult result = run(grid, path("a.db"));
  EXPECT_EQ(result.done, 18u);
  EXPECT_EQ(result.diverged, 0u);
  EXPECT_FALSE(result.interrupted);
  EXPECT_EQ(control_.network_steps, 18 * 40.0);
  EXPECT_EQ(control_.pack_sizes, (std::vector<std::size_t>{9, 9}));
  const Store store(path("a.db"), Store::Access::read_only);
  EXPECT_TRUE(store.finished(grid));
  EXPECT_EQ(store.finished_cells().size(), 18u);
  EXPECT_EQ(store.status().checkpoints, 0u);
  const auto steps = store.query(
      "SELECT group_concat(step) FROM (SELECT cell, step FROM measurements ORDER BY cell, "
      "step) GROUP BY cell");
  for (const auto& row : steps.rows) EXPECT_EQ(row[0], "0,1,2,5,10,15,20,22,25,30,35,40");
  EXPECT_EQ(query_rows(path("a.db"), "SELECT * FROM weights").size(), 18u);
}

TEST_F(RunnerTest, AFinishedSweepTrainsNothing) {
  const Sweep grid = sweep(2);
  ASSERT_EQ(run(grid, path("a.db")).done, 12u);
  control_.network_steps = 0.0;
  EXPECT_EQ(run(grid, path("a.db")).done, 0u);
  EXPECT_EQ(control_.network_steps, 0.0);
}

TEST_F(RunnerTest, AGrownSweepTrainsOnlyWhatIsNew) {
  ASSERT_EQ(run(sweep(2), path("a.db")).done, 12u);
  control_.network_steps = 0.0;
  EXPECT_EQ(run(sweep(3), path("a.db")).done, 6u);
  EXPECT_EQ(control_.network_steps, 6 * 40.0);
}

TEST_F(RunnerTest, PackSizeDoesNotMatter) {
  const Sweep grid = sweep(5);
  (void)run(grid, path("all.db"));
  for (const std::size_t size : {1, 2, 7, 14}) {
    options_.max_pack = size;
    const std::string other = path("pack" + std::to_string(size) + ".db");
    (void)run(grid, other);
    expect_equal_results(other, path("all.db"));
  }
}

TEST_F(RunnerTest, DifferentLengthsEndOnTheirOwn) {
  Sweep grid = sweep(4);
  grid.axes[2] = {{"training.steps"}, {{"1"}, {"7"}, {"40"}, {"41"}, {"100"}}};
  (void)run(grid, path("all.db"));
  EXPECT_EQ(control_.network_steps, 4 * 3 * (1 + 7 + 40 + 41 + 100.0));
  options_.max_pack = 1;
  (void)run(grid, path("alone.db"));
  expect_equal_results(path("all.db"), path("alone.db"));
  for (const auto& row : query_rows(path("all.db"),
                                    "SELECT c.step = max(m.step) FROM cells c JOIN measurements m "
                                    "ON m.cell = c.num GROUP BY c.num"))
    EXPECT_EQ(row, "1|");
}

TEST_F(RunnerTest, ADivergingNetworkHurtsNobody) {
  Sweep healthy = sweep(8);
  healthy.axes[2] = {{"training.learning_rate"}, {{"0.001"}}};
  (void)run(healthy, path("healthy.db"));
  Sweep half = healthy;
  half.axes[2] = {{"training.learning_rate"}, {{"0.001"}, {"1000"}}};
  const RunResult result = run(half, path("half.db"));
  EXPECT_EQ(result.done, 24u);
  EXPECT_EQ(result.diverged, 24u);
  const auto rows = query_rows(path("half.db"),
                               "SELECT json_extract(settings, '$.\"training.seed\"'), status, step, "
                               "diverged_at FROM cells WHERE status <> 'done'");
  ASSERT_EQ(rows.size(), 24u);
  for (const std::string& row : rows) {
    const int seed = std::stoi(row);
    const int at = 5 + seed % 7;
    EXPECT_EQ(row,
              std::to_string(seed) + "|diverged|" + std::to_string(at - 1) + "|" + std::to_string(at) + "|");
  }
  // A diverged cell is measured at its last step.
  EXPECT_TRUE(query_rows(path("half.db"),
                         "SELECT id FROM cells c WHERE NOT EXISTS (SELECT 1 FROM measurements m WHERE "
                         "m.cell = c.num AND m.step = c.step)")
                  .empty());
  const std::string good =
      "SELECT c.id, m.step, m.train_loss, m.l1, m.jacobian_leak FROM measurements m JOIN cells c "
      "ON c.num = m.cell WHERE c.status = 'done' ORDER BY c.id, m.step";
  EXPECT_EQ(query_rows(path("half.db"), good), query_rows(path("healthy.db"), good));
}

TEST_F(RunnerTest, ANetworkThatBreaksInItsLastStepIsNotDone) {
  Sweep grid = sweep(2);
  grid.axes[2] = {{"training.learning_rate"}, {{"0.001"}, {"500"}}};
  const RunResult result = run(grid, path("a.db"));
  EXPECT_EQ(result.done, 6u);
  EXPECT_EQ(result.diverged, 6u);
  for (const auto& row :
       query_rows(path("a.db"), "SELECT step, diverged_at FROM cells WHERE status = 'diverged'"))
    EXPECT_EQ(row, "40|40|");
}

TEST_F(RunnerTest, ANetworkThatCannotLearnAnyMoreIsNotDone) {
  Sweep grid = sweep(2);
  grid.axes[2] = {{"training.learning_rate"}, {{"0.001"}, {"250"}}};
  const RunResult result = run(grid, path("a.db"));
  EXPECT_EQ(result.done, 6u);
  EXPECT_EQ(result.diverged, 6u);
  // Its moments become non-finite in step 12 while its losses stay finite: this is noticed when the next row
  // is written, the last one.
  for (const auto& row :
       query_rows(path("a.db"),
                  "SELECT c.step, diverged_at, max(m.step), count(*) FROM cells c JOIN "
                  "measurements m ON m.cell = c.num WHERE status = 'diverged' GROUP BY num"))
    EXPECT_EQ(row, "15|15|15|6|");
  EXPECT_EQ(query_rows(path("a.db"), "SELECT * FROM weights").size(), 6u);

  for (int runs = 0;
       run(grid, path("b.db"), [polls = 0, runs]() mutable { return ++polls > 3 + runs % 4; }).interrupted;
       ++runs) {
    ASSERT_LT(runs, 100);
    options_.max_pack = static_cast<std::size_t>(1 + runs % 5);
  }
  expect_equal_results(path("b.db"), path("a.db"));
}

TEST_F(RunnerTest, EndsInTimeWithTheStateSaved) {
  Sweep endless = sweep(1);
  endless.axes.pop_back();  // one shape: all of it in one pack
  endless.base.training.steps = 2'000'000'000;
  endless.base.measure.every_steps = 0;
  const auto trained = [&] {
    return query_rows(path("a.db"), "SELECT cell FROM checkpoints WHERE step > 0").size() == endless.size();
  };
  for (int runs = 1; runs == 1 || !trained(); ++runs) {
    ASSERT_LT(runs, 20) << "no time was enough for a step";
    options_.end_by = steady_seconds() + 0.1 * runs;
    ASSERT_TRUE(run(endless, path("a.db")).interrupted);
  }
  options_.end_by = steady_seconds();
  control_.network_steps = 0.0;
  EXPECT_TRUE(run(endless, path("a.db")).interrupted);
  EXPECT_EQ(control_.network_steps, 0.0) << "there was no time";
  EXPECT_TRUE(trained());
}

TEST_F(RunnerTest, TellsUntilWhenTheTrainingIsSaved) {
  std::vector<double> told;
  saved_ = [&](double until) { told.push_back(until); };
  options_.checkpoint_seconds = 0.0;
  const double begin = steady_seconds();
  (void)run(sweep(2), path("a.db"));
  ASSERT_FALSE(told.empty());
  EXPECT_EQ(told.back(), std::numeric_limits<double>::infinity()) << "all is saved";
  std::erase(told, std::numeric_limits<double>::infinity());  // also between two packs
  ASSERT_GT(told.size(), 4u);
  EXPECT_GE(told.front(), begin);
  EXPECT_TRUE(std::ranges::is_sorted(told));
  EXPECT_LE(told.back(), steady_seconds());
}

TEST_F(RunnerTest, InterruptedAndResumedEqualsUnbroken) {
  const Sweep grid = sweep(5);
  (void)run(grid, path("unbroken.db"));
  control_.network_steps = 0.0;
  int runs = 0;
  for (bool going = true; going; ++runs) {
    ASSERT_LT(runs, 500);
    options_.max_pack = static_cast<std::size_t>(3 + runs % 5);  // another pack size each time
    int polls = 0;
    const RunResult result = run(grid, path("broken.db"), [&] { return ++polls > 3 + runs % 4; });
    going = result.interrupted;
    const Store store(path("broken.db"), Store::Access::read_only);
    EXPECT_EQ(store.finished(grid), !going);
  }
  EXPECT_GT(runs, 10);
  EXPECT_GT(control_.restored, 10u);
  EXPECT_EQ(control_.network_steps, 30 * 40.0) << "an orderly stop loses no step";
  expect_equal_results(path("broken.db"), path("unbroken.db"));
}

/// The rows of `history` of a network, by its axes: (step, validation loss, test loss).
struct Curve {
  std::vector<std::uint64_t> steps;
  std::vector<double> validation, test;

  /// The position of the row at which a network with this patience stops, and of its best row, by going on
  /// row by row.
  [[nodiscard]] std::pair<std::size_t, std::size_t> stop(std::uint64_t patience) const {
    std::size_t best = 0;
    for (std::size_t i = 0; i < steps.size(); ++i) {
      if (validation[i] < validation[best]) best = i;
      if (steps[i] >= steps[best] + patience) return {i, best};
    }
    return {steps.size() - 1, best};
  }
};

const std::string axes_of_networks = R"("training.seed", "noise.strength", "network.hidden")";

std::map<std::string, Curve> curves_of(const std::string& path) {
  std::map<std::string, Curve> curves;
  const Store store(path, Store::Access::read_only);
  for (const auto& row : store
                             .query("SELECT " + axes_of_networks +
                                    ", step, validation_loss, test_loss FROM history ORDER BY cell, step")
                             .rows) {
    Curve& curve = curves[row[0] + " " + row[1] + " " + row[2]];
    curve.steps.push_back(std::stoull(row[3]));
    curve.validation.push_back(std::stod(row[4]));
    curve.test.push_back(std::stod(row[5]));
  }
  return curves;
}

TEST_F(RunnerTest, StopsWhereTheValidationLossNoLongerFalls) {
  Sweep grid = sweep(5);
  grid.base.task.validation_samples = 10;
  grid.base.measure.initial = false;
  (void)run(grid, path("whole.db"));
  const auto curves = curves_of(path("whole.db"));
  ASSERT_EQ(curves.size(), 30u);
  constexpr std::uint64_t patience = 25;
  grid.base.training.patience = patience;
  for (const Keep keep : {Keep::last, Keep::best}) {
    grid.base.training.keep = keep;
    const std::string file = path(keep == Keep::best ? "best.db" : "last.db");
    control_.network_steps = 0.0;
    EXPECT_EQ(run(grid, file).done, 30u);
    double steps = 0.0;
    std::size_t early = 0;
    std::size_t not_last = 0;
    std::size_t later_best = 0;
    const Store store(file, Store::Access::read_only);
    for (const auto& row : store
                               .query("SELECT " + axes_of_networks +
                                      ", steps, validation_loss, test_loss, kept_step, cell"
                                      " FROM results")
                               .rows) {
      SCOPED_TRACE(row[0] + " " + row[1] + " " + row[2]);
      const Curve& curve = curves.at(row[0] + " " + row[1] + " " + row[2]);
      const auto [stop, best] = curve.stop(patience);
      const std::size_t kept = keep == Keep::best ? best : stop;
      steps += static_cast<double>(curve.steps[stop]);
      early += curve.steps[stop] < 40 ? 1 : 0;
      not_last += kept < stop ? 1 : 0;
      later_best += best > 0 ? 1 : 0;
      EXPECT_EQ(row[3], std::to_string(curve.steps[stop]));
      EXPECT_EQ(std::stod(row[4]), curve.validation[kept]);
      EXPECT_EQ(std::stod(row[5]), curve.test[kept]);
      EXPECT_EQ(row[6], keep == Keep::best ? std::to_string(curve.steps[kept]) : "");
      double squares = 0.0;  // the fake engine's losses are sums of squares
      for (const double value : store.weights(row[7]).weights.values) squares += value * value;
      EXPECT_NEAR(squares + 3.0, curve.validation[kept], 1e-12) << "other weights are kept";
    }
    EXPECT_GT(early, 5u);
    EXPECT_GT(later_best, 5u) << "the first row is the best one nearly everywhere";
    EXPECT_EQ(not_last > 5, keep == Keep::best);
    EXPECT_EQ(control_.network_steps, steps) << "a network that stopped takes no step";

    int runs = 0;
    for (bool going = true; going; ++runs) {
      ASSERT_LT(runs, 500);
      options_.max_pack = static_cast<std::size_t>(3 + runs % 5);
      int polls = 0;
      going = run(grid, file + "2", [&] { return ++polls > 3 + runs % 4; }).interrupted;
    }
    EXPECT_GT(runs, 5);
    options_.max_pack = 0;
    expect_equal_results(file + "2", file);
  }
}

TEST_F(RunnerTest, AStopBeforeTheFirstStepLeavesNothingBehind) {
  EXPECT_TRUE(run(sweep(1), path("a.db"), [] { return true; }).interrupted);
  EXPECT_TRUE(query_rows(path("a.db"), "SELECT * FROM cells").empty());
}

TEST_F(RunnerTest, AFailureLosesOnlyWhatCameAfterTheLastCheckpoint) {
  const Sweep grid = sweep(4);
  (void)run(grid, path("unbroken.db"));
  options_.checkpoint_seconds = 1e-6;  // after every advance
  int failures = 0;
  for (bool going = true; going;) {
    int advances = 0;
    control_.on_advance = [&](std::uint64_t) {
      if (++advances > 4) throw std::runtime_error("the device is gone");
    };
    try {
      going = run(grid, path("broken.db")).interrupted;
    } catch (const std::runtime_error&) {
      ASSERT_LT(++failures, 1000);
    }
  }
  EXPECT_GT(failures, 5);
  expect_equal_results(path("broken.db"), path("unbroken.db"));
}

TEST_F(RunnerTest, CheckpointsComeAtTheirInterval) {
  Sweep grid = sweep(1);
  grid.base.training.steps = 100000;
  grid.base.measure.every_steps = 0;
  grid.base.measure.points_per_decade = 0;
  options_.checkpoint_seconds = 0.05;
  const auto checkpoints = [&](const std::string& name) {
    return query_rows(path(name), "SELECT step FROM checkpoints WHERE step > 1").size();
  };
  // Slow enough that a pack lasts for minutes.
  const auto work = [](std::uint64_t steps) {
    ::usleep(static_cast<useconds_t>(std::min<std::uint64_t>(steps, 50) * 1000));
  };
  // Interrupted once the first pack has a checkpoint, or killed: what the store has then was committed during
  // the run.
  control_.on_advance = work;
  EXPECT_TRUE(run(grid, path("a.db"), [&] { return checkpoints("a.db") > 0; }).interrupted);
  EXPECT_EQ(checkpoints("a.db"), 3u);
  control_.on_advance = [&](std::uint64_t steps) {
    if (checkpoints("b.db") > 0) throw std::runtime_error("killed");
    work(steps);
  };
  EXPECT_THROW((void)run(grid, path("b.db")), std::runtime_error);
  EXPECT_EQ(checkpoints("b.db"), 3u);
}

TEST_F(RunnerTest, OutOfMemorySplitsThePack) {
  const Sweep grid = sweep(5);
  (void)run(grid, path("all.db"));
  control_.pack_sizes.clear();
  control_.out_of_memory_above = 4;
  EXPECT_EQ(run(grid, path("split.db")).done, 30u);
  for (const std::size_t size : control_.pack_sizes) EXPECT_LE(size, 4u);
  expect_equal_results(path("split.db"), path("all.db"));
}

TEST_F(RunnerTest, OutOfMemoryOnTheWaySplitsThePackToo) {
  const Sweep grid = sweep(5);
  (void)run(grid, path("all.db"));
  int advances = 0;
  control_.on_advance = [&](std::uint64_t) {
    if (++advances == 3 || advances == 9) throw std::bad_alloc();
  };
  EXPECT_EQ(run(grid, path("split.db")).done, 30u);
  expect_equal_results(path("split.db"), path("all.db"));
}

TEST_F(RunnerTest, TheLastNetworkOfAPackThatDoesNotFitIsTriedAlone) {
  Sweep grid = sweep(1);
  grid.axes = {{{"training.steps"}, {{"40"}, {"80"}}}};
  bool failed = false;
  control_.on_advance = [&](std::uint64_t) {
    if (control_.network_steps >= 2 * 40.0 && !std::exchange(failed, true)) throw std::bad_alloc();
  };
  EXPECT_EQ(run(grid, path("a.db")).done, 2u);
  EXPECT_TRUE(failed);
  EXPECT_THAT(control_.pack_sizes, testing::ElementsAre(2u, 1u));
}

TEST_F(RunnerTest, OneNetworkThatDoesNotFitIsAnError) {
  control_.out_of_memory_above = 0;
  EXPECT_THAT([&] { (void)run(sweep(2), path("a.db")); },
              ThrowsMessage<IoError>(AllOf(HasSubstr("out of memory"), HasSubstr("4-3-4"))));
}

TEST_F(RunnerTest, ACheckpointThatDoesNotRestoreNamesItsCell) {
  const Sweep grid = sweep(1);
  int polls = 0;
  ASSERT_TRUE(run(grid, path("a.db"), [&] { return ++polls > 3; }).interrupted);
  control_.corrupt_restore = true;
  EXPECT_THAT([&] { (void)run(grid, path("a.db")); },
              ThrowsMessage<InputError>(
                  AllOf(HasSubstr(grid.cell(0).id), HasSubstr("the state has the wrong length"))));
}

TEST_F(RunnerTest, WeightsAreKeptOnlyWhereAskedFor) {
  Sweep grid = sweep(1);
  grid.axes[2] = {{"measure.weights"}, {{"true"}, {"false"}}};
  (void)run(grid, path("a.db"));
  EXPECT_EQ(query_rows(path("a.db"), "SELECT * FROM weights").size(), 3u);
}

}  // namespace
}  // namespace modsweep
