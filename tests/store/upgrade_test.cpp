// Stores of earlier formats: read as they are, and brought up to date by whoever writes them.
#include "store/fixtures.h"
#include "store/schema.h"

#include <sstream>

#include <gmock/gmock.h>

namespace modsweep::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

/// A store of an earlier format with one finished cell: layers had no scores of partitions before format 3,
/// measurements neither ood_loss nor block_error before format 2.
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
      "DROP VIEW results; DROP VIEW history;"
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
    EXPECT_EQ(rows.find("\"ood_loss\":null") != std::string::npos, GetParam() == 1);
    EXPECT_THAT(rows, HasSubstr("\"modularity_layer1\":null"));
    EXPECT_THAT(rows, HasSubstr("\"block_share_layer2\":null"));
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
  EXPECT_THAT(column(path, "PRAGMA user_version"), ElementsAre(std::to_string(store_format)));
  EXPECT_THAT(column(path, "SELECT ood_loss IS NULL FROM results ORDER BY cell"), testing::SizeIs(2));
  EXPECT_THAT(column(path, "SELECT count(ood_loss) FROM results"), ElementsAre(GetParam() == 1 ? "1" : "2"));
  EXPECT_THAT(column(path, "SELECT count(modularity_layer1) FROM results"), ElementsAre("1"));
  EXPECT_EQ(column(path, "SELECT test_loss FROM measurements WHERE cell = 1"), losses);
  EXPECT_EQ(column(path, "SELECT gap FROM layers WHERE cell = 1"), gaps);
  // Columns mean the same as in a store that is new.
  const auto fresh = folder.file("new.db");
  { const Store store(fresh, Store::Access::read_write); }
  for (const char* table : {"measurements", "layers"}) {
    const std::string names = std::string("SELECT name FROM pragma_table_info('") + table + "')";
    EXPECT_EQ(column(path, names), column(fresh, names)) << table;
  }
  const Store again(path, Store::Access::read_write);  // and only once
  EXPECT_EQ(again.finished_cells().size(), 2U);
}

INSTANTIATE_TEST_SUITE_P(Formats, Upgrade, testing::Values(1, 2));

}  // namespace
}  // namespace modsweep::test
