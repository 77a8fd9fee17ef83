// A store returns what was committed, bit for bit.
#include "measures/measure_tables.h"
#include "store/fixtures.h"

#include <bit>
#include <limits>
#include <sstream>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "modsweep/error.h"

namespace modsweep::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::uint64_t bits(double value) {
  return std::bit_cast<std::uint64_t>(value);
}

std::uint64_t number(const std::string& id) {
  return std::stoull(id, nullptr, 16);
}

// Runs a writing session on a store.
template <typename Body>
void with_writer(const std::string& path, Body body) {
  Store store(path, Store::Access::read_write);
  body(store);
}

template <typename Exception, typename Body>
std::string message_of(Body body) {
  try {
    body();
  } catch (const Exception& error) {
    return error.what();
  }
  ADD_FAILURE() << "nothing was thrown";
  return {};
}

TEST(Store, EveryNumberIsReadBackBitForBit) {
  TemporaryFolder folder;
  const auto path = folder.file("a.db");
  const auto sweep = seed_sweep(1);
  const auto cell = sweep.cell(0);
  const auto progress = finished(cell);
  with_writer(path, [&](Store& store) {
    store.add_sweep(sweep);
    store.commit(sweep.id(), {&progress, 1}, "cpu", "plain");
  });

  SQLite::Database db(path);
  const auto& m = progress.measurements[0];
  const std::vector<std::string> names = {"train_loss", "test_loss",         "noisy_test_loss", "l1",
                                          "sum_w2",     "weighted_activity", "activity",        "l12",
                                          "l21",        "path_leak",         "jacobian_leak",   "ood_loss",
                                          "block_error"};
  SQLite::Statement row(db, fmt::format("SELECT step, {} FROM measurements", fmt::join(names, ", ")));
  ASSERT_TRUE(row.executeStep());
  EXPECT_EQ(row.getColumn(0).getInt64(), 100);
  for (int i = 0; i < 13; ++i)
    EXPECT_EQ(bits(row.getColumn(i + 1).getDouble()),
              bits(m.number(names[static_cast<std::size_t>(i)]).value()))
        << i;

  const std::vector<LayerSpectra> spectra = spectra_at(0);
  SQLite::Statement layers(
      db, "SELECT kind, layer, n, gap_n, modules, dead, dead_rows, eigenvalues FROM spectra");
  for (std::size_t l = 0; l < 2; ++l)
    for (const bool live : {false, true}) {
      ASSERT_TRUE(layers.executeStep());
      const auto& spectrum = live ? spectra[l].live : spectra[l].all;
      EXPECT_EQ(layers.getColumn(0).getString(), live ? "live" : "all");
      EXPECT_EQ(layers.getColumn(1).getInt(), static_cast<int>(l) + 1);
      EXPECT_EQ(layers.getColumn(2).getInt(), 2);
      EXPECT_EQ(layers.getColumn(3).isNull(), !spectrum.gap(2).has_value());
      if (spectrum.gap(2)) {
        EXPECT_EQ(bits(layers.getColumn(3).getDouble()), bits(*spectrum.gap(2)));
      }
      EXPECT_EQ(layers.getColumn(4).getUInt(), spectrum.modules());
      EXPECT_EQ(layers.getColumn(5).getUInt(), spectra[l].dead.size());
      EXPECT_EQ(layers.getColumn(6).getString(), l == 0 ? "[2]" : "[]");
      const auto eigenvalues =
          nlohmann::json::parse(layers.getColumn(7).getString()).get<std::vector<double>>();
      EXPECT_EQ(eigenvalues, spectrum.eigenvalues);
    }
  EXPECT_FALSE(layers.executeStep());
  SQLite::Statement scores(db, "SELECT modularity, normalized_cut, block_share FROM layers ORDER BY layer");
  ASSERT_TRUE(scores.executeStep());
  for (const auto& [i, name] : {std::pair{0, "modularity"}, {1, "normalized_cut"}, {2, "block_share"}})
    EXPECT_EQ(bits(scores.getColumn(i).getDouble()), bits(m.number(name, 0).value())) << name;
  ASSERT_TRUE(scores.executeStep());
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(scores.getColumn(i).isNull());

  EXPECT_THAT(column(path, "SELECT id || status || step || engine || device || seconds FROM cells"),
              ElementsAre(cell.id + "done100cpuplain0.25"));
}

TEST(Store, WeightsAreReadBackBitForBitInBothPrecisions) {
  for (const auto precision : {Precision::fp32, Precision::fp64}) {
    TemporaryFolder folder;
    auto sweep = seed_sweep(3);
    sweep.base.training.precision = precision;
    sweep.base.network.hidden = {4, 2};
    sweep.base.network.groups = {2, 1, 1};
    sweep.base.network.activation = Activation::prelu;
    sweep.base.network.bias = false;
    const auto cell = sweep.cell(1);
    auto progress = finished(cell);
    if (precision == Precision::fp64)
      for (double& value : progress.weights->values) value /= 3.0;
    progress.weights->values[0] = -0.0;
    progress.weights->values[1] = std::numeric_limits<float>::denorm_min();
    Store store(folder.file("a.db"), Store::Access::read_write);
    store.add_sweep(sweep);
    store.commit(sweep.id(), {&progress, 1}, "cpu", "plain");

    const auto found = store.weights(cell.id);
    EXPECT_EQ(found.cell_id, cell.id);
    EXPECT_EQ(found.weights.shape, progress.weights->shape);
    ASSERT_EQ(found.weights.values.size(), progress.weights->values.size());
    for (std::size_t i = 0; i < found.weights.values.size(); ++i)
      EXPECT_EQ(bits(found.weights.values[i]), bits(progress.weights->values[i])) << i;
    EXPECT_EQ(store.query("SELECT dtype FROM weights").rows[0][0],
              precision == Precision::fp32 ? "F32" : "F64");

    nlohmann::json settings;
    for (const auto& setting : canonical_settings(cell.settings))
      settings[setting.key] = nlohmann::json::parse(setting.json);
    EXPECT_EQ(nlohmann::json::parse(found.settings_json), settings);
  }
}

TEST(Store, WeightsThatFp32CannotHoldAreRefusedAndNothingIsCommitted) {
  TemporaryFolder folder;
  const auto sweep = seed_sweep(2);
  const Cell cells[] = {sweep.cell(0), sweep.cell(1)};
  CellProgress progress[] = {finished(cells[0]), finished(cells[1])};
  progress[1].weights->values[2] = 0.1;
  Store store(folder.file("a.db"), Store::Access::read_write);
  store.add_sweep(sweep);
  EXPECT_THROW(store.commit(sweep.id(), progress, "cpu", "plain"), LogicError);
  EXPECT_EQ(store.query("SELECT count(*) FROM cells").rows[0][0], "0");
}

TEST(Store, NumbersThatAreNotFiniteAreNull) {
  TemporaryFolder folder;
  const auto path = folder.file("a.db");
  const auto sweep = seed_sweep(1);
  const auto cell = sweep.cell(0);
  auto progress = finished(cell);
  progress.status = CellStatus::diverged;
  progress.diverged_at = 7;
  Measurement& last = progress.measurements[0];
  output("losses", last)
      .network({std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()});
  output("noisy_loss", last).network({std::optional<double>()});
  last.tables.resize(network_table + 1);
  Store store(path, Store::Access::read_write);
  store.add_sweep(sweep);
  store.commit(sweep.id(), {&progress, 1}, "cpu", "plain");
  const auto table = store.query(
      "SELECT diverged_at, status, train_loss IS NULL, test_loss IS NULL, noisy_test_loss IS NULL, sum_w2 IS "
      "NULL,"
      " gap_layer1 IS NULL FROM results");
  EXPECT_THAT(table.rows, ElementsAre(ElementsAre("7", "diverged", "1", "1", "1", "1", "1")));
  EXPECT_EQ(store.finished_cells().count(number(cell.id)), 1U);
}

TEST(Store, CheckpointsFollowTheCellAndGoWhenItIsFinished) {
  TemporaryFolder folder;
  const auto path = folder.file("a.db");
  const auto sweep = seed_sweep(2);
  const Cell cells[] = {sweep.cell(0), sweep.cell(1)};
  with_writer(path, [&](Store& store) {
    store.add_sweep(sweep);
    const CellProgress first[] = {running(cells[0], 10), running(cells[1], 10)};
    store.commit(sweep.id(), first, "cpu", "plain");
    const CellProgress second[] = {running(cells[0], 20)};
    store.commit(sweep.id(), second, "cpu", "plain");
  });
  with_writer(path, [&](Store& store) {
    store.add_sweep(sweep);
    EXPECT_EQ(store.checkpoint(cells[0].id)->state, state_at(20));
    EXPECT_EQ(store.checkpoint(cells[0].id)->step, 20U);
    EXPECT_EQ(store.checkpoint(cells[1].id)->state, state_at(10));
    EXPECT_FALSE(store.checkpoint("0123456789abcdef"));
    EXPECT_TRUE(store.finished_cells().empty());
    EXPECT_EQ(store.status().checkpoints, 2U);
    const CellProgress last[] = {finished(cells[0])};
    store.commit(sweep.id(), last, "cpu", "plain");
    EXPECT_FALSE(store.checkpoint(cells[0].id));
    EXPECT_EQ(store.finished_cells(), (std::unordered_set<std::uint64_t>{number(cells[0].id)}));
  });
  EXPECT_THAT(column(path, "SELECT group_concat(step) FROM measurements GROUP BY cell"),
              ElementsAre("10,20,100", "10"));
  EXPECT_THAT(column(path, "SELECT seconds FROM cells"), ElementsAre("1.25", "0.5"));
}

TEST(Store, AMeasurementOfTheSameStepIsReplacedWithItsSpectra) {
  TemporaryFolder folder;
  const auto sweep = seed_sweep(1);
  const auto cell = sweep.cell(0);
  Store store(folder.file("a.db"), Store::Access::read_write);
  store.add_sweep(sweep);
  auto progress = running(cell, 10);
  store.commit(sweep.id(), {&progress, 1}, "cpu", "plain");
  Measurement& again = progress.measurements[0];
  output("losses", again).network({0.5, 0.5});
  for (std::size_t t = layer_table; t < again.tables.size(); ++t)
    if (!again.tables[t].empty()) again.tables[t].pop_back();
  store.commit(sweep.id(), {&progress, 1}, "cpu", "plain");
  EXPECT_THAT(store.query("SELECT step, train_loss FROM measurements").rows,
              ElementsAre(ElementsAre("10", "0.5")));
  for (const char* table : {"layers", "eigenvalues"})
    EXPECT_EQ(store.query(fmt::format("SELECT count(*) FROM {}", table)).rows[0][0], "1") << table;
}

// A network that diverges in its first step is measured at step 0 twice.
TEST(Store, OfTwoMeasurementsOfAStepInOneCommitTheLaterOneCounts) {
  const TemporaryFolder folder;
  const auto path = folder.file("a.db");
  const auto sweep = seed_sweep(1);
  const auto cell = sweep.cell(0);
  {
    Store store(path, Store::Access::read_write);
    store.add_sweep(sweep);
    CellProgress progress = finished(cell);
    progress.measurements = {measurement_at(0, 0.1), measurement_at(5, 0.2), measurement_at(5, 0.3)};
    store.commit(sweep.id(), {&progress, 1}, "cpu", "plain");
  }
  const Store store(path, Store::Access::read_only);
  EXPECT_EQ(store.finished_cells().size(), 1U);  // every hash is correct
  EXPECT_THAT(column(path, "SELECT step FROM measurements ORDER BY step"), ElementsAre("0", "5"));
  EXPECT_EQ(column(path, "SELECT count(*) FROM layers WHERE step = 5"),
            column(path, "SELECT count(*) FROM layers WHERE step = 0"));
}

TEST(Store, AFailedCommitLeavesNothingAndTheStoreUsable) {
  TemporaryFolder folder;
  const auto sweep = seed_sweep(2);
  const Cell cells[] = {sweep.cell(0), sweep.cell(1)};
  Store store(folder.file("a.db"), Store::Access::read_write);
  store.add_sweep(sweep);
  CellProgress progress[] = {finished(cells[0]), finished(cells[1])};
  progress[1].diverged_at = 3;  // but not diverged
  EXPECT_THROW(store.commit(sweep.id(), progress, "cpu", "plain"), LogicError);
  EXPECT_TRUE(store.finished_cells().empty());
  progress[1].diverged_at.reset();
  progress[1].cell = nullptr;
  EXPECT_THROW(store.commit(sweep.id(), progress, "cpu", "plain"), LogicError);
  progress[1].cell = &cells[1];
  EXPECT_THROW(store.commit("0000000000000000", progress, "cpu", "plain"), LogicError);
  store.commit(sweep.id(), progress, "cpu", "plain");
  EXPECT_EQ(store.finished_cells().size(), 2U);
}

TEST(Store, StatusCountsBySweepAndKnowsTheFinishedOnes) {
  TemporaryFolder folder;
  const auto path = folder.file("a.db");
  const auto sweep = seed_sweep(5, "five");
  std::vector<Cell> cells;
  for (std::uint64_t i = 0; i < 5; ++i) cells.push_back(sweep.cell(i));
  Store store(path, Store::Access::read_write);
  store.add_sweep(sweep);
  auto diverged = finished(cells[2]);
  diverged.status = CellStatus::diverged;
  diverged.diverged_at = 3;
  const CellProgress progress[] = {finished(cells[0]), running(cells[1], 5), diverged};
  store.commit(sweep.id(), progress, "cpu", "plain");
  auto status = store.status();
  ASSERT_EQ(status.sweeps.size(), 1U);
  const auto& counts = status.sweeps[0];
  EXPECT_EQ(counts.id, sweep.id());
  EXPECT_EQ(counts.name, "five");
  EXPECT_EQ(std::make_tuple(counts.cells, counts.done, counts.diverged, counts.running, counts.left()),
            std::make_tuple(5U, 1U, 1U, 1U, 3U));
  EXPECT_EQ(status.checkpoints, 1U);

  // The same cells as part of another sweep, whose other cells are trained here: nothing remains of either.
  EXPECT_FALSE(store.finished(sweep));
  const CellProgress rest[] = {finished(cells[1]), finished(cells[3]), finished(cells[4])};
  store.commit(sweep.id(), rest, "cpu", "plain");
  store.mark_finished(sweep);
  const auto part = seed_sweep(2, "part");
  store.add_sweep(part);
  EXPECT_FALSE(store.finished(part));
  store.mark_finished(part);
  EXPECT_TRUE(store.finished(part));
  EXPECT_TRUE(store.finished(sweep));
  EXPECT_FALSE(store.finished(seed_sweep(6)));
  EXPECT_THROW(store.mark_finished(seed_sweep(6)), LogicError);
  status = store.status();
  ASSERT_EQ(status.sweeps.size(), 2U);
  EXPECT_EQ(status.sweeps[1].left(), 0U);
  EXPECT_EQ(status.sweeps[1].done, 2U);
  EXPECT_EQ(status.sweeps[0].left(), 0U);
  EXPECT_EQ(status.sweeps[0].diverged, 1U);
}

TEST(Store, AddingASweepAgainChangesNothingButItsName) {
  TemporaryFolder folder;
  const auto path = folder.file("a.db");
  with_writer(path, [&](Store& store) { store.add_sweep(seed_sweep(3)); });
  const auto before = read_bytes(path);
  with_writer(path, [&](Store& store) { store.add_sweep(seed_sweep(3)); });
  EXPECT_EQ(read_bytes(path), before);
  with_writer(path, [&](Store& store) { store.add_sweep(seed_sweep(3, "renamed")); });
  EXPECT_THAT(column(path, "SELECT name FROM sweeps"), ElementsAre("renamed"));
}

// A leading c may be the letter or a digit: both are looked for, and a whole id is that cell.
TEST(Store, CellsWhoseDigitsBeginWithTheLetterAreFoundInBothForms) {
  TemporaryFolder folder;
  const auto sweep = seed_sweep(3);
  const char* ids[] = {"c123456789abcdef", "123456789abcdef0", "cc00000000000000"};
  std::vector<Cell> cells;
  for (std::uint64_t i = 0; i < 3; ++i) {
    cells.push_back(sweep.cell(i));
    cells.back().id = ids[i];
  }
  Store store(folder.file("a.db"), Store::Access::read_write);
  store.add_sweep(sweep);
  std::vector<CellProgress> progress;
  for (const auto& cell : cells) progress.push_back(finished(cell));
  store.commit(sweep.id(), progress, "cpu", "plain");
  for (const char* id : ids) {
    EXPECT_EQ(store.weights(id).cell_id, id);
    EXPECT_EQ(store.weights(std::string("c") + id).cell_id, id);
  }
  EXPECT_EQ(store.weights("1").cell_id, ids[1]);
  EXPECT_EQ(store.weights("ccc").cell_id, ids[2]);
  const auto message = message_of<InputError>([&] { (void)store.weights("c123"); });
  EXPECT_THAT(message, HasSubstr("c123456789abcdef0, cc123456789abcdef"));
  std::vector<std::string> found;
  store.read_cells(Table::results, {ids[0], std::string("c") + ids[1]}, {"cell"},
                   [&](std::span<const std::string> row) { found.push_back(row[0]); });
  EXPECT_THAT(found, testing::UnorderedElementsAre("\"cc123456789abcdef\"", "\"c123456789abcdef0\""));
}

TEST(Store, CellsAreFoundByAnyUniquePrefix) {
  TemporaryFolder folder;
  const auto path = folder.file("a.db");
  const auto sweep = seed_sweep(6);
  auto cells = std::vector<Cell>{};
  const char* ids[] = {"00000000000000a1", "0000000000000fff", "12ab000000000000",
                       "12ac000000000000", "ffffffffffffffff", "12ad000000000000"};
  for (std::uint64_t i = 0; i < 6; ++i) {
    cells.push_back(sweep.cell(i));
    cells.back().id = ids[i];
  }
  Store store(path, Store::Access::read_write);
  store.add_sweep(sweep);
  std::vector<CellProgress> progress;
  for (const auto& cell : cells) progress.push_back(finished(cell));
  progress[4].weights.reset();
  progress[5] = running(cells[5], 3);
  store.commit(sweep.id(), progress, "cpu", "plain");

  struct Case {
    const char* prefix;
    const char* found;  // the id, or the message
  };
  for (const auto& [prefix, found] : {Case{"00000000000000a1", ids[0]},
                                      {"00000000000000", ids[0]},
                                      {"00000000000000A", ids[0]},
                                      {"0000000000000f", ids[1]},
                                      {"12AB", ids[2]},
                                      {"12ac", ids[3]},
                                      {"c00000000000000a1", ids[0]},
                                      {"C12AB", ids[2]},
                                      {"c12ac000000000000", ids[3]}})
    EXPECT_EQ(store.weights(prefix).cell_id, found) << prefix;
  for (const auto& [prefix, found] : {Case{"0", "several cells"},
                                      {"12a", "c12ab000000000000, c12ac000000000000, c12ad000000000000"},
                                      {"c12a", "c12ab000000000000, c12ac000000000000"},
                                      {"3", "no cell"},
                                      {"ffff", "measure.weights"},
                                      {"12ad", "not finished"},
                                      {"", "not the id"},
                                      {"xyz", "not the id"},
                                      {"00000000000000a10", "not the id"},
                                      {"cc00000000000000a1", "not the id"},
                                      {"c3", "no cell"},
                                      {"12%", "not the id"}}) {
    const auto message = message_of<InputError>([&, text = prefix] { (void)store.weights(text); });
    EXPECT_THAT(message, HasSubstr(found)) << prefix;
    EXPECT_THAT(message, HasSubstr(path));
    EXPECT_EQ(message.find('\n'), std::string::npos);
  }
}

TEST(Store, QueriesReadOnly) {
  TemporaryFolder folder;
  const auto path = folder.file("a.db");
  const auto sweep = seed_sweep(1);
  Store store(path, Store::Access::read_write);
  store.add_sweep(sweep);
  const auto table = store.query("SELECT name, NULL AS none, 0.1 AS x, cells AS \"a,b\" FROM sweeps");
  EXPECT_THAT(table.columns, ElementsAre("name", "none", "x", "a,b"));
  EXPECT_THAT(table.rows, ElementsAre(ElementsAre("seeds", "", "0.1", "1")));
  EXPECT_THAT(message_of<InputError>([&] { (void)store.query("DELETE FROM sweeps"); }),
              HasSubstr("query is wrong"));
  EXPECT_THAT(message_of<InputError>([&] { (void)store.query("SELECT nonsense FROM sweeps"); }),
              HasSubstr("nonsense"));
  store.add_sweep(seed_sweep(2));  // and can be written to afterwards
  EXPECT_EQ(store.query("SELECT count(*) FROM sweeps").rows[0][0], "2");
}

TEST(Store, ReadersCannotWrite) {
  TemporaryFolder folder;
  const auto path = folder.file("a.db");
  const auto sweep = seed_sweep(1);
  with_writer(path, [&](Store& store) { store.add_sweep(sweep); });
  Store store(path, Store::Access::read_only);
  EXPECT_THROW(store.add_sweep(sweep), LogicError);
  EXPECT_THROW(store.mark_finished(sweep), LogicError);
  EXPECT_THROW(store.commit(sweep.id(), {}, "cpu", "plain"), LogicError);
}

TEST(Store, StepsOnAnAxisReplaceEpochsInTheSettings) {
  TemporaryFolder folder;
  auto sweep = seed_sweep(1);
  sweep.base.training.steps = 0;
  sweep.base.training.epochs = 10;
  sweep.axes = {{{"training.steps"}, {{"50"}, {"60"}}}};
  const auto cell = sweep.cell(1);
  const auto progress = finished(cell);
  Store store(folder.file("a.db"), Store::Access::read_write);
  store.add_sweep(sweep);
  store.commit(sweep.id(), {&progress, 1}, "cpu", "plain");
  const auto settings = nlohmann::json::parse(store.weights(cell.id).settings_json);
  EXPECT_EQ(settings["training.epochs"], 0);
  EXPECT_EQ(settings["training.steps"], 60);
}

}  // namespace
}  // namespace modsweep::test
