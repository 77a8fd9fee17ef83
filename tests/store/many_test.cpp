// Many cells: the same answers as with few.
#include "store/fixtures.h"

#include <sstream>

#include <gmock/gmock.h>

namespace modsweep::test {
namespace {

TEST(Many, TwentyThousandCellsAreCommittedFoundAndExported) {
  constexpr std::uint64_t count = 20'000;
  const TemporaryFolder folder;
  const auto path = folder.file("a.db");
  const auto sweep = seed_sweep(count);
  std::unordered_set<std::uint64_t> ids;
  {
    Store store(path, Store::Access::read_write);
    store.add_sweep(sweep);
    for (std::uint64_t start = 0; start < count; start += 1000) {
      std::vector<Cell> cells;
      for (std::uint64_t i = start; i < start + 1000; ++i) cells.push_back(sweep.cell(i));
      std::vector<CellProgress> progress;
      for (const auto& cell : cells) {
        progress.push_back(finished(cell));
        ids.insert(std::stoull(cell.id, nullptr, 16));
      }
      store.commit(sweep.id(), progress, "cpu", "plain");
    }
  }
  ASSERT_EQ(ids.size(), count);
  Store store(path, Store::Access::read_write);
  EXPECT_EQ(store.finished_cells(), ids);
  EXPECT_FALSE(store.finished(sweep));
  store.mark_finished(sweep);
  EXPECT_TRUE(store.finished(sweep));
  EXPECT_EQ(store.status().sweeps.at(0).done, count);
  std::ostringstream out;
  store.export_table(Table::results, ExportFormat::csv, out);
  const auto text = out.str();
  EXPECT_EQ(static_cast<std::uint64_t>(std::count(text.begin(), text.end(), '\n')), count + 1);
  EXPECT_EQ(store.query("SELECT sum(\"training.seed\") FROM results").rows[0][0], "199990000");
}

}  // namespace
}  // namespace modsweep::test
