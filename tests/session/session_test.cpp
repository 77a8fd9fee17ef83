// A session trains a sweep into a store without a terminal, reports its progress, stops on request, and
// continues.
#include "modsweep/session.h"

#include "support/temporary_folder.h"

#include <filesystem>
#include <fstream>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <gmock/gmock.h>

#include "modsweep/error.h"
#include "modsweep/task.h"

namespace modsweep {
namespace {

constexpr const char* text = R"(
name = "small"
[network]
hidden = [8]
[training]
batch_size = 100
steps = 400
[measure]
every_steps = 100
[axes]
"training.seed" = { range = [0, 4] }
)";

class SessionTest : public testing::Test {
 protected:
  [[nodiscard]] std::string path(const std::string& name) const { return (folder_ / name).string(); }

  test::TemporaryFolder temporary_;
  const std::filesystem::path folder_ = temporary_.path();
  const Sweep sweep_ = parse_sweep(text, "small.toml");
};

/// Counts its notifications.
class Counter : public SessionWatcher {
 public:
  void begin(const SessionPlan& plan) override {
    plans.push_back(plan);
    EXPECT_EQ(updates, 0U) << "told of progress before the begin";
  }
  void update(const ProgressState& state) override {
    ++updates;
    last = state;
    EXPECT_TRUE(ends.empty()) << "told of progress after the end";
  }
  void finish(const ProgressState& state) override { ends.push_back(state); }
  bool stop() override { return last.steps >= stop_after; }

  std::vector<SessionPlan> plans;
  std::vector<ProgressState> ends;
  ProgressState last;
  std::size_t updates = 0;
  double stop_after = 1e9;  ///< network-steps
};

/// Seed, steps and final test loss, in the order of cells.
std::vector<std::vector<std::string>> losses_in(Session& session) {
  std::vector<std::vector<std::string>> rows;
  session.store().read_rows(
      Table::results, {"training.seed", "steps", "test_loss"},
      [&](std::span<const std::string> row) { rows.emplace_back(row.begin(), row.end()); });
  return rows;
}

TEST_F(SessionTest, TrainsASweepAndTellsHowItGoes) {
  Session session(path("small.db"), {.engine = "cpu", .threads = 1, .command = "a test"});
  EXPECT_FALSE(session.has_store());
  EXPECT_THROW((void)session.store(), LogicError);
  EXPECT_FALSE(session.finished(sweep_));
  Counter counter;
  EXPECT_TRUE(session.train(sweep_, counter));

  ASSERT_EQ(counter.plans.size(), 1U);
  EXPECT_EQ(counter.plans[0].cells, 4U);
  EXPECT_EQ(counter.plans[0].left, 4U);
  EXPECT_EQ(counter.plans[0].engine, "cpu");
  EXPECT_GT(counter.plans[0].flop, 1e6);
  EXPECT_GT(counter.updates, 0U);
  ASSERT_EQ(counter.ends.size(), 1U);
  EXPECT_EQ(counter.ends[0].finished, 4U);
  EXPECT_EQ(counter.ends[0].steps, 4 * 400.0);

  EXPECT_TRUE(session.finished(sweep_));
  const auto rows = losses_in(session);
  ASSERT_EQ(rows.size(), 4U);
  for (const auto& row : rows) {
    EXPECT_EQ(row[1], "400");
    EXPECT_GT(std::stod(row[2]), 0.0);
    EXPECT_LT(std::stod(row[2]), 1.0);
  }
  session.close_store();
  EXPECT_FALSE(session.has_store());
}

TEST_F(SessionTest, WhatWasStoppedGoesOnAndEndsTheSame) {
  const Sweep sweep = parse_sweep(text, "small.toml", {"training.steps=4000"});
  Session unbroken(path("unbroken.db"), {.engine = "cpu", .threads = 1});
  ASSERT_TRUE(unbroken.train(sweep));
  {
    Session session(path("stopped.db"), {.engine = "cpu", .threads = 1});
    Counter counter;
    counter.stop_after = 1;
    EXPECT_FALSE(session.train(sweep, counter));
    EXPECT_FALSE(session.finished(sweep));
    EXPECT_LT(counter.ends.at(0).steps, 4 * 4000.0);
    EXPECT_GT(counter.ends.at(0).steps, 0.0);
  }
  Session again(path("stopped.db"), {.engine = "cpu", .threads = 1});
  EXPECT_TRUE(again.has_store());
  EXPECT_EQ(again.store().status().checkpoints, 4U);
  Counter counter;
  EXPECT_TRUE(again.train(sweep, counter));
  EXPECT_LT(counter.ends.at(0).steps, 4 * 4000.0) << "what was trained before the stop is trained again";
  EXPECT_EQ(losses_in(again), losses_in(unbroken));

  // Another sweep fits the same store, and its cells that are finished there are not trained again.
  EXPECT_TRUE(again.train(sweep_));
  Counter nothing_left;
  EXPECT_TRUE(again.train(sweep, nothing_left));
  EXPECT_EQ(nothing_left.plans.at(0).left, 0U);
}

TEST_F(SessionTest, TrainsAShard) {
  Session session(path("shard.db"), {.engine = "cpu", .threads = 1, .shard = Shard{2, 2}});
  EXPECT_TRUE(session.train(sweep_));
  EXPECT_TRUE(session.finished(sweep_));
  EXPECT_EQ(losses_in(session).size(), 2U);
  EXPECT_NE(session.shard(sweep_), nullptr);
}

TEST_F(SessionTest, WhatCannotBeTrainedLeavesNoStore) {
  Session unknown(path("unknown.db"), {.engine = "abacus"});
  EXPECT_THROW((void)unknown.train(sweep_), InputError);
  EXPECT_FALSE(std::filesystem::exists(path("unknown.db")));

  Session out_of_time(path("late.db"), {.engine = "cpu", .end_by = 0.0});
  EXPECT_FALSE(out_of_time.train(sweep_));
  EXPECT_FALSE(std::filesystem::exists(path("late.db")));
}

TEST_F(SessionTest, ATableIsReadOnceForItsChecksAndItsTraining) {
  std::string rows = "a,b,y\n";
  for (int i = 0; i < 60; ++i)
    rows += std::to_string(i % 7) + "," + std::to_string(i % 5) + "," + std::to_string(i % 3) + "\n";
  std::ofstream(path("rows.csv")) << rows;
  const auto datasets = std::make_shared<DatasetCache>();
  const Sweep sweep = parse_sweep(R"(
[task]
kind = "table"
file = "rows.csv"
inputs = 2
input_columns = ["a", "b"]
target_columns = ["y"]
test_samples = 20
split = "random"
scale = "standard"
[network]
hidden = [4]
[training]
batch_size = 10
steps = 20
[axes]
"task.train_samples" = [10, 20, 30, 40]
"task.data_seed" = { range = [0, 5] }
)",
                                  path("rows.toml"), {}, datasets.get());
  Session session(path("rows.db"), {.engine = "cpu", .threads = 2, .max_pack = 3, .datasets = datasets});
  EXPECT_TRUE(session.train(sweep));
  EXPECT_EQ(session.store().finished_cells().size(), 20U);
  EXPECT_EQ(datasets->files_read(), 1U);
}

}  // namespace
}  // namespace modsweep
