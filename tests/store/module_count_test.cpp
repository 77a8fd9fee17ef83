// Numbers of modules in views and exports, which are computed from the stored eigenvalues.
#include "store/fixtures.h"

#include <algorithm>
#include <random>
#include <span>

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "modsweep/spectrum.h"

namespace modsweep::test {
namespace {

using testing::ElementsAre;

/// Spectra of one layer.
LayerSpectra layer(std::vector<double> all, std::vector<double> live) {
  LayerSpectra spectra;
  for (std::size_t row = live.size(); row < all.size(); ++row)
    spectra.dead.push_back(static_cast<std::uint32_t>(row));
  spectra.all.eigenvalues = std::move(all);
  spectra.live.eigenvalues = std::move(live);
  return spectra;
}

/// A store with one finished cell that was measured once for each of these lists of layers, at steps 1, 2,
/// ...
std::string store_with(const TemporaryFolder& folder,
                       const std::vector<std::vector<LayerSpectra>>& measured) {
  Sweep sweep = seed_sweep(1);
  sweep.base.network.hidden = std::vector<std::uint32_t>(measured[0].size() - 1, 3);
  const Cell cell = sweep.cell(0);
  CellProgress progress = finished(cell);
  progress.measurements.clear();
  progress.weights.reset();
  progress.step = measured.size();
  for (const std::vector<LayerSpectra>& spectra : measured) {
    Measurement& m = progress.measurements.emplace_back();
    m.step = progress.measurements.size();
    output("losses", m).network({0.5, 0.25});
    put_spectra(m, spectra, cell.settings);
  }
  const std::string path = folder.file("modules.db");
  Store store(path, Store::Access::read_write);
  store.add_sweep(sweep);
  store.commit(sweep.id(), {&progress, 1}, "cpu", "here");
  return path;
}

std::vector<std::string> exported(const std::string& path, Table table, const std::string& name) {
  std::vector<std::string> values;
  Store(path, Store::Access::read_only).read_rows(table, {name}, [&](std::span<const std::string> row) {
    values.push_back(row[0]);
  });
  return values;
}

TEST(ModuleCount, RowsThatAreAllSeparateAreAsManyModulesInEveryTable) {
  const TemporaryFolder folder;
  const auto path = store_with(folder, {{layer({0, 0, 0, 1}, {0, 0, 0}), layer({0, 0}, {0, 0})}});
  EXPECT_THAT(column(path, "SELECT modules FROM layers ORDER BY layer"), ElementsAre("3", "1"))
      << "the stored number keeps its meaning";
  for (const char* view : {"results", "history"}) {
    EXPECT_THAT(column(path, fmt::format("SELECT modules_layer1 FROM {}", view)), ElementsAre("3"));
    EXPECT_THAT(column(path, fmt::format("SELECT modules_live_layer1 FROM {}", view)), ElementsAre("3"));
    EXPECT_THAT(column(path, fmt::format("SELECT modules_layer2 FROM {}", view)), ElementsAre("2"));
    EXPECT_THAT(column(path, fmt::format("SELECT modules_live_layer2 FROM {}", view)), ElementsAre("2"));
  }
  EXPECT_THAT(column(path, "SELECT modules FROM spectra ORDER BY layer, kind"),
              ElementsAre("3", "3", "2", "2"));
  EXPECT_THAT(column(path, "SELECT gap_n FROM spectra WHERE layer = 2"), ElementsAre("NULL", "NULL"));
  for (const Table table : {Table::results, Table::history})
    EXPECT_THAT(exported(path, table, "modules_live_layer2"), ElementsAre("2"));
  EXPECT_THAT(exported(path, Table::spectra, "modules"), ElementsAre("3", "3", "2", "2"));
}

TEST(ModuleCount, EqualsThatOfTheSpectra) {
  std::mt19937 random(3);
  std::uniform_real_distribution<double> uniform(0.0, 1.0);
  const auto draw = [&](std::size_t rows) {
    std::vector<double> eigenvalues(rows);
    for (double& value : eigenvalues)
      value = rows % 3 == 0 ? 0.25 * static_cast<double>(random() % 5) : uniform(random);
    std::ranges::sort(eigenvalues);
    return eigenvalues;
  };
  std::vector<std::vector<LayerSpectra>> measured;
  for (int step = 0; step < 300; ++step) {
    auto& layers = measured.emplace_back();
    for (int l = 0; l < 3; ++l) {
      const auto all = draw(1 + random() % 6);
      layers.push_back(layer(all, step % 2 == 0 ? all : draw(random() % all.size())));
    }
  }
  const TemporaryFolder folder;
  const auto path = store_with(folder, measured);
  for (std::size_t l = 0; l < 3; ++l) {
    const auto all = exported(path, Table::history, fmt::format("modules_layer{}", l + 1));
    const auto live = exported(path, Table::history, fmt::format("modules_live_layer{}", l + 1));
    ASSERT_EQ(all.size(), measured.size());
    for (std::size_t step = 0; step < measured.size(); ++step) {
      EXPECT_EQ(all[step], std::to_string(measured[step][l].all.modules())) << step;
      EXPECT_EQ(live[step], std::to_string(measured[step][l].live.modules())) << step;
    }
  }
}

TEST(ModuleCount, WithoutEigenvaluesTheStoredNumberIsShown) {
  const TemporaryFolder folder;
  const auto path = store_with(folder, {{layer({0, 0}, {0, 0}), layer({0, 0}, {0, 0})}});
  SQLite::Database(path, SQLite::OPEN_READWRITE)
      .exec(
          "UPDATE eigenvalues SET eigenvalues = NULL WHERE layer = 1; DELETE FROM eigenvalues WHERE layer = "
          "2");
  EXPECT_THAT(column(path, "SELECT modules_layer1 FROM results"), ElementsAre("1"));
  EXPECT_THAT(column(path, "SELECT modules_layer2 FROM results"), ElementsAre("1"));
}

TEST(ModuleCount, WhoeverWritesRenewsTheViewsOfAnEarlierProgram) {
  const TemporaryFolder folder;
  const auto path = store_with(folder, {{layer({0, 0}, {0, 0})}});
  const std::string made_new = "SELECT modules_layer1 FROM results";
  const auto make_old = [&] {
    SQLite::Database(path, SQLite::OPEN_READWRITE)
        .exec("DROP VIEW results; CREATE VIEW results AS SELECT y.modules AS modules_layer1 FROM layers y");
    EXPECT_THAT(column(path, made_new), ElementsAre("1"));
  };
  make_old();
  EXPECT_THAT(exported(path, Table::results, "modules_layer1"), ElementsAre("2"))
      << "exports do not read the views";
  EXPECT_THAT(column(path, made_new), ElementsAre("1")) << "reading changes nothing in the file";
  Store(path, Store::Access::read_write).add_sweep(seed_sweep(2));
  EXPECT_THAT(column(path, made_new), ElementsAre("2"));
  make_old();
  Store(path, Store::Access::read_write).record_fits("law", "{}", {});
  EXPECT_THAT(column(path, made_new), ElementsAre("2"));
}

}  // namespace
}  // namespace modsweep::test
