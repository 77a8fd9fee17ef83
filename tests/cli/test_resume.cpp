// Contract 3 and 4 with the program itself on the CPU engine: the same bits alone and in any pack, with any
// number of threads, and after any number of kills.
#include "program.h"
#include "run/store_rows.h"

#include <algorithm>
#include <chrono>
#include <random>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace modsweep {
namespace {

using testing::HasSubstr;
using testing_support::all_results;
using testing_support::expect_error;
using testing_support::Outcome;
using testing_support::ProgramTest;
using testing_support::query_rows;
using testing_support::Running;

/// Settings that have state or draw random numbers: noise, dropout, shuffling, optimizers, schedules, early
/// stopping, several lengths and data sets.
constexpr const char* settings = R"(
name = "varied"
[noise]
strength = 0.1
[regularizer]
l2 = 1e-4
weighted_activity = 1e-3
dropout = 0.05
[measure]
every_steps = 150
points_per_decade = 2
initial = true
noisy_strength = 0.2
[network]
hidden = [9, 8]
[task]
train_samples = 130
test_samples = 50
validation_samples = 40
)";

constexpr const char* axes = R"(
[training]
batch_size = 40
warmup_steps = 30
weight_decay = 1e-3
[axes]
zip = [["training.optimizer", "training.momentum"], ["task.seed", "training.steps", "training.schedule",
  "training.step_size", "training.patience", "training.keep", "training.learning_rate"]]
"training.optimizer" = ["adamw", "sgd"]
"training.momentum" = [0.0, 0.5]
"training.shuffle" = [false, true]
"noise.exponent" = [0, 2]
"training.seed" = { range = [0, 5] }
"task.seed" = [145, 7]
"training.steps" = [400, 333]
"training.schedule" = ["cosine", "step"]
"training.step_size" = [0, 200]
"training.patience" = [0, 50]
"training.keep" = ["last", "best"]
"training.learning_rate" = [1e-2, 0.1]
)";

/// One cell of that grid.
constexpr const char* one_cell = R"(
seed = 7
[training]
batch_size = 40
warmup_steps = 30
weight_decay = 1e-3
learning_rate = 0.1
schedule = "step"
step_size = 200
patience = 50
keep = "best"
optimizer = "sgd"
momentum = 0.5
shuffle = true
seed = 3
steps = 333
)";

class ResumeTest : public ProgramTest {
 protected:
  ResumeTest() { write("varied.toml", std::string(settings) + axes); }

  [[nodiscard]] std::vector<std::string> command(const std::string& store,
                                                 const std::vector<std::string>& more = {}) const {
    std::vector<std::string> arguments = {"run", "varied.toml", "-o", store, "--quiet", "--engine", "cpu"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }

  void run(const std::string& store, const std::vector<std::string>& more = {}) const {
    const Outcome outcome = modsweep(command(store, more));
    ASSERT_EQ(outcome.code, 0) << outcome.err;
  }

  void expect_equal(const std::string& store, const std::string& expected,
                    const std::string& only = "") const {
    const auto got = all_results(path(store));
    for (const auto& [table, rows] : all_results(path(expected), only)) {
      EXPECT_EQ(got.at(table).size(), rows.size()) << table;
      EXPECT_TRUE(got.at(table) == rows) << table << " of " << store << " and " << expected << " differ";
    }
  }
};

TEST_F(ResumeTest, PackSizeAndThreadsDoNotMatter) {
  run("reference.db", {"--max-pack", "64", "--threads", "1"});
  ASSERT_EQ(query_rows(path("reference.db"), "SELECT id FROM cells WHERE status = 'done'").size(), 80u);
  const auto early = query_rows(path("reference.db"), "SELECT id FROM cells WHERE step < 333").size();
  ASSERT_GT(early, 0u) << "none stops early";
  ASSERT_LT(early, 40u) << "all that may stop early do";
  int count = 0;
  for (const char* pack : {"64", "7", "1"})
    for (const char* threads : {"1", "2"}) {
      const std::string store = "other" + std::to_string(++count) + ".db";
      run(store, {"--max-pack", pack, "--threads", threads});
      expect_equal(store, "reference.db");
    }
}

TEST_F(ResumeTest, ACellAloneEqualsItselfInACrowd) {
  run("all.db");
  write("alone.toml", std::string(settings) + one_cell);
  ASSERT_EQ(modsweep({"run", "alone.toml", "--quiet", "--engine", "cpu"}).code, 0);
  ASSERT_EQ(query_rows(path("alone.db"), "SELECT id FROM cells").size(), 1u);
  const std::string id = query_rows(path("alone.db"), "SELECT id FROM cells").front().substr(0, 16);
  expect_equal("alone.db", "all.db", "'" + id + "'");
}

/// Random delays before a signal. The time of a run depends on the build, the machine and its other load, so
/// the delays are adapted to the states in which signals arrived.
class Delays {
 public:
  explicit Delays(unsigned seed) : random_(seed) {}
  void wait() { std::this_thread::sleep_for(longest_ * uniform_(random_)); }
  void came_early() { longest_ *= 1.3; }
  void came_late() { longest_ *= 0.7; }

 private:
  std::mt19937 random_;
  std::uniform_real_distribution<double> uniform_;
  std::chrono::duration<double> longest_{0.5};
};

TEST_F(ResumeTest, KilledAtRandomMomentsTwentyTimes) {
  run("unbroken.db");
  Delays delays(20);
  int kills = 0;
  int resumed = 0;
  const auto enough = [&] { return kills >= 20 && resumed > 0; };
  for (int store_number = 0; !enough(); ++store_number) {
    const std::string store = "broken" + std::to_string(store_number) + ".db";
    for (bool through = false; !through;) {
      ASSERT_LT(kills, 200) << "no kill ever left a checkpoint to go on from";
      ASSERT_LT(store_number, 100) << "the program is always through before it can be killed";
      // A different pack size each time: checkpoints move between packs.
      const std::string pack = std::to_string(40 + kills % 20);
      Running running(folder_, command(store, {"--checkpoint-seconds", "0.01", "--max-pack", pack}), "");
      const bool killing = !enough();
      if (killing) {
        delays.wait();
        running.send(SIGKILL);
      }
      const Outcome outcome = running.wait();
      through = outcome.signal == 0;
      if (through) {
        ASSERT_EQ(outcome.code, 0) << outcome.err;
        if (killing) delays.came_late();
      } else {
        ++kills;
        if (std::filesystem::exists(path(store)) &&
            !query_rows(path(store), "SELECT 1 FROM checkpoints").empty())
          ++resumed;
        else
          delays.came_early();
      }
    }
    expect_equal(store, "unbroken.db");
  }
}

TEST_F(ResumeTest, AnInterruptSavesTheState) {
  write("long.toml",
        "name = \"long\"\n[training]\nsteps = 1000000000\n[axes]\n\"training.seed\" = [0, 1, 2]\n");
  std::vector<std::string> before;
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    Running running(folder_, {"run", "long.toml"}, "");
    ASSERT_TRUE(running.spoke());
    ASSERT_TRUE(running.computed(0.5));
    running.send(signal);
    const Outcome outcome = running.wait();
    EXPECT_EQ(outcome.code, 130) << outcome.err;
    EXPECT_THAT(outcome.err, HasSubstr("the state is saved in long.db"));
    const auto steps = query_rows(path("long.db"), "SELECT cell, step FROM checkpoints WHERE step > 0");
    EXPECT_EQ(steps.size(), 3u);
    EXPECT_NE(steps, before) << "nothing was trained since the last interrupt";
    before = steps;
  }
  EXPECT_THAT(modsweep({"status", "long.db"}).out, HasSubstr("3 cells have a checkpoint"));
}

TEST_F(ResumeTest, InterruptedUntilThroughGivesTheSameBits) {
  run("unbroken.db");
  Delays delays(1);
  int interrupts = 0;
  for (int store_number = 0; interrupts < 3; ++store_number) {
    ASSERT_LT(store_number, 100) << "the program is always through before it can be interrupted";
    const std::string store = "interrupted" + std::to_string(store_number) + ".db";
    for (Outcome outcome; outcome.code != 0;) {
      ASSERT_LT(interrupts, 200) << "interrupted runs do not get on";
      Running running(folder_, {"run", "varied.toml", "-o", store, "--engine", "cpu"}, "");
      ASSERT_TRUE(running.spoke());
      delays.wait();
      running.send(SIGINT);
      outcome = running.wait();
      // A run that has only its exit left no longer handles signals.
      ASSERT_TRUE(outcome.code == 130 || outcome.code == 0 || outcome.signal == SIGINT) << outcome.err;
      if (outcome.code == 130)
        ++interrupts;
      else
        delays.came_late();
    }
    expect_equal(store, "unbroken.db");
  }
}

TEST_F(ResumeTest, ASecondProcessIsRefused) {
  write("long.toml", "name = \"long\"\n[training]\nsteps = 1000000000\n");
  Running running(folder_, {"run", "long.toml"}, "");
  ASSERT_TRUE(running.spoke());
  expect_error(modsweep({"run", "long.toml"}), 2, {"long.db", "process"});
  EXPECT_EQ(modsweep({"status", "long.db"}).code, 0);
  EXPECT_EQ(modsweep({"export", "long.db"}).code, 0);
  running.send(SIGINT);
  EXPECT_EQ(running.wait().code, 130);
}

}  // namespace
}  // namespace modsweep
