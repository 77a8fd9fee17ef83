// Stores of an earlier format: read as they are, and brought up to date by whoever writes them.
#include "store/fixtures.h"
#include "store/schema.h"

#include <sstream>

#include <gmock/gmock.h>

namespace modsweep::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

/// A store of format 1 with one finished cell: measurements had neither ood_loss nor block_error.
std::string store_of_format_1(const TemporaryFolder& folder) {
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
      "DROP VIEW results; DROP VIEW history;"
      "ALTER TABLE measurements DROP COLUMN ood_loss;"
      "ALTER TABLE measurements DROP COLUMN block_error;"
      "CREATE VIEW results AS SELECT m.test_loss FROM measurements m;"
      "CREATE VIEW history AS SELECT m.test_loss FROM measurements m;"
      "PRAGMA user_version = 1");
  return path;
}

std::string exported(const Store& store) {
  std::ostringstream out;
  store.export_table(Table::results, ExportFormat::jsonl, out);
  return out.str();
}

TEST(Upgrade, ReadersSeeTheNewColumnsEmptyAndChangeNothing) {
  const TemporaryFolder folder;
  const auto path = store_of_format_1(folder);
  const auto bytes = read_bytes(path);
  {
    const Store store(path, Store::Access::read_only);
    EXPECT_THAT(exported(store), HasSubstr("\"ood_loss\":null"));
    EXPECT_EQ(store.query("SELECT test_loss, ood_loss FROM measurements").rows.size(), 1U);
  }
  EXPECT_EQ(read_bytes(path), bytes);
}

TEST(Upgrade, AWriterBringsTheStoreUpToDateAndGoesOn) {
  const TemporaryFolder folder;
  const auto path = store_of_format_1(folder);
  const auto before = column(path, "SELECT test_loss FROM measurements");
  const auto sweep = seed_sweep(2);
  {
    Store store(path, Store::Access::read_write);
    store.add_sweep(sweep);
    EXPECT_EQ(store.finished_cells().size(), 1U);
    const auto cell = sweep.cell(1);
    const auto progress = finished(cell);
    store.commit(sweep.id(), {&progress, 1}, "cpu", "plain");
  }
  EXPECT_THAT(column(path, "PRAGMA user_version"), ElementsAre(std::to_string(store_format)));
  EXPECT_THAT(column(path, "SELECT ood_loss IS NULL FROM results ORDER BY cell"), testing::SizeIs(2));
  EXPECT_THAT(column(path, "SELECT count(ood_loss) FROM results"), ElementsAre("1"));
  EXPECT_EQ(column(path, "SELECT test_loss FROM measurements WHERE cell = 1"), before);
  const Store again(path, Store::Access::read_write);  // and only once
  EXPECT_EQ(again.finished_cells().size(), 2U);
}

}  // namespace
}  // namespace modsweep::test
