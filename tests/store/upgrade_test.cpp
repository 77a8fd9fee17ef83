// Stores of earlier formats: readers read them as they are, the first writer upgrades them.
#include "store/fixtures.h"
#include "store/schema.h"

#include <algorithm>
#include <csignal>
#include <map>
#include <sstream>

#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include "modsweep/error.h"

namespace modsweep::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

/// A store of an earlier format with one finished cell: formats before 7 had no columns of goals that change,
/// formats before 6 none of the whole network's graph, of goals and of pruning, formats before 5 no table
/// `scaling`, formats before 4 had no hashes, formats before 3 no scores of partitions in layers, formats
/// before 2 neither ood_loss nor block_error in measurements.
std::string store_of_format(const TemporaryFolder& folder, int format) {
  auto path = folder.file("old.db");
  const auto sweep = seed_sweep(2);
  {
    Store store(path, Store::Access::read_write);
    store.add_sweep(sweep);
    const auto cell = sweep.cell(0);
    const auto progress = finished(cell);
    store.commit(sweep.id(), {&progress, 1}, "cpu", "plain");
  }
  SQLite::Database db(path, SQLite::OPEN_READWRITE);
  db.exec(
      "PRAGMA journal_mode = WAL; DROP VIEW results; DROP VIEW history; DROP VIEW spectra;"
      "DROP TABLE store; DROP TABLE runs; DROP TABLE shards; DROP TABLE scaling; DROP INDEX cells_by_status;"
      "ALTER TABLE sweeps DROP COLUMN hash;");
  for (const char* column : {"run", "measurements_hash", "layers_hash", "eigenvalues_hash", "weights_hash",
                             "checkpoint_hash", "hash", "scaling_hash"})
    db.exec(std::string("ALTER TABLE cells DROP COLUMN ") + column);
  for (const char* column : {"validation_loss", "kept_step", "graph_cut", "graph_modularity", "relative_cut",
                             "components", "trimmed_units", "shuffle_z", "shuffle_percentile", "wrong_signs",
                             "connection_cost", "sparsity", "goal", "test_loss_other"})
    db.exec(std::string("ALTER TABLE measurements DROP COLUMN ") + column);
  db.exec("ALTER TABLE layers DROP COLUMN separation");
  if (format < 3)
    db.exec(
        "ALTER TABLE layers DROP COLUMN modularity;"
        "ALTER TABLE layers DROP COLUMN normalized_cut;"
        "ALTER TABLE layers DROP COLUMN block_share;");
  if (format == 1)
    db.exec(
        "ALTER TABLE measurements DROP COLUMN ood_loss;"
        "ALTER TABLE measurements DROP COLUMN block_error;");
  db.exec(
      "CREATE VIEW results AS SELECT m.test_loss FROM measurements m;"
      "CREATE VIEW history AS SELECT m.test_loss FROM measurements m;"
      "CREATE VIEW spectra AS SELECT y.gap FROM layers y;"
      "PRAGMA user_version = " +
      std::to_string(format));
  return path;
}

std::string exported(const Store& store) {
  std::ostringstream out;
  store.export_table(Table::results, ExportFormat::jsonl, out);
  return out.str();
}

class Upgrade : public testing::TestWithParam<int> {};

TEST_P(Upgrade, ReadersSeeTheNewColumnsEmptyAndChangeNothing) {
  const TemporaryFolder folder;
  const auto path = store_of_format(folder, GetParam());
  const auto bytes = read_bytes(path);
  {
    const Store store(path, Store::Access::read_only);
    const std::string rows = exported(store);
    EXPECT_EQ(rows.find("ood_loss"), std::string::npos);  // no sweep asks for it
    EXPECT_EQ(rows.find("\"modularity_layer1\":null") != std::string::npos, GetParam() < 3);
    EXPECT_EQ(store.query("SELECT test_loss, ood_loss FROM measurements").rows.size(), 1U);
    EXPECT_EQ(store.query("SELECT gap, normalized_cut FROM layers").rows.size(), 2U);
  }
  EXPECT_EQ(read_bytes(path), bytes);
}

TEST_P(Upgrade, AWriterBringsTheStoreUpToDateAndGoesOn) {
  const TemporaryFolder folder;
  const auto path = store_of_format(folder, GetParam());
  const auto losses = column(path, "SELECT test_loss FROM measurements");
  const auto gaps = column(path, "SELECT gap FROM layers");
  const auto sweep = seed_sweep(2);
  {
    Store store(path, Store::Access::read_write);
    store.add_sweep(sweep);
    EXPECT_EQ(store.finished_cells().size(), 1U);
    const auto cell = sweep.cell(1);
    const auto progress = finished(cell);
    store.commit(sweep.id(), {&progress, 1}, "cpu", "plain");
  }
  EXPECT_THAT(column(path, "PRAGMA user_version"), ElementsAre(std::to_string(store_format())));
  EXPECT_THAT(column(path, "SELECT count(ood_loss) FROM measurements"),
              ElementsAre(GetParam() == 1 ? "1" : "2"));
  EXPECT_THAT(column(path, "SELECT count(*) FROM results"), ElementsAre("2"));
  EXPECT_THAT(column(path, "SELECT count(modularity_layer1) FROM results"),
              ElementsAre(GetParam() < 3 ? "1" : "2"));
  EXPECT_EQ(column(path, "SELECT test_loss FROM measurements WHERE cell = 1"), losses);
  EXPECT_EQ(column(path, "SELECT gap FROM layers WHERE cell = 1"), gaps);
  // Columns mean the same as in a store that is new.
  const auto fresh = folder.file("new.db");
  { const Store store(fresh, Store::Access::read_write); }
  for (const char* table : {"sweeps", "cells", "measurements", "layers", "store", "runs", "shards"}) {
    const std::string names = std::string("SELECT name FROM pragma_table_info('") + table + "')";
    EXPECT_EQ(column(path, names), column(fresh, names)) << table;
  }
  const Store again(path, Store::Access::read_write);  // not a second time
  EXPECT_EQ(again.finished_cells().size(), 2U);
}

/// A store of format 3 whose program was killed, with the log that it left: two cells done, two running, all
/// of it in the log alone.
std::string killed_store(const TemporaryFolder& folder) {
  const std::string data = std::string(MODSWEEP_TEST_DATA) + "/stores/format3-killed.store";
  const auto path = folder.file("killed.db");
  std::filesystem::copy_file(data, path);
  std::filesystem::copy_file(data + "-wal", path + "-wal");
  return path;
}

TEST(UpgradeOfKilled, ReadersSeeWhatIsInTheLogAndLeaveIt) {
  const TemporaryFolder folder;
  const auto path = killed_store(folder);
  const auto file = read_bytes(path);
  const auto log = read_bytes(path + "-wal");
  for (int time = 0; time < 2; ++time) {
    const Store store(path, Store::Access::read_only);
    EXPECT_EQ(store.finished_cells().size(), 2U);
    EXPECT_EQ(store.status().checkpoints, 2U);
  }
  EXPECT_EQ(read_bytes(path) == file, true);
  EXPECT_EQ(read_bytes(path + "-wal") == log, true);
}

TEST(UpgradeOfKilled, AWriterTakesTheLogInAndSaysSo) {
  const TemporaryFolder folder;
  const auto path = killed_store(folder);
  {
    const Store store(path, Store::Access::read_write);
    EXPECT_THAT(store.notes(), testing::Contains(HasSubstr("brought from store format 3 to 7")));
    EXPECT_EQ(store.finished_cells().size(), 2U);
    const auto id = store.query("SELECT id FROM cells WHERE status = 'running'").rows.at(0).at(0);
    EXPECT_FALSE(store.checkpoint(id)->hashed);
    EXPECT_EQ(store.checkpoint(id)->state.size(), 236U);
  }
  EXPECT_THAT(folder.names(), ElementsAre("killed.db"));
  EXPECT_THAT(column(path, "PRAGMA journal_mode"), ElementsAre("delete"));
  EXPECT_TRUE(Store(path, Store::Access::read_write).notes().empty());
}

// The log of a killed store is not applied to a store that was put in its place.
TEST(UpgradeOfKilled, AForeignLogIsRefused) {
  const TemporaryFolder folder;
  const auto killed = killed_store(folder);
  const auto path = store_of_format(folder, 3);
  std::filesystem::rename(killed + "-wal", path + "-wal");
  const auto file = read_bytes(path);
  for (const auto access : {Store::Access::read_only, Store::Access::read_write}) {
    try {
      const Store store(path, access);
      ADD_FAILURE();
    } catch (const InputError& error) {
      EXPECT_THAT(error.what(), HasSubstr("remove " + path + "-wal"));
    }
  }
  EXPECT_EQ(read_bytes(path) == file, true);
}

/// The newest version of each page in a write-ahead log, by page number, and the size of a page.
std::map<std::size_t, std::string> pages_of(const std::string& log) {
  const auto number = [&](std::size_t at) {
    std::size_t value = 0;
    for (std::size_t i = 0; i < 4; ++i) value = value << 8U | static_cast<unsigned char>(log[at + i]);
    return value;
  };
  std::map<std::size_t, std::string> pages;
  const std::size_t size = number(8);
  for (std::size_t at = 32; at + 24 + size <= log.size() && log.substr(at + 8, 8) == log.substr(16, 8);
       at += 24 + size)
    pages[number(at)] = log.substr(at + 24, size);
  return pages;
}

// A checkpoint moves the log's pages into the file in ascending order; a kill interrupts it between two
// pages, or within one.
TEST(UpgradeOfKilled, ACheckpointThatWasBrokenOffIsMadeAgain) {
  const TemporaryFolder folder;
  const auto path = killed_store(folder);
  const auto log = read_bytes(path + "-wal");
  const auto pages = pages_of(log);
  ASSERT_GT(pages.size(), 10U);
  auto file = read_bytes(path);
  for (const auto& [number, page] : pages) {
    const std::size_t at = (number - 1) * page.size();
    for (const std::size_t written : {page.size() / 8, page.size() / 2, page.size()}) {
      file.resize(std::max(file.size(), at + written));
      std::copy_n(page.begin(), written, file.begin() + static_cast<std::ptrdiff_t>(at));
      for (const auto access : {Store::Access::read_only, Store::Access::read_write}) {
        write_bytes(path, file);
        write_bytes(path + "-wal", log);
        const Store store(path, access);
        EXPECT_EQ(store.finished_cells().size(), 2U) << "page " << number << ", " << written << " bytes";
        EXPECT_EQ(store.status().checkpoints, 2U) << "page " << number << ", " << written << " bytes";
      }
    }
  }
}

// A log that cannot be removed is truncated to no bytes.
TEST(UpgradeOfKilled, ALogWithoutBytesIsNone) {
  const TemporaryFolder folder;
  const auto path = killed_store(folder);
  { const Store store(path, Store::Access::read_write); }
  for (const auto access : {Store::Access::read_only, Store::Access::read_write}) {
    write_bytes(path + "-wal", {});
    const Store store(path, access);
    EXPECT_EQ(store.finished_cells().size(), 2U);
  }
}

TEST(UpgradeOfKilled, AKillAtAnyMomentLeavesItWhole) {
  for (int round = 0; round < 40; ++round) {
    const TemporaryFolder folder;
    const auto path = killed_store(folder);
    const pid_t child = fork();
    if (child == 0) {
      const Store store(path, Store::Access::read_write);
      _exit(0);
    }
    usleep(static_cast<useconds_t>(round) * 500);
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    const Store store(path, Store::Access::read_write);
    EXPECT_EQ(store.finished_cells().size(), 2U) << round;
    EXPECT_EQ(store.status().checkpoints, 2U) << round;
    EXPECT_THAT(column(path, "PRAGMA integrity_check"), ElementsAre("ok"));
  }
}

INSTANTIATE_TEST_SUITE_P(Formats, Upgrade, testing::Values(1, 2, 3));

}  // namespace
}  // namespace modsweep::test
