// run and plan --shard: the shards together equal the sweep, bit for bit.
#include "environment.h"
#include "program.h"
#include "run/store_rows.h"

#include <algorithm>
#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace modsweep {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing_support::all_results;
using testing_support::EnvironmentVariable;
using testing_support::expect_error;
using testing_support::Outcome;
using testing_support::ProgramTest;
using testing_support::query_rows;
using testing_support::Running;

/// 42 cells of two shapes and two lengths, with noise and shuffled samples.
constexpr const char* sharded = R"(
name = "sharded"
[task]
train_samples = 30
test_samples = 20
[noise]
strength = 0.1
[measure]
every_steps = 10
weights = true
[training]
batch_size = 10
shuffle = true
[axes]
"network.hidden" = [[5], [6, 5]]
"training.steps" = [25, 60, 31]
"training.seed" = { range = [0, 7] }
)";

class ShardTest : public ProgramTest {
 protected:
  ShardTest() { write("sharded.toml", sharded); }

  [[nodiscard]] Outcome run_shard(const std::string& shard, const std::vector<std::string>& more = {}) const {
    std::vector<std::string> arguments = {"run", "sharded.toml", "--shard", shard, "--engine", "cpu"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return modsweep(arguments);
  }
};

TEST_F(ShardTest, TogetherAreTheWholeSweep) {
  ASSERT_EQ(modsweep({"run", "sharded.toml", "--quiet", "--engine", "cpu"}).code, 0);
  std::map<std::string, std::vector<std::string>> together;
  for (const char* index : {"1", "2", "3", "4"}) {
    const Outcome outcome = run_shard(std::string(index) + "/4", {"--quiet", "--max-pack", index});
    ASSERT_EQ(outcome.code, 0) << outcome.err;
    const std::string store = path(std::string("sharded.shard-") + index + "-of-4.db");
    const std::size_t cells = query_rows(store, "SELECT id FROM cells WHERE status = 'done'").size();
    EXPECT_TRUE(cells == 10 || cells == 11) << cells;
    for (const auto& [table, rows] : all_results(store))
      together[table].insert(together[table].end(), rows.begin(), rows.end());
  }
  for (auto& [table, rows] : all_results(path("sharded.db"))) {
    auto whole = rows;
    std::ranges::sort(whole);
    std::ranges::sort(together[table]);
    EXPECT_EQ(together[table].size(), whole.size()) << table;
    EXPECT_TRUE(together[table] == whole) << table;
  }
  EXPECT_EQ(together["cells"].size(), 42U);
}

TEST_F(ShardTest, SaysWhatItHasAndHowAllComeTogether) {
  const Outcome first = run_shard("2/8");
  EXPECT_EQ(first.code, 0);
  EXPECT_THAT(first.err, HasSubstr("sharded, shard 2/8: 6 of 42 cells, 6 to train"));
  EXPECT_THAT(first.out, HasSubstr("modsweep merge sharded.db sharded.shard-*-of-8.db"));
  EXPECT_THAT(files(), ElementsAre("sharded.shard-2-of-8.db", "sharded.toml"));
  const Outcome again = run_shard("2/8");
  EXPECT_EQ(again.code, 0);
  EXPECT_THAT(again.err, HasSubstr("sharded, shard 2/8: all 6 cells are done"));
  EXPECT_EQ(again.out, first.out);
}

TEST_F(ShardTest, ShowsOnlyRowsThatItHasCellsOf) {
  const Outcome outcome = run_shard("2/42");
  EXPECT_EQ(std::ranges::count(outcome.out, '\n'), 4) << outcome.out;  // names, one row, two remarks
  EXPECT_EQ(std::ranges::count(modsweep({"run", "sharded.toml"}).out, '\n'), 8);
}

TEST_F(ShardTest, HasTheStoreThatOutputNames) {
  const Outcome outcome = run_shard("1/2", {"-o", "mine.db"});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_THAT(outcome.out, HasSubstr("modsweep merge"));
  EXPECT_THAT(files(), ElementsAre("mine.db", "sharded.toml"));
  EXPECT_EQ(query_rows(path("mine.db"), "SELECT id FROM cells").size(), 21U);
  // Then the other shard into the same store: nothing remains to train.
  EXPECT_EQ(run_shard("2/2", {"-o", "mine.db"}).code, 0);
  EXPECT_EQ(query_rows(path("mine.db"), "SELECT id FROM cells WHERE status = 'done'").size(), 42U);
  EXPECT_THAT(modsweep({"run", "sharded.toml", "-o", "mine.db"}).err, Not(HasSubstr(" 1 to train")));
}

TEST_F(ShardTest, OfOneIsTheWholeSweep) {
  EXPECT_EQ(run_shard("1/1", {"--quiet"}).code, 0);
  EXPECT_THAT(files(), ElementsAre("sharded.shard-1-of-1.db", "sharded.toml"));
  EXPECT_EQ(query_rows(path("sharded.shard-1-of-1.db"), "SELECT finished FROM sweeps").at(0), "1|");
}

TEST_F(ShardTest, WithoutCellsIsDone) {
  for (int time = 0; time < 2; ++time) {
    const Outcome outcome = run_shard("43/43");
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_THAT(outcome.err, HasSubstr("sharded, shard 43/43: "));
  }
  EXPECT_EQ(query_rows(path("sharded.shard-43-of-43.db"), "SELECT name, cells, finished FROM sweeps").at(0),
            "sharded|42|0|");
}

TEST_F(ShardTest, IsPlanned) {
  const Outcome before = modsweep({"plan", "sharded.toml", "--shard", "3/4", "--engine", "cpu"});
  EXPECT_EQ(before.code, 0) << before.err;
  EXPECT_THAT(before.out, HasSubstr("shard         3/4 of 42 cells\n"));
  EXPECT_THAT(before.out, testing::AnyOf(HasSubstr("left          10 in"), HasSubstr("left          11 in")));
  EXPECT_THAT(files(), ElementsAre("sharded.toml"));
  ASSERT_EQ(run_shard("3/4", {"--quiet"}).code, 0);
  EXPECT_THAT(modsweep({"plan", "sharded.toml", "--shard", "3/4"}).out, HasSubstr("left          0 in"));
}

TEST_F(ShardTest, IsWhatASchedulerSays) {
  {
    const EnvironmentVariable id("SLURM_ARRAY_TASK_ID", "20");
    const EnvironmentVariable count("SLURM_ARRAY_TASK_COUNT", "4");
    const EnvironmentVariable first("SLURM_ARRAY_TASK_MIN", "0");
    const EnvironmentVariable step("SLURM_ARRAY_TASK_STEP", "10");
    EXPECT_EQ(run_shard("auto", {"--quiet"}).code, 0);
    EXPECT_THAT(files(), ElementsAre("sharded.shard-3-of-4.db", "sharded.toml"));
  }
  {
    const EnvironmentVariable rank("PMI_RANK", "4");
    const EnvironmentVariable size("PMI_SIZE", "4");
    expect_error(run_shard("auto"), 2, {"PMI_RANK", "PMI_SIZE"});
  }
  expect_error(run_shard("auto"), 2, {"SLURM_ARRAY_TASK_ID", "JOB_COMPLETION_INDEX", "--shard I/N"});
}

TEST_F(ShardTest, ThatIsNoneIsRefused) {
  for (const char* shard :
       {"0/4", "5/4", "a/b", "1/0", "1/99999999999", "", " ", "1", "1/4x", "-1/4", "Auto"}) {
    expect_error(run_shard(shard), 2, {"shard"});
    expect_error(modsweep({"plan", "sharded.toml", "--shard", shard}), 2, {"shard"});
  }
  expect_error(modsweep({"refine", "sharded.toml", "--shard", "1/2"}), 2, {"--shard"});
  EXPECT_THAT(files(), ElementsAre("sharded.toml"));
}

TEST_F(ShardTest, GoesOnAfterAKill) {
  ASSERT_EQ(run_shard("1/2", {"--quiet", "-o", "unbroken.db"}).code, 0);
  const std::vector<std::string> command = {
      "run",  "sharded.toml", "--shard", "1/2",      "--checkpoint-seconds",
      "0.01", "--max-pack",   "1",       "--engine", "cpu"};
  for (int kills = 0; kills < 3; ++kills) {
    Running running(folder_, command, "");
    ASSERT_TRUE(running.spoke());
    running.send(SIGKILL);
    (void)running.wait();
  }
  ASSERT_EQ(modsweep(command).code, 0);
  EXPECT_TRUE(all_results(path("sharded.shard-1-of-2.db")) == all_results(path("unbroken.db")));
}

TEST_F(ShardTest, TellsItsDivergedCells) {
  const Outcome outcome = run_shard("1/2", {"--set", "training.optimizer=sgd", "--set",
                                            "training.learning_rate=1e6", "--set", "training.steps=60"});
  EXPECT_EQ(outcome.code, 1) << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr("7 cells diverged; see modsweep export sharded.shard-1-of-2.db"));
}

}  // namespace
}  // namespace modsweep
