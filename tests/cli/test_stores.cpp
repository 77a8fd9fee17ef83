// Stores that users move, copy, lock, damage and merge.
#include "program.h"
#include "run/store_rows.h"

#include <csignal>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

namespace modsweep {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing_support::all_results;
using testing_support::expect_error;
using testing_support::Outcome;
using testing_support::ProgramTest;
using testing_support::query_rows;
using testing_support::read_text;
using testing_support::Running;

class StoreTest : public ProgramTest {
 protected:
  StoreTest() {
    write("sweep.toml", text("sweep", 300, 12));
    write("long.toml", text("long", 100'000'000, 2));
  }

  static std::string text(const std::string& name, int steps, int seeds) {
    return "name = \"" + name +
           "\"\n[task]\ninputs = 2\ntrain_samples = 20\ntest_samples = 20\n[network]\nhidden = [4]\n"
           "[training]\nbatch_size = 10\nsteps = " +
           std::to_string(steps) +
           "\n[measure]\nevery_steps = 100000000\n[axes]\n\"training.seed\" = { range = [0, " +
           std::to_string(seeds) + "] }\n";
  }

  void run(const std::vector<std::string>& more) const {
    std::vector<std::string> arguments = {"run", "sweep.toml", "--quiet", "--threads", "1"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const Outcome outcome = modsweep(arguments);
    ASSERT_EQ(outcome.code, 0) << outcome.err;
  }
  void make_shards(const std::string& first, const std::string& second) const {
    run({"--shard", "1/2", "-o", first});
    run({"--shard", "2/2", "-o", second});
  }
};

TEST_F(StoreTest, ARunLeavesOneFileThatAnybodyReads) {
  run({"-o", "s.db"});
  EXPECT_EQ(query_rows(path("s.db"), "PRAGMA journal_mode"), std::vector<std::string>{"delete|"});
  EXPECT_THAT(files(), ElementsAre("long.toml", "s.db", "sweep.toml"));
  const auto rows = query_rows(path("s.db"), "SELECT outcome, engine, shard FROM runs");
  EXPECT_EQ(rows, std::vector<std::string>{"done|cpu|1/1|"});
}

TEST_F(StoreTest, TheFileAloneHasWhatIsFinishedWhileTheRunGoesOn) {
  write("both.toml", text("both", 300, 12) + "\"training.steps\" = [10, 100000000]\n");
  Running going(folder_, {"run", "both.toml", "-o", "s.db", "--quiet", "--checkpoint-seconds", "0.5"}, "");
  ASSERT_TRUE(going.becomes([&] {
    return fs::exists(path("s.db")) &&
           query_rows(path("s.db"), "SELECT count(*) FROM cells WHERE status = 'done'")[0] == "12|";
  }));
  fs::copy_file(path("s.db"), path("copy.db"));
  EXPECT_EQ(query_rows(path("copy.db"), "SELECT count(*) FROM cells WHERE status = 'done'")[0], "12|");
  going.send(SIGTERM);
  EXPECT_EQ(going.wait().code, 130);
}

TEST_F(StoreTest, AStoreThatIsRemovedDuringARunEndsItWithAnError) {
  for (const char* what : {"remove", "move", "move the folder"}) {
    SCOPED_TRACE(what);
    fs::create_directory(path("d"));
    Running going(folder_, {"run", "long.toml", "-o", "d/s.db", "--quiet", "--checkpoint-seconds", "0.1"},
                  "");
    ASSERT_TRUE(going.becomes([&] {
      return fs::exists(path("d/s.db")) &&
             query_rows(path("d/s.db"), "SELECT 1 FROM checkpoints").size() == 2;
    }));
    if (what == std::string("remove")) fs::remove(path("d/s.db"));
    if (what == std::string("move")) fs::rename(path("d/s.db"), path("moved.db"));
    if (what == std::string("move the folder")) fs::rename(path("d"), path("e"));
    expect_error(going.wait(), 3, {"d/s.db", "removed, moved or replaced"});
    fs::remove_all(path("d"));
  }
  for (const char* kept : {"moved.db", "e/s.db"})
    EXPECT_THAT(modsweep({"status", kept}).out, HasSubstr("2 cells have a checkpoint"));
}

TEST_F(StoreTest, AnotherProgramsLockDoesNotEndATraining) {
  Running going(folder_, {"run", "long.toml", "-o", "s.db", "--quiet", "--checkpoint-seconds", "0.2"}, "");
  ASSERT_TRUE(going.becomes([&] {
    return fs::exists(path("s.db")) && query_rows(path("s.db"), "SELECT 1 FROM checkpoints").size() == 2;
  }));
  sqlite3* other = nullptr;
  ASSERT_EQ(sqlite3_open(path("s.db").c_str(), &other), SQLITE_OK);
  sqlite3_busy_timeout(other, 20'000);
  ASSERT_EQ(sqlite3_exec(other, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr), SQLITE_OK);
  const auto before = query_rows(path("s.db"), "SELECT sum(step) FROM checkpoints");
  ASSERT_TRUE(going.spoke());  // says it once
  ASSERT_TRUE(going.computed(1.0));
  EXPECT_EQ(query_rows(path("s.db"), "SELECT sum(step) FROM checkpoints"), before);
  sqlite3_exec(other, "ROLLBACK", nullptr, nullptr, nullptr);
  sqlite3_close(other);
  EXPECT_TRUE(
      going.becomes([&] { return query_rows(path("s.db"), "SELECT sum(step) FROM checkpoints") != before; }));
  going.send(SIGTERM);
  const Outcome outcome = going.wait();
  EXPECT_EQ(outcome.code, 130);
  EXPECT_THAT(outcome.err, HasSubstr("training goes on"));
  EXPECT_EQ(outcome.err.find("training goes on"), outcome.err.rfind("training goes on"));
}

TEST_F(StoreTest, ALogOfAnEarlierProgramGoesIntoItsStoreAndNoOther) {
  const std::string old = MODSWEEP_TEST_DATA "/stores/format3-killed.store";
  fs::copy_file(old, path("s.db"));
  fs::copy_file(old + "-wal", path("s.db-wal"));
  fs::copy_file(MODSWEEP_TEST_DATA "/stores/format3.toml", path("old.toml"));
  const Outcome outcome = modsweep({"run", "old.toml", "-o", "s.db", "--threads", "1"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr("brought from store format 3 to 7"));
  EXPECT_THAT(outcome.err, HasSubstr("have no hash"));
  ASSERT_EQ(modsweep({"run", "old.toml", "-o", "new.db", "--quiet", "--threads", "1"}).code, 0);
  auto went_on = all_results(path("s.db"));
  auto unbroken = all_results(path("new.db"));
  EXPECT_EQ(went_on, unbroken);
}

TEST_F(StoreTest, CheckpointsThatWereChangedAreRefused) {
  Running going(folder_, {"run", "long.toml", "-o", "s.db", "--quiet", "--checkpoint-seconds", "0.2"}, "");
  ASSERT_TRUE(going.becomes([&] {
    return fs::exists(path("s.db")) && query_rows(path("s.db"), "SELECT 1 FROM checkpoints").size() == 2;
  }));
  going.send(SIGTERM);
  ASSERT_EQ(going.wait().code, 130);
  const auto id = query_rows(path("s.db"), "SELECT id FROM cells WHERE num = 1")[0].substr(0, 16);
  fs::copy_file(path("s.db"), path("sound.db"));
  for (const char* sql : {"UPDATE checkpoints SET step = 9007199254740993 WHERE cell = 1",
                          "UPDATE checkpoints SET state = zeroblob(length(state)) WHERE cell = 1"}) {
    fs::copy_file(path("sound.db"), path("s.db"), fs::copy_options::overwrite_existing);
    (void)query_rows(path("s.db"), sql);
    expect_error(modsweep({"run", "long.toml", "-o", "s.db", "--quiet"}), 2, {"s.db", "cell c" + id});
  }
}

TEST_F(StoreTest, ShardsMergedAreTheWholeAndGoOn) {
  run({"-o", "whole.db"});
  make_shards("a.db", "b.db");
  const Outcome merged = modsweep({"merge", "all.db", "b.db", "a.db"});
  EXPECT_EQ(merged.code, 0) << merged.err;
  EXPECT_EQ(merged.out, "all.db: 12 cells of 2 stores (12 done, 0 diverged, 0 running)\n");
  EXPECT_EQ(all_results(path("all.db")), all_results(path("whole.db")));
  const Outcome again = modsweep({"run", "sweep.toml", "-o", "all.db"});
  EXPECT_EQ(again.code, 0);
  EXPECT_THAT(again.err, HasSubstr("all 12 cells are done"));
  EXPECT_THAT(files(), ElementsAre("a.db", "all.db", "b.db", "long.toml", "sweep.toml", "whole.db"));
}

TEST_F(StoreTest, AMergeGoesOnWhereADeadShardStood) {
  run({"--shard", "1/2", "-o", "a.db"});
  write("grown.toml", text("sweep", 300, 12));
  {
    Running dead(
        folder_,
        {"run", "long.toml", "--shard", "1/2", "-o", "b.db", "--quiet", "--checkpoint-seconds", "0.1"}, "");
    ASSERT_TRUE(dead.becomes([&] {
      return fs::exists(path("b.db")) && !query_rows(path("b.db"), "SELECT 1 FROM checkpoints").empty();
    }));
    dead.send(SIGKILL);
    (void)dead.wait();
  }
  ASSERT_EQ(modsweep({"merge", "all.db", "a.db", "b.db", "--quiet"}).code, 0);
  const auto step = query_rows(path("b.db"), "SELECT step FROM checkpoints");
  EXPECT_EQ(query_rows(path("all.db"), "SELECT step FROM checkpoints"), step);
  Running going(folder_, {"run", "long.toml", "-o", "all.db", "--quiet", "--checkpoint-seconds", "0.1"}, "");
  EXPECT_TRUE(
      going.becomes([&] { return query_rows(path("all.db"), "SELECT 1 FROM checkpoints").size() == 2; }));
  going.send(SIGTERM);
  EXPECT_EQ(going.wait().code, 130);
}

TEST_F(StoreTest, EveryReaderTakesSeveralStoresOrAFolder) {
  run({"-o", "whole.db"});
  fs::create_directory(path("parts"));
  make_shards("parts/a.db", "parts/b.db");
  const auto id = query_rows(path("whole.db"), "SELECT id FROM cells WHERE num = 5")[0].substr(0, 16);
  const std::vector<std::vector<std::string>> stores = {{"parts"}, {"parts/b.db", "parts/a.db"}};
  const auto with = [](std::vector<std::string> arguments, const std::vector<std::string>& paths) {
    arguments.insert(arguments.begin() + 1, paths.begin(), paths.end());
    return arguments;
  };
  const auto sorted = [](const std::string& text) {
    std::vector<std::string> lines;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);) {
      const auto seconds = line.find("\"seconds\"");
      if (seconds != std::string::npos) line.resize(seconds);
      lines.push_back(line);
    }
    std::sort(lines.begin(), lines.end());
    return lines;
  };
  for (const auto& paths : stores) {
    for (const std::vector<std::string>& command :
         {std::vector<std::string>{"export", "--format", "jsonl"},
          {"export", "--format", "jsonl", "--table", "history"},
          {"export", "--format", "jsonl", "--table", "spectra"},
          {"aggregate", "--value", "test_loss", "--format", "jsonl"}}) {
      const Outcome one = modsweep(with(command, {"whole.db"}));
      const Outcome several = modsweep(with(command, paths));
      EXPECT_EQ(several.code, 0) << several.err;
      EXPECT_EQ(sorted(several.out), sorted(one.out)) << command[0];
    }
    ASSERT_EQ(modsweep(with({"weights", "--cell", id, "-o", "several.safetensors"}, paths)).code, 0);
    const Outcome fit =
        modsweep(with({"fit", "transition", "--x", "training.seed", "--by", "status"}, paths));
    EXPECT_THAT(fit.err, HasSubstr("the fits are not kept"));
    EXPECT_EQ(modsweep(with({"reproduce"}, paths)).code, 0);
  }
  EXPECT_THAT(files(), ElementsAre("long.toml", "parts", "several.safetensors", "sweep.toml", "whole.db"));
}

TEST_F(StoreTest, StatusTellsEachStoreTheSumAndWhatIsMissing) {
  run({"--shard", "1/3", "-o", "a.db"});
  run({"--shard", "3/3", "-o", "c.db"});
  const Outcome outcome = modsweep({"status", "a.db", "c.db"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("a.db\n"));
  EXPECT_THAT(outcome.out, testing::ContainsRegex("together\n.*\nsweep +[0-9a-f]+ +12 +8 +0 +0 +4\n"));
  EXPECT_THAT(outcome.out, HasSubstr("sweep: 2 of 3 shards are here, missing: 2\n"));
}

TEST_F(StoreTest, AMergeIntoWhatIsNoMergeOrOfWhatIsNoStoreChangesNothing) {
  run({"-o", "a.db"});
  write("notes.db", "my notes");
  const std::string bytes = read_text(path("a.db"));
  expect_error(modsweep({"merge", "a.db", "a.db"}), 2, {"a.db", "no merge made"});
  expect_error(modsweep({"merge", "notes.db", "a.db"}), 2, {"notes.db", "not a modsweep store"});
  expect_error(modsweep({"merge", "all.db", "a.db", "notes.db"}), 2, {"notes.db"});
  expect_error(modsweep({"merge", "all.db", "a.db", "absent.db"}), 2, {"absent.db"});
  EXPECT_EQ(read_text(path("a.db")) == bytes, true);
  EXPECT_EQ(read_text(path("notes.db")), "my notes");
  EXPECT_THAT(files(), ElementsAre("a.db", "long.toml", "notes.db", "sweep.toml"));
}

TEST_F(StoreTest, WeightsSayWhatTrainedThem) {
  run({"-o", "a.db"});
  const auto id = query_rows(path("a.db"), "SELECT id FROM cells WHERE num = 1")[0].substr(0, 16);
  ASSERT_EQ(modsweep({"weights", "a.db", "--cell", id, "-o", "w.safetensors"}).code, 0);
  const std::string file = read_text(path("w.safetensors"));
  for (const char* key : {"\"modsweep\":\"", "\"host\":\"", "\"began\":\"", "\"command\":\"",
                          "\"engine\":\"cpu\"", "\"device\":\""})
    EXPECT_THAT(file, HasSubstr(key));
}

#ifdef MODSWEEP_NO_LOCKS_LIBRARY
TEST_F(StoreTest, WithoutFileLocksStoresAreReadAndNotWrittenAndThatIsSaid) {
  run({"-o", "s.db"});
  fs::copy_file(MODSWEEP_TEST_DATA "/stores/format3-killed.store", path("old.db"));
  const std::string exported = modsweep({"export", "s.db"}).out;
  for (const char* locks : {"process", "file", "all"})
    for (const char* answer : {"37", "38"}) {  // ENOLCK, ENOSYS
      SCOPED_TRACE(std::string(locks) + " " + answer);
      const auto without_locks = [&](const std::vector<std::string>& arguments) {
        return modsweep(arguments, "", [&] {
          ::setenv("LD_PRELOAD", MODSWEEP_NO_LOCKS_LIBRARY, 1);
          ::setenv("MODSWEEP_NO_LOCKS", answer, 1);
          ::setenv("LOCKS", locks, 1);
        });
      };
      expect_error(without_locks({"run", "sweep.toml", "-o", "new.db"}), 2,
                   {"new.db", "cannot hold a store that is written to"});
      expect_error(without_locks({"run", "long.toml", "-o", "s.db"}), 2, {"s.db", "this file system ("});
      EXPECT_EQ(without_locks({"export", "s.db"}).out, exported);
      EXPECT_EQ(without_locks({"status", "old.db"}).code, 0);
      EXPECT_THAT(files(), ElementsAre("long.toml", "old.db", "s.db", "sweep.toml"));
    }
}
#endif

}  // namespace
}  // namespace modsweep
