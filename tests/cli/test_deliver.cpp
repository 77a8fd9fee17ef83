// run --deliver: trains in one folder and delivers to another, where the store is always complete and never
// loses results.
#include "environment.h"
#include "program.h"
#include "run/store_rows.h"

#include <algorithm>
#include <filesystem>
#include <functional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace modsweep {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing_support::all_results;
using testing_support::EnvironmentVariable;
using testing_support::expect_error;
using testing_support::Outcome;
using testing_support::ProgramTest;
using testing_support::query_rows;
using testing_support::read_text;
using testing_support::Running;
using testing_support::write_text;

/// A folder `node`, where training runs, and a folder `shared`.
class DeliverTest : public ProgramTest {
 protected:
  DeliverTest() {
    std::filesystem::create_directory(folder_ / "node");
    std::filesystem::create_directory(folder_ / "shared");
    write("short.toml",
          "name = \"short\"\n[task]\ntrain_samples = 20\n[training]\nsteps = 30\n[axes]\n\"training.seed\" = "
          "[0, 1, 2, 3, 4]\n");
    write("long.toml",
          "name = \"long\"\n[training]\nsteps = 1000000000\n[axes]\n\"training.seed\" = [0, 1]\n");
  }

  [[nodiscard]] static std::vector<std::string> deliver(const std::string& sweep,
                                                        const std::vector<std::string>& more = {}) {
    std::vector<std::string> arguments = {"run",       sweep + ".toml", "-o",       "node/" + sweep + ".db",
                                          "--deliver", "shared",        "--engine", "cpu"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }

  /// Trains the long sweep briefly; calls `meanwhile` before the interrupt.
  [[nodiscard]] Outcome interrupted(
      int signal = SIGTERM, const std::function<void()>& meanwhile = [] {}) const {
    Running running(folder_, deliver("long"), "");
    EXPECT_TRUE(running.spoke());
    EXPECT_TRUE(running.computed(0.3));
    meanwhile();
    running.send(signal);
    return running.wait();
  }

  [[nodiscard]] std::vector<std::string> in(const std::string& folder) const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(folder_ / folder))
      names.push_back(entry.path().filename());
    std::ranges::sort(names);
    return names;
  }

  [[nodiscard]] long steps_in(const std::string& store) const {
    return std::stol(query_rows(path(store), "SELECT sum(step) FROM cells").at(0));
  }
};

TEST_F(DeliverTest, HandsTheWholeStoreOver) {
  const Outcome outcome = modsweep(deliver("short"));
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr("shared/short.db"));
  EXPECT_THAT(in("shared"), ElementsAre("short.db"));
  EXPECT_EQ(query_rows(path("shared/short.db"), "SELECT id FROM cells WHERE status = 'done'").size(), 5U);
  EXPECT_TRUE(all_results(path("shared/short.db")) == all_results(path("node/short.db")));
  EXPECT_EQ(modsweep(deliver("short", {"--quiet"})).err, "");
}

TEST_F(DeliverTest, TrainsInTheTemporaryFolder) {
  const EnvironmentVariable temporary("TMPDIR", path("node"));
  EXPECT_EQ(modsweep({"run", "short.toml", "--shard", "2/3", "--deliver", "shared", "--quiet"}).code, 0);
  EXPECT_THAT(in("shared"), ElementsAre("short.shard-2-of-3.db"));
  EXPECT_THAT(in("node"), ElementsAre("short.shard-2-of-3.db"));
  EXPECT_THAT(in("."), Not(testing::Contains("short.shard-2-of-3.db")));
}

TEST_F(DeliverTest, AnotherNodeGoesOnAfterASignal) {
  long before = 0;
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) {
    const Outcome outcome = interrupted(signal);
    EXPECT_EQ(outcome.code, 130) << outcome.err;
    EXPECT_THAT(in("shared"), ElementsAre("long.db"));
    EXPECT_GT(steps_in("shared/long.db"), before);
    EXPECT_EQ(query_rows(path("shared/long.db"), "SELECT cell FROM checkpoints").size(), 2U);
    before = steps_in("shared/long.db");
    std::filesystem::remove_all(folder_ / "node");
    std::filesystem::create_directory(folder_ / "node");
  }
}

TEST_F(DeliverTest, TheStoreWithMoreStepsIsUsed) {
  ASSERT_EQ(interrupted().code, 130);
  std::filesystem::copy_file(path("node/long.db"), path("old.db"));
  ASSERT_EQ(interrupted().code, 130);
  const long most = steps_in("shared/long.db");
  ASSERT_GT(most, steps_in("old.db"));
  // A node that trained before another one continued the store.
  std::filesystem::copy_file(path("old.db"), path("node/long.db"),
                             std::filesystem::copy_options::overwrite_existing);
  const Outcome behind = interrupted();
  EXPECT_EQ(behind.code, 130) << behind.err;
  EXPECT_THAT(behind.err, HasSubstr("going on from shared/long.db"));
  EXPECT_GT(steps_in("shared/long.db"), most);
  // A node that was killed before it delivered.
  std::filesystem::copy_file(path("old.db"), path("shared/long.db"),
                             std::filesystem::copy_options::overwrite_existing);
  const long here = steps_in("node/long.db");
  const Outcome ahead = interrupted();
  EXPECT_EQ(ahead.code, 130) << ahead.err;
  EXPECT_THAT(ahead.err, Not(HasSubstr("going on from")));
  EXPECT_GT(steps_in("shared/long.db"), here);
}

TEST_F(DeliverTest, WhatItLacksIsNotReplaced) {
  ASSERT_EQ(modsweep({"run", "short.toml", "-o", "other.db", "--quiet"}).code, 0);
  const std::string other = read_text(path("other.db"));
  const Outcome outcome =
      interrupted(SIGTERM, [&] { std::filesystem::copy_file(path("other.db"), path("shared/long.db")); });
  EXPECT_EQ(outcome.code, 3) << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr("node/long.db"));
  EXPECT_THAT(outcome.err, HasSubstr("modsweep merge ALL.db shared/long.db node/long.db"));
  EXPECT_THAT(in("shared"), ElementsAre("long.db"));
  EXPECT_TRUE(read_text(path("shared/long.db")) == other);
  EXPECT_GT(steps_in("node/long.db"), 0);
}

TEST_F(DeliverTest, AFolderThatIsGoneLeavesTheStoreHere) {
  const Outcome outcome = interrupted(SIGTERM, [&] { std::filesystem::remove_all(folder_ / "shared"); });
  EXPECT_EQ(outcome.code, 3) << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr("node/long.db"));
  EXPECT_THAT(outcome.err, Not(HasSubstr("modsweep merge")));
  EXPECT_GT(steps_in("node/long.db"), 0);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "shared"));
}

TEST_F(DeliverTest, NothingIsTrainedForAFolderThatCannotTakeIt) {
  const auto refused = [&](const std::string& folder, const std::vector<std::string>& parts) {
    expect_error(modsweep({"run", "short.toml", "-o", "node/short.db", "--deliver", folder}), 2, parts);
    EXPECT_THAT(in("node"), IsEmpty());
  };
  refused("nowhere", {"nowhere"});
  refused("short.toml", {"short.toml"});
  refused("", {"--deliver"});
  refused("node", {"node"});
  refused("shared/../node", {"node"});
  refused("/proc", {"/proc"});
  write_text(folder_ / "shared" / "short.db",
             "a text of somebody, longer than the header of a database, "
             "which has a hundred bytes, so that it is looked into.");
  refused("shared", {"shared/short.db"});
  std::filesystem::remove(folder_ / "shared" / "short.db");
  std::filesystem::create_symlink("../gone.db", folder_ / "shared" / "short.db");
  refused("shared", {"shared/short.db"});
  std::filesystem::remove(folder_ / "shared" / "short.db");
  std::filesystem::create_directory(folder_ / "shared" / "short.db");
  refused("shared", {"shared/short.db"});
  std::filesystem::remove(folder_ / "shared" / "short.db");
  write_text(folder_ / "shared" / "short.db-wal", "a log of a store that was removed");
  refused("shared", {"shared/short.db-wal"});
  EXPECT_THAT(in("shared"), ElementsAre("short.db-wal"));
}

TEST_F(DeliverTest, StoresThatEachLackSomethingAreRefused) {
  ASSERT_EQ(modsweep(deliver("short", {"--quiet"})).code, 0);
  ASSERT_EQ(
      modsweep({"run", "short.toml", "-o", "node/short.db", "--set", "training.steps=50", "--quiet"}).code,
      0);
  ASSERT_EQ(
      modsweep({"run", "short.toml", "-o", "shared/short.db", "--set", "training.steps=90", "--quiet"}).code,
      0);
  const auto shared = all_results(path("shared/short.db"));
  expect_error(modsweep(deliver("short")), 2, {"node/short.db", "shared/short.db", "modsweep merge"});
  EXPECT_TRUE(all_results(path("shared/short.db")) == shared);
}

TEST_F(DeliverTest, IsOfRunOnly) {
  for (const char* command : {"plan", "refine"})
    expect_error(modsweep({command, "short.toml", "--deliver", "shared"}), 2, {"--deliver"});
}

}  // namespace
}  // namespace modsweep
