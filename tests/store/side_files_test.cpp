// Journals, logs, locks and links beside a store: foreign ones do not harm it, and are not harmed.
#include "store/side_files.h"

#include "store/fixtures.h"
#include "store/link.h"

#include <chrono>
#include <csignal>
#include <sstream>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "modsweep/error.h"
#include "modsweep/merge.h"

namespace modsweep::test {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

void commit_cells(const std::string& path, const Sweep& sweep, std::uint64_t from, std::uint64_t to) {
  Store store(path, Store::Access::read_write);
  store.add_sweep(sweep);
  for (auto i = from; i < to; ++i) {
    const auto cell = sweep.cell(i);
    const auto progress = finished(cell);
    store.commit(sweep.id(), {&progress, 1}, "cpu", "plain");
  }
}

/// Leaves a store with a journal, as a process does that is killed in the middle of a commit.
void break_off_a_commit(const std::string& path) {
  const pid_t child = fork();
  if (child == 0) {
    SQLite::Database db(path, SQLite::OPEN_READWRITE);
    db.exec("PRAGMA cache_size = 1; BEGIN IMMEDIATE");
    const std::string now = db.execAndGet("SELECT link FROM store").getString();
    const std::string next = StoreLink::find(now)->next().blob();
    SQLite::Statement update(db, "UPDATE store SET link = ?");
    update.bind(1, next.data(), static_cast<int>(next.size()));
    update.exec();
    db.exec(
        "UPDATE cells SET seconds = 7; UPDATE measurements SET l1 = 7; UPDATE eigenvalues SET dead_rows = 7");
    kill(getpid(), SIGKILL);
  }
  waitpid(child, nullptr, 0);
  ASSERT_TRUE(has_bytes(path + "-journal"));
}

std::string all_of(const std::string& path) {
  const Store store(path, Store::Access::read_only);
  std::ostringstream out;
  for (const auto table : {Table::results, Table::history, Table::spectra, Table::cells})
    store.export_table(table, ExportFormat::jsonl, out);
  return out.str();
}

std::string refusal(const std::string& path, Store::Access access) {
  try {
    const Store store(path, access);
  } catch (const InputError& error) {
    return error.what();
  }
  return "opened";
}

TEST(SideFiles, ACommitThatWasBrokenOffIsUndone) {
  const TemporaryFolder folder;
  const auto path = folder.file("a.db");
  const auto sweep = seed_sweep(8);
  commit_cells(path, sweep, 0, 4);
  const auto before = all_of(path);
  break_off_a_commit(path);
  EXPECT_EQ(all_of(path), before);
  EXPECT_THAT(folder.names(), ElementsAre("a.db"));
  break_off_a_commit(path);
  commit_cells(path, sweep, 4, 8);
  EXPECT_EQ(Store(path, Store::Access::read_only).finished_cells().size(), 8U);
}

TEST(SideFiles, TheJournalOfARemovedStoreIsNotPlayedOntoANewOne) {
  const TemporaryFolder folder;
  const auto path = folder.file("a.db");
  commit_cells(path, seed_sweep(8), 0, 8);
  break_off_a_commit(path);
  fs::remove(path);
  commit_cells(path, seed_sweep(2, "new"), 0, 2);
  EXPECT_EQ(Store(path, Store::Access::read_only).finished_cells().size(), 2U);
  EXPECT_THAT(column(path, "SELECT name FROM sweeps"), ElementsAre("new"));
  EXPECT_THAT(column(path, "PRAGMA integrity_check"), ElementsAre("ok"));
}

// Another store, an earlier state of the same one, and one that continued elsewhere from the same state.
TEST(SideFiles, AStorePutInThePlaceOfAKilledOneIsLeftAsItIs) {
  const TemporaryFolder folder;
  const auto path = folder.file("a.db");
  const auto sweep = seed_sweep(12);
  commit_cells(path, sweep, 0, 2);
  fs::copy_file(path, folder.file("earlier.db"));
  commit_cells(path, sweep, 2, 4);
  fs::copy_file(path, folder.file("elsewhere.db"));
  commit_cells(folder.file("elsewhere.db"), sweep, 4, 5);
  commit_cells(path, sweep, 5, 6);
  commit_cells(folder.file("other.db"), seed_sweep(3, "other"), 0, 3);
  break_off_a_commit(path);
  const auto journal = read_bytes(path + "-journal");
  for (const char* name : {"earlier.db", "elsewhere.db", "other.db"}) {
    SCOPED_TRACE(name);
    const auto bytes = read_bytes(folder.file(name));
    write_bytes(path, bytes);
    write_bytes(path + "-journal", journal);
    for (const auto access : {Store::Access::read_only, Store::Access::read_write})
      EXPECT_THAT(refusal(path, access), HasSubstr("remove " + path + "-journal"));
    EXPECT_EQ(read_bytes(path) == bytes, true);
    fs::remove(path + "-journal");
    EXPECT_FALSE(all_of(path).empty());
  }
}

TEST(SideFiles, AStoreWithoutALogRefusesOne) {
  const TemporaryFolder folder;
  const auto path = folder.file("a.db");
  commit_cells(path, seed_sweep(4), 0, 4);
  const auto bytes = read_bytes(path);
  const std::string old = std::string(MODSWEEP_TEST_DATA) + "/stores/format3-killed.store";
  fs::copy_file(old + "-wal", path + "-wal");
  for (const auto access : {Store::Access::read_only, Store::Access::read_write})
    EXPECT_THAT(refusal(path, access), HasSubstr("remove " + path + "-wal"));
  EXPECT_EQ(read_bytes(path) == bytes, true);
}

TEST(SideFiles, FilesOfTheUserAreNeitherTakenNorRemoved) {
  const TemporaryFolder folder;
  const auto path = folder.file("a.db");
  for (const char* suffix : {"-lock", "-journal", "-wal", "-new", ".new"}) {
    SCOPED_TRACE(suffix);
    write_bytes(path + suffix, "my notes");
    const bool in_the_way = suffix[1] != 'n';
    EXPECT_EQ(refusal(path, Store::Access::read_write) == "opened", !in_the_way);
    EXPECT_EQ(read_bytes(path + suffix), "my notes");
    EXPECT_EQ(fs::exists(path), !in_the_way);
    fs::remove(path + suffix);
    fs::remove(path);
  }
  EXPECT_TRUE(folder.names().empty());
}

TEST(SideFiles, LinksAndFoldersInThePlaceOfTheLockAreRefused) {
  const TemporaryFolder folder;
  const auto path = folder.file("a.db");
  write_bytes(folder.file("precious"), "precious");
  fs::create_symlink("precious", path + "-lock");
  EXPECT_THAT(refusal(path, Store::Access::read_write), HasSubstr("a.db-lock is in the way"));
  EXPECT_EQ(read_bytes(folder.file("precious")), "precious");
  fs::remove(path + "-lock");
  fs::create_directory(path + "-lock");
  EXPECT_THAT(refusal(path, Store::Access::read_write), HasSubstr("a.db-lock is in the way"));
  EXPECT_THAT(folder.names(), ElementsAre("a.db-lock", "precious"));
}

TEST(SideFiles, ADanglingLinkMakesTheStoreThatItNames) {
  const TemporaryFolder folder;
  fs::create_directory(folder.file("scratch"));
  fs::create_symlink("scratch/real.db", folder.file("a.db"));
  commit_cells(folder.file("a.db"), seed_sweep(1), 0, 1);
  EXPECT_TRUE(fs::is_symlink(folder.file("a.db")));
  EXPECT_TRUE(fs::is_regular_file(folder.file("scratch/real.db")));
  fs::create_symlink("b.db", folder.file("c.db"));
  fs::create_symlink("c.db", folder.file("b.db"));
  EXPECT_THAT(refusal(folder.file("b.db"), Store::Access::read_write), HasSubstr("circle"));
}

TEST(SideFiles, AStoreWithTwoNamesIsNotWritten) {
  const TemporaryFolder folder;
  commit_cells(folder.file("a.db"), seed_sweep(2), 0, 1);
  fs::create_hard_link(folder.file("a.db"), folder.file("b.db"));
  for (const char* name : {"a.db", "b.db"}) {
    EXPECT_THAT(refusal(folder.file(name), Store::Access::read_write), HasSubstr("2 names"));
    EXPECT_EQ(Store(folder.file(name), Store::Access::read_only).finished_cells().size(), 1U);
  }
}

TEST(SideFiles, AFileWithoutAByteIsAsGoodAsNone) {
  const TemporaryFolder folder;
  write_bytes(folder.file("a.db"), "");
  EXPECT_THAT(refusal(folder.file("a.db"), Store::Access::read_only), HasSubstr("is empty"));
  commit_cells(folder.file("a.db"), seed_sweep(1), 0, 1);
  EXPECT_EQ(Store(folder.file("a.db"), Store::Access::read_only).finished_cells().size(), 1U);
}

TEST(SideFiles, AStoreThatIsGoneOrAnotherIsNotCommittedTo) {
  const TemporaryFolder folder;
  const auto sweep = seed_sweep(4);
  const Cell cells[] = {sweep.cell(0), sweep.cell(1)};
  const CellProgress progress[] = {finished(cells[0]), finished(cells[1])};
  const auto path = folder.file("d/a.db");
  const std::function<void()> losses[] = {[&] { fs::remove_all(folder.file("d")); },
                                          [&] { fs::remove(path); },
                                          [&] { fs::rename(path, folder.file("d/b.db")); },
                                          [&] { fs::rename(folder.file("d"), folder.file("e")); },
                                          [&] { fs::remove(path), write_bytes(path, "another file"); }};
  for (const auto& lose : losses) {
    fs::remove_all(folder.file("d"));
    fs::remove_all(folder.file("e"));
    fs::create_directory(folder.file("d"));
    Store store(path, Store::Access::read_write);
    store.add_sweep(sweep);
    store.commit(sweep.id(), {progress, 1}, "cpu", "plain");
    lose();
    try {
      store.commit(sweep.id(), {progress + 1, 1}, "cpu", "plain");
      ADD_FAILURE();
    } catch (const IoError& error) {
      EXPECT_THAT(error.what(), HasSubstr("was removed, moved or replaced"));
    }
    for (const char* kept : {"d/b.db", "e/a.db"})
      if (fs::exists(folder.file(kept))) {
        EXPECT_EQ(Store(folder.file(kept), Store::Access::read_only).finished_cells().size(), 1U);
      }
  }
}

TEST(SideFiles, TheFileAloneHasEverythingThatWasCommitted) {
  const TemporaryFolder folder;
  const auto path = folder.file("a.db");
  const auto sweep = seed_sweep(3);
  Store store(path, Store::Access::read_write);
  store.add_sweep(sweep);
  for (std::uint64_t i = 0; i < sweep.size(); ++i) {
    const auto cell = sweep.cell(i);
    const auto progress = finished(cell);
    store.commit(sweep.id(), {&progress, 1}, "cpu", "plain");
    const auto copy = folder.file("copy" + std::to_string(i) + ".db");
    fs::copy_file(path, copy);
    EXPECT_EQ(Store(copy, Store::Access::read_only).finished_cells().size(), i + 1);
  }
}

TEST(SideFiles, PathsThatSqliteCannotTakeAreToldAsSuch) {
  const TemporaryFolder folder;
  const std::string deep = folder.file(std::string(200, 'd'));
  fs::create_directories(deep + "/" + std::string(200, 'e'));
  EXPECT_THAT(refusal(deep + "/" + std::string(200, 'e') + "/" + std::string(90, 'f') + ".db",
                      Store::Access::read_write),
              HasSubstr("give a shorter one"));
}

TEST(SideFiles, ALockOfAnotherHostIsToldAsSuch) {
  const TemporaryFolder folder;
  const auto path = folder.file("a.db");
  commit_cells(path, seed_sweep(1), 0, 1);
  write_bytes(path + "-lock", "modsweep lock\nnode7\n4711\n");
  const int fd = open((path + "-lock").c_str(), O_RDWR | O_CLOEXEC);
  struct flock lock {};
  lock.l_type = F_WRLCK;
  ASSERT_EQ(fcntl(fd, F_OFD_SETLK, &lock), 0);
  EXPECT_THAT(refusal(path, Store::Access::read_write), HasSubstr("process 4711 on node7 is writing"));
  EXPECT_EQ(Store(path, Store::Access::read_only).status().writer, "process 4711 on node7");
  close(fd);
}

TEST(SideFiles, ALockOfAnotherHostThatIsNotVisibleHereCountsWhileItIsTouched) {
  const TemporaryFolder folder;
  const auto path = folder.file("a.db");
  const auto lock = path + "-lock";
  commit_cells(path, seed_sweep(1), 0, 1);
  write_bytes(lock, "modsweep lock\nnode7\n4711\n");
  EXPECT_EQ(Store(path, Store::Access::read_only).status().writer, "process 4711 on node7");
  EXPECT_THAT([&] { merge_stores(folder.file("out.db"), {path}, false); },
              testing::ThrowsMessage<InputError>(HasSubstr("process 4711 on node7 is writing to it")));
  fs::last_write_time(lock, fs::last_write_time(lock) - std::chrono::minutes(2));
  EXPECT_EQ(Store(path, Store::Access::read_only).status().writer, std::nullopt);
  EXPECT_EQ(merge_stores(folder.file("out.db"), {path}, false).cells, 1U);
}

}  // namespace
}  // namespace modsweep::test
