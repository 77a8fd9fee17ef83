// The queue between training and the store, and the messages about checkpoints of other machines.
#include "run/commit_queue.h"

#include "run/runner_fixture.h"

#include <algorithm>
#include <atomic>

#include <gmock/gmock.h>
#include <sqlite3.h>

#include "modsweep/measure.h"

namespace modsweep {
namespace {

using testing::HasSubstr;
using testing_support::query_rows;
using testing_support::RunnerTest;

class CommitQueueTest : public RunnerTest {
 protected:
  CommitQueueTest() : grid_(sweep(8)), store_(path("a.db"), Store::Access::read_write) {
    store_.add_sweep(grid_);
    for (std::uint64_t i = 0; i < grid_.size(); ++i) cells_.push_back(grid_.cell(i));
  }

  [[nodiscard]] CellProgress running(std::size_t cell, std::uint64_t step, std::size_t bytes = 8) const {
    CellProgress progress;
    progress.cell = &cells_[cell];
    progress.step = step;
    Measurement& measured = progress.measurements.emplace_back();
    measured.step = step;
    MeasureOutput(*std::ranges::find(measures(), "losses", &Measure::name), measured).network({0.5, 0.25});
    progress.checkpoint.assign(bytes, std::byte{static_cast<unsigned char>(step)});
    return progress;
  }
  [[nodiscard]] CellProgress done(std::size_t cell) const {
    CellProgress progress = running(cell, 40);
    progress.status = CellStatus::done;
    progress.checkpoint.clear();
    return progress;
  }
  void commit(CommitQueue& queue, CellProgress progress) {
    std::vector<CellProgress> one;
    one.push_back(std::move(progress));
    queue.commit(grid_.id(), std::move(one), "fake", "none");
  }
  [[nodiscard]] std::vector<std::string> rows(const std::string& sql) const {
    return query_rows(path("a.db"), sql);
  }

  Sweep grid_;
  Store store_;
  std::vector<Cell> cells_;
};

/// Another program that locks the store during its lifetime.
class Holder {
 public:
  explicit Holder(const std::string& path) {
    sqlite3_open(path.c_str(), &db_);
    sqlite3_busy_timeout(db_, 20'000);
    sqlite3_exec(db_, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr);
  }
  ~Holder() { sqlite3_close(db_); }
  Holder(const Holder&) = delete;
  Holder& operator=(const Holder&) = delete;

 private:
  sqlite3* db_ = nullptr;
};

TEST_F(CommitQueueTest, WhatWaitsOfACellIsCommittedAsOne) {
  CommitQueue queue(store_, {.interval = 3600.0});
  commit(queue, running(0, 10));
  commit(queue, running(0, 20));
  commit(queue, running(1, 10));
  commit(queue, done(1));
  EXPECT_TRUE(rows("SELECT * FROM cells").empty());  // nothing is due yet
  queue.flush();
  EXPECT_EQ(rows("SELECT status, step FROM cells ORDER BY num"),
            (std::vector<std::string>{"running|20|", "done|40|"}));
  EXPECT_EQ(rows("SELECT group_concat(step) FROM measurements GROUP BY cell"),
            (std::vector<std::string>{"10,20|", "10,40|"}));
  EXPECT_EQ(rows("SELECT count(*) FROM checkpoints"), std::vector<std::string>{"1|"});
}

TEST_F(CommitQueueTest, ACheckpointThatWaitsIsFound) {
  CommitQueue queue(store_, {.interval = 3600.0});
  EXPECT_FALSE(queue.checkpoint(cells_[0]));
  commit(queue, running(0, 10));
  EXPECT_EQ(queue.checkpoint(cells_[0])->step, 10U);
  commit(queue, done(0));
  EXPECT_FALSE(queue.checkpoint(cells_[0]));
}

TEST_F(CommitQueueTest, WhileTheStoreIsLockedResultsWaitAndTheLatestStateCounts) {
  std::atomic<std::uint64_t> saved = 0;
  CommitQueue queue(store_, {.interval = 0.01, .saved = [&](std::uint64_t ticket) { saved = ticket; }});
  {
    const Holder holder(path("a.db"));
    for (std::uint64_t step = 1; step <= 30; ++step) {
      commit(queue, running(0, step));
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    EXPECT_EQ(saved, 0U);
    EXPECT_TRUE(rows("SELECT * FROM cells").empty());
  }
  queue.flush();
  EXPECT_EQ(saved, 30U);
  EXPECT_EQ(rows("SELECT step FROM checkpoints"), std::vector<std::string>{"30|"});
  EXPECT_EQ(rows("SELECT count(*) FROM measurements"), std::vector<std::string>{"30|"});
}

TEST_F(CommitQueueTest, ItGivesUpWhereTheMemoryForWhatWaitsIsOut) {
  CommitQueue queue(store_, {.interval = 0.01, .waiting_bytes = 1 << 20});
  {
    const Holder holder(path("a.db"));
    const auto fill = [&] {
      for (std::size_t cell = 0; cell < cells_.size(); ++cell) {
        commit(queue, running(cell, 1, 100'000));
        std::this_thread::sleep_for(std::chrono::milliseconds(30));
      }
    };
    EXPECT_THROW(fill(), IoError);
    for (int i = 0; i < 100; ++i) {  // a newer state of the same takes no more
      CellProgress newer = running(0, 2, 8);
      newer.measurements.clear();
      commit(queue, std::move(newer));
    }
  }
  queue.flush();
  EXPECT_FALSE(rows("SELECT * FROM cells").empty());
}

TEST_F(CommitQueueTest, AStoreThatFailsEndsTheRunWithItsError) {
  CommitQueue queue(store_, {.interval = 0.01});
  std::filesystem::remove(path("a.db"));
  commit(queue, running(0, 1));
  EXPECT_THROW(queue.flush(), IoError);
  EXPECT_TRUE(queue.failed());
  EXPECT_THROW(commit(queue, running(0, 2)), IoError);
}

TEST_F(RunnerTest, AnotherMachinesCheckpointsAreToldOnce) {
  const Sweep grid = sweep(3);
  control_.device = "AVX-512, 2 threads; auto: fast";
  int polls = 0;
  ASSERT_TRUE(run(grid, path("a.db"), [&] { return ++polls > 4; }).interrupted);
  messages_.str("");
  control_.device = "AVX-512, 1 thread";
  polls = 0;
  ASSERT_TRUE(run(grid, path("a.db"), [&] { return ++polls > 2; }).interrupted);
  EXPECT_EQ(messages_.str().find("note:"), std::string::npos) << messages_.str();
  control_.device = "AVX2, 1 thread";
  (void)run(grid, path("a.db"));
  const std::string text = messages_.str();
  EXPECT_THAT(text, HasSubstr("begun on fake (AVX-512) go on on fake (AVX2)"));
  EXPECT_EQ(text.find("note:"), text.rfind("note:"));
  EXPECT_THAT(
      query_rows(path("a.db"), "SELECT DISTINCT device FROM cells"),
      testing::Contains(HasSubstr("AVX-512, 2 threads; auto: fast, then AVX-512, 1 thread, then AVX2")));
}

}  // namespace
}  // namespace modsweep
