// Shared by tests of the runner: fake engines, and real stores in a folder of their own.
#pragma once

#include "run/fake_engine.h"
#include "run/progress.h"
#include "run/runner.h"
#include "run/store_rows.h"
#include "support/temporary_folder.h"

#include <filesystem>
#include <functional>
#include <memory>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace modsweep::testing_support {

using Engines = std::vector<std::unique_ptr<Engine>>;

inline void expect_equal_results(const std::string& path, const std::string& expected) {
  const auto got = all_results(path);
  for (const auto& [table, rows] : all_results(expected)) EXPECT_EQ(got.at(table), rows) << table;
}

class RunnerTest : public testing::Test {
 protected:
  RunnerTest() { engines_.push_back(std::make_unique<FakeEngine>(control_)); }

  [[nodiscard]] std::string path(const std::string& name) const { return folder_.file(name); }

  /// `seeds` x three strengths x two widths, 40 steps, measured at 0, 1, 2, 5, 10, 15, 20, 22, 25, ....
  static Sweep sweep(int seeds) {
    Sweep sweep;
    sweep.name = "runner";
    sweep.base.task.train_samples = sweep.base.task.test_samples = 10;
    sweep.base.training.steps = 40;
    sweep.base.measure.initial = true;
    sweep.base.measure.every_steps = 5;
    sweep.base.measure.points_per_decade = 3;
    Axis axis{{"training.seed"}, {}};
    for (int s = 0; s < seeds; ++s) axis.values.push_back({std::to_string(s)});
    sweep.axes = {
        axis, {{"noise.strength"}, {{"0"}, {"0.1"}, {"1"}}}, {{"network.hidden"}, {{"[3]"}, {"[5]"}}}};
    return sweep;
  }

  /// Runs on the one engine that `control_` controls.
  RunResult run(const Sweep& sweep, const std::string& store_path, std::function<bool()> stop = {}) {
    return run_on(engines_, sweep, store_path, std::move(stop));
  }

  RunResult run_on(const Engines& engines, const Sweep& sweep, const std::string& store_path,
                   std::function<bool()> stop = {}) {
    Store store(store_path, Store::Access::read_write);
    const auto finished = store.finished_cells();
    const std::vector<Worker> workers = make_workers(engines);
    const PlanSummary plan = summarize(sweep, finished, workers, options_.max_pack, 1);
    store.add_sweep(sweep);
    DatasetCache datasets;
    Progress progress(messages_, Progress::Style::lines);
    Parents parents(sweep);
    return run_sweep({.sweep = sweep,
                      .finished = finished,
                      .plan = plan,
                      .store = store,
                      .workers = workers,
                      .datasets = datasets,
                      .progress = progress,
                      .stop = std::move(stop),
                      .saved = saved_,
                      .parents = &parents},
                     options_);
  }

  test::TemporaryFolder folder_;
  FakeControl control_;
  Engines engines_;
  std::function<void(double)> saved_;
  RunOptions options_{.checkpoint_seconds = 60.0};
  std::ostringstream messages_;
};

}  // namespace modsweep::testing_support
