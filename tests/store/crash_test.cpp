// Killed processes and full disks: committed data are present and complete.
#include "store/fixtures.h"

#include <chrono>
#include <csignal>
#include <random>
#include <thread>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "modsweep/error.h"

namespace modsweep::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::uint64_t batch = 3;

// Commits cells from `first` on: each batch first as running, then as finished. Reports each finished one.
void train(const std::string& path, const Sweep& sweep, std::uint64_t first,
           const std::function<void(std::uint64_t)>& report) {
  Store store(path, Store::Access::read_write);
  store.add_sweep(sweep);
  for (auto start = first; start + batch <= sweep.size(); start += batch) {
    std::vector<Cell> cells;
    for (auto i = start; i < start + batch; ++i) cells.push_back(sweep.cell(i));
    std::vector<CellProgress> on_the_way;
    std::vector<CellProgress> done;
    for (const auto& cell : cells) on_the_way.push_back(running(cell, 10)), done.push_back(finished(cell));
    store.commit(sweep.id(), on_the_way, "cpu", "plain");
    store.commit(sweep.id(), done, "cpu", "plain");
    report(start + batch);
  }
}

// Every cell is complete: measurements, layers, eigenvalues, and weights or a checkpoint.
void expect_whole(const std::string& path) {
  EXPECT_THAT(column(path, "PRAGMA integrity_check"), ElementsAre("ok"));
  EXPECT_THAT(column(path,
                     "SELECT count(*) FROM cells c WHERE"
                     " (SELECT group_concat(step) FROM measurements WHERE cell = c.num) <>"
                     " CASE status WHEN 'done' THEN '10,100' ELSE '10' END"
                     " OR (SELECT count(*) FROM layers WHERE cell = c.num) <> iif(status = 'done', 4, 2)"
                     " OR (SELECT count(*) FROM eigenvalues WHERE cell = c.num) <> iif(status = 'done', 4, 2)"
                     " OR (SELECT count(*) FROM weights WHERE cell = c.num) <> (status = 'done')"
                     " OR (SELECT count(*) FROM checkpoints WHERE cell = c.num) <> (status = 'running')"),
              ElementsAre("0"));
}

TEST(Crash, EverythingCommittedSurvivesSigkill) {
  const TemporaryFolder folder;
  const auto path = folder.file("a.db");
  const auto sweep = seed_sweep(60'000);
  std::mt19937 random(1);
  std::uint64_t next = 0;
  for (int round = 0; round < 12; ++round) {
    int reports[2];
    ASSERT_EQ(pipe(reports), 0);
    const pid_t child = fork();
    if (child == 0) {
      train(path, sweep, next, [&](std::uint64_t done) { (void)!write(reports[1], &done, sizeof done); });
      _exit(0);
    }
    close(reports[1]);
    // The first rounds may be killed while the store is created, the others while it is written.
    std::uint64_t reported = next;
    if (round >= 4) {
      ASSERT_EQ(read(reports[0], &reported, sizeof reported), static_cast<ssize_t>(sizeof reported));
    }
    std::this_thread::sleep_for(std::chrono::microseconds(random() % (round < 4 ? 8'000U : 60'000U)));
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    for (std::uint64_t done = 0; read(reports[0], &done, sizeof done) == sizeof done;) reported = done;
    close(reports[0]);

    if (!std::filesystem::exists(path)) continue;
    {
      const Store store(path, Store::Access::read_only);
      const auto finished = store.finished_cells();
      EXPECT_GE(finished.size(), reported);  // a commit may be done and not yet reported
      EXPECT_LE(finished.size(), reported + batch);
      EXPECT_EQ(finished.size() % batch, 0U);
      for (std::uint64_t i = 0; i < finished.size(); ++i)
        ASSERT_TRUE(finished.contains(std::stoull(sweep.cell(i).id, nullptr, 16))) << i;
      next = finished.size();
    }
    expect_whole(path);
  }
  EXPECT_GT(next, 0U);
  EXPECT_TRUE(passes_in_child([&] {
    auto rest = sweep;
    rest.axes[0].values.resize(next + 6);
    train(path, rest, next, [](std::uint64_t) {});
  }));
  EXPECT_EQ(Store(path, Store::Access::read_only).finished_cells().size(), next + 6);
  EXPECT_THAT(folder.names(), ElementsAre("a.db"));
}

// Commits until the disk is full; then frees space and continues.
void fill_and_go_on(const std::string& path, const std::function<void()>& make_room) {
  const auto sweep = seed_sweep(2'000);
  std::uint64_t done = 0;
  std::string message;
  {
    Store store(path, Store::Access::read_write);
    store.add_sweep(sweep);
    const auto commit = [&] {
      const Cell cells[] = {sweep.cell(done), sweep.cell(done + 1)};
      CellProgress progress[] = {running(cells[0], 10), running(cells[1], 10)};
      store.commit(sweep.id(), progress, "cpu", "plain");
      for (int i : {0, 1}) progress[i] = finished(cells[i]);
      store.commit(sweep.id(), progress, "cpu", "plain");
      done += 2;
    };
    try {
      while (done < sweep.size()) commit();
    } catch (const IoError& error) {
      message = error.what();
    }
    EXPECT_THAT(message, HasSubstr(path));
    EXPECT_THAT(message, HasSubstr("run the same command again, it goes on from the last commit"));
    EXPECT_EQ(message.find('\n'), std::string::npos);
    EXPECT_GT(done, 0U);
    EXPECT_EQ(store.finished_cells().size(), done);
    EXPECT_THROW(for (int i = 0; i < 100; ++i) commit(), IoError);  // still refused, in the same way
    EXPECT_EQ(store.finished_cells().size(), done);
  }
  make_room();
  {
    Store store(path, Store::Access::read_write);
    EXPECT_EQ(store.finished_cells().size(), done);
  }
  expect_whole(path);
  auto rest = sweep;
  rest.axes[0].values.resize(done + batch);
  train(path, rest, done, [](std::uint64_t) {});
  EXPECT_EQ(Store(path, Store::Access::read_only).finished_cells().size(), done + batch);
  expect_whole(path);
}

TEST(Crash, AFileSizeLimitRollsBackAndTheRunGoesOnLater) {
  const TemporaryFolder folder;
  EXPECT_TRUE(passes_in_child([&] {
    ASSERT_NE(std::signal(SIGXFSZ, SIG_IGN), SIG_ERR);
    rlimit limit{};
    getrlimit(RLIMIT_FSIZE, &limit);
    const auto usual = limit;
    limit.rlim_cur = 600'000;
    ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &limit), 0);
    fill_and_go_on(folder.file("a.db"), [&] { setrlimit(RLIMIT_FSIZE, &usual); });
  }));
}

// A file system of its own, visible to this process only.
bool mount_small_disk(const std::string& folder, const char* size) {
  if (unshare(CLONE_NEWNS) != 0) return false;
  if (mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return false;
  return mount("modsweep", folder.c_str(), "tmpfs", 0, size) == 0;
}

bool can_mount() {
  const TemporaryFolder folder;
  return passes_in_child([&] { ASSERT_TRUE(mount_small_disk(folder.path(), "size=1m")); });
}

TEST(Crash, AFullDiskRollsBackAndTheRunGoesOnLater) {
  if (geteuid() != 0 || !can_mount()) GTEST_SKIP() << "only root may mount a small disk";
  const TemporaryFolder folder;
  EXPECT_TRUE(passes_in_child([&] {
    ASSERT_TRUE(mount_small_disk(folder.path(), "size=1m"));
    fill_and_go_on(folder.file("a.db"), [&] {
      ASSERT_EQ(mount("modsweep", folder.path().c_str(), "tmpfs", MS_REMOUNT, "size=64m"), 0);
    });
  }));
}

TEST(Crash, OnAFullDiskNoStoreIsMade) {
  if (geteuid() != 0 || !can_mount()) GTEST_SKIP() << "only root may mount a small disk";
  const TemporaryFolder folder;
  EXPECT_TRUE(passes_in_child([&] {
    ASSERT_TRUE(mount_small_disk(folder.path(), "size=64k"));
    for (const std::size_t left : {0, 4, 16, 32}) {
      write_bytes(folder.file("filler"), std::string((64 - left) * 1024, 'x'));
      EXPECT_THROW(Store(folder.file("a.db"), Store::Access::read_write), IoError) << left;
      EXPECT_THAT(folder.names(), ElementsAre("filler")) << left;
      std::filesystem::remove(folder.file("filler"));
    }
  }));
}

TEST(Crash, TheLockOfAProcessThatWasKilledHoldsNobodyUp) {
  const TemporaryFolder folder;
  write_bytes(folder.file("a.db-lock"), "4711\n");
  { Store(folder.file("a.db"), Store::Access::read_write).add_sweep(seed_sweep(1)); }
  EXPECT_THAT(folder.names(), ElementsAre("a.db"));
}

}  // namespace
}  // namespace modsweep::test
