// Several workers: every pack is trained once, with the same bits as by one worker; the failure of a worker
// stays its own or ends all workers in order.
#include "run/runner_fixture.h"

#include <array>
#include <atomic>
#include <chrono>
#include <deque>
#include <numeric>
#include <ostream>
#include <stdexcept>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "modsweep/cpu_engine.h"
#include "modsweep/error.h"

namespace modsweep {
namespace {

using testing::Each;
using testing::ElementsAre;
using testing::Le;
using testing::StrEq;
using testing::ThrowsMessage;
using testing_support::Engines;
using testing_support::expect_equal_results;
using testing_support::FakeControl;
using testing_support::FakeEngine;
using testing_support::query_rows;
using testing_support::RunnerTest;

/// An event that happens once and that others wait for; with a time limit, so that a test fails instead of
/// hanging.
class Event {
 public:
  void happen() { happened_ = true; }
  [[nodiscard]] bool happened() const { return happened_; }
  void wait() const {
    for (int i = 0; i < 30'000 && !happened_; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    EXPECT_TRUE(happened_) << "waited for in vain";
  }

 private:
  std::atomic<bool> happened_{false};
};

class WorkersTest : public RunnerTest {
 protected:
  /// Creates engines, each with an entry in `controls_`.
  Engines make_engines(std::size_t count) {
    Engines engines;
    for (std::size_t i = 0; i < count; ++i) {
      controls_.emplace_back().device = "device " + std::to_string(i);
      engines.push_back(std::make_unique<FakeEngine>(controls_.back()));
    }
    return engines;
  }

  /// Lets no engine continue with its first pack before every engine has one.
  void start_together() {
    for (FakeControl& control : controls_) {
      control.on_start = [this, first = true](std::size_t) mutable {
        if (!std::exchange(first, false)) return;
        if (++started_ == controls_.size()) all_started_.happen();
        all_started_.wait();
      };
    }
  }

  [[nodiscard]] double network_steps() const {
    return std::accumulate(
        controls_.begin(), controls_.end(), 0.0,
        [](double sum, const FakeControl& control) { return sum + control.network_steps; });
  }

  std::deque<FakeControl> controls_;
  std::atomic<std::size_t> started_{0};
  Event all_started_;
};

TEST(MakeWorkers, TakesEnginesInTurnAndSharesTheirMemory) {
  FakeControl two{.memory = 1001, .workers = 2, .device = "a"};
  FakeControl three{.memory = 900, .workers = 3, .device = "b"};
  Engines engines;
  engines.push_back(std::make_unique<FakeEngine>(two));
  engines.push_back(std::make_unique<FakeEngine>(three));
  const std::vector<Worker> workers = make_workers(engines, "; why");
  ASSERT_EQ(workers.size(), 5u);
  const std::array<std::size_t, 5> engine = {0, 1, 0, 1, 1};
  for (std::size_t i = 0; i < 5; ++i) {
    EXPECT_EQ(&workers[i].engine, engines[engine[i]].get()) << i;
    EXPECT_EQ(workers[i].device, engine[i] == 0 ? "a; why" : "b; why") << i;
    EXPECT_EQ(workers[i].memory, engine[i] == 0 ? 500u : 300u) << i;
  }
}

TEST(DeviceText, TellsOfWorkersWhereThereAreSeveral) {
  FakeControl control{.memory = 3'000'000'000, .device = "a device"};
  EXPECT_EQ(device_text(FakeEngine(control)), "a device: packs may take 3.00 GB");
  control.workers = 2;
  EXPECT_EQ(device_text(FakeEngine(control)), "a device: packs may take 3.00 GB, 2 workers share it");
}

TEST_F(WorkersTest, ARunNeedsOne) {
  EXPECT_THROW((void)run_on({}, sweep(0), path("a.db")), LogicError);
}

TEST_F(WorkersTest, ASingleOneStaysInTheCallersThread) {
  control_.on_advance = [caller = std::this_thread::get_id()](std::uint64_t) {
    EXPECT_EQ(std::this_thread::get_id(), caller);
  };
  EXPECT_EQ(run(sweep(2), path("a.db")).done, 12u);
}

class WorkerCountTest : public WorkersTest, public testing::WithParamInterface<std::size_t> {};

TEST_P(WorkerCountTest, GivesTheResultsOfOne) {
  const Sweep grid = sweep(20);
  options_.max_pack = 3;
  (void)run(grid, path("one.db"));
  const Engines engines = make_engines(GetParam());
  start_together();
  const RunResult result = run_on(engines, grid, path("several.db"));
  EXPECT_EQ(result.done, 120u);
  EXPECT_FALSE(result.interrupted);
  EXPECT_EQ(network_steps(), 120 * 40.0) << "every pack is trained once";
  expect_equal_results(path("several.db"), path("one.db"));
  for (const FakeControl& control : controls_) {
    EXPECT_FALSE(control.pack_sizes.empty());
    const std::size_t cells =
        query_rows(path("several.db"), "SELECT * FROM cells WHERE device = '" + control.device + "'").size();
    EXPECT_EQ(cells, std::accumulate(control.pack_sizes.begin(), control.pack_sizes.end(), std::size_t{0}));
  }
  EXPECT_TRUE(Store(path("several.db"), Store::Access::read_only).finished(grid));
}

TEST_P(WorkerCountTest, OfOneEngineGivesTheResultsOfOne) {
  const Sweep grid = sweep(20);
  options_.max_pack = 3;
  (void)run(grid, path("one.db"));
  control_.network_steps = 0.0;
  control_.workers = GetParam();
  EXPECT_EQ(run(grid, path("several.db")).done, 120u);
  EXPECT_EQ(control_.network_steps, 120 * 40.0);
  expect_equal_results(path("several.db"), path("one.db"));
}

TEST_P(WorkerCountTest, InterruptedAndResumedEqualsUnbroken) {
  const Sweep grid = sweep(5);
  (void)run(grid, path("unbroken.db"));
  const Engines engines = make_engines(GetParam());
  int runs = 0;
  for (bool going = true; going; ++runs) {
    ASSERT_LT(runs, 500);
    options_.max_pack = static_cast<std::size_t>(3 + runs % 5);
    int polls = 0;  // not guarded: one worker at a time calls it
    going = run_on(engines, grid, path("broken.db"), [&] { return ++polls > 6 + runs % 4; }).interrupted;
  }
  EXPECT_GT(runs, 5);
  EXPECT_EQ(network_steps(), 30 * 40.0) << "an orderly stop loses no step";
  expect_equal_results(path("broken.db"), path("unbroken.db"));
}

INSTANTIATE_TEST_SUITE_P(Workers, WorkerCountTest, testing::Values(2, 3));

TEST_F(WorkersTest, AStopSavesTheStateOfAll) {
  const Engines engines = make_engines(2);
  start_together();
  options_.max_pack = 3;
  EXPECT_TRUE(run_on(engines, sweep(5), path("a.db"), [&] { return all_started_.happened(); }).interrupted);
  EXPECT_THAT(query_rows(path("a.db"),
                         "SELECT device, count(*) FROM cells JOIN checkpoints ON cell = num "
                         "GROUP BY device ORDER BY device"),
              ElementsAre("device 0|3|", "device 1|3|"));
}

TEST_F(WorkersTest, OneThatTrainsHoldsNobodyUp) {
  const Engines engines = make_engines(2);
  Event other_is_done;
  options_.max_pack = 3;
  controls_[0].on_advance = [&](std::uint64_t) { other_is_done.wait(); };
  controls_[1].on_start = [&, packs = 0](std::size_t) mutable {
    if (++packs == 2) other_is_done.happen();
  };
  EXPECT_EQ(run_on(engines, sweep(5), path("a.db")).done, 30u);
}

/// Two workers with a pack each; the second fails in its first advance, the first goes on until it is
/// stopped.
class FailingWorkerTest : public WorkersTest {
 protected:
  FailingWorkerTest() {
    options_.max_pack = 3;
    start_together();
    controls_[0].on_advance = [this](std::uint64_t) {
      failing_.wait();
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    };
    controls_[1].on_advance = [this](std::uint64_t) {
      failing_.happen();
      throw std::runtime_error("the device is gone");
    };
  }

  const Engines two_ = make_engines(2);
  Event failing_;
};

TEST_F(FailingWorkerTest, EndsTheOthersWithTheirStateSaved) {
  const Sweep grid = sweep(5);
  EXPECT_THAT([&] { (void)run_on(two_, grid, path("broken.db")); },
              ThrowsMessage<std::runtime_error>(StrEq("the device is gone")));
  EXPECT_THAT(
      query_rows(path("broken.db"), "SELECT DISTINCT device FROM cells JOIN checkpoints ON cell = num"),
      ElementsAre("device 0|"));
  EXPECT_FALSE(Store(path("broken.db"), Store::Access::read_only).finished(grid));
  (void)run(grid, path("broken.db"));
  EXPECT_EQ(control_.network_steps + controls_[0].network_steps, 30 * 40.0)
      << "the state of the other is kept";
  (void)run(grid, path("unbroken.db"));
  expect_equal_results(path("broken.db"), path("unbroken.db"));
}

TEST_F(FailingWorkerTest, IsToldOfEvenIfTheOthersFailToSave) {
  controls_[0].on_save = [this] {
    if (failing_.happened()) throw IoError("the disk is full");
  };
  EXPECT_THAT([&] { (void)run_on(two_, sweep(5), path("a.db")); },
              ThrowsMessage<std::runtime_error>(StrEq("the device is gone")));
}

TEST_F(WorkersTest, OutOfMemorySplitsThePackOfThatWorker) {
  const Sweep grid = sweep(5);
  (void)run(grid, path("one.db"));
  const Engines engines = make_engines(2);
  start_together();
  options_.max_pack = 6;
  controls_[1].out_of_memory_above = 2;
  EXPECT_EQ(run_on(engines, grid, path("split.db")).done, 30u);
  EXPECT_EQ(controls_[0].pack_sizes.front(), 4u);
  EXPECT_FALSE(controls_[1].pack_sizes.empty());
  EXPECT_THAT(controls_[1].pack_sizes, Each(Le(2u)));
  EXPECT_EQ(network_steps(), 30 * 40.0);
  expect_equal_results(path("split.db"), path("one.db"));
}

TEST_F(WorkersTest, OneMakesRoomWhereTheMemoryIsForOneOnly) {
  const Sweep grid = sweep(5);
  (void)run(grid, path("one.db"));
  options_.max_pack = 4;
  control_.workers = 2;
  control_.room = 1;
  Event failed_alone;
  control_.on_start = [&](std::size_t size) {
    const std::scoped_lock lock(control_.mutex);
    if (size == 1 && control_.networks == 1) failed_alone.happen();
  };
  control_.on_advance = [&](std::uint64_t) { failed_alone.wait(); };
  EXPECT_EQ(run(grid, path("two.db")).done, 30u);
  expect_equal_results(path("two.db"), path("one.db"));
}

TEST_F(WorkersTest, OfTheCpuGiveTheResultsOfOne) {
  const Sweep grid = sweep(3);
  options_.max_pack = 2;
  const auto engines = [](std::size_t count) {
    Engines engines;
    for (std::size_t i = 0; i < count; ++i)
      engines.push_back(make_cpu_engine({.threads = 1, .instruction_set = {}}));
    return engines;
  };
  EXPECT_EQ(run_on(engines(1), grid, path("one.db")).done, 18u);
  EXPECT_EQ(run_on(engines(2), grid, path("two.db")).done, 18u);
  expect_equal_results(path("two.db"), path("one.db"));
}

}  // namespace
}  // namespace modsweep
