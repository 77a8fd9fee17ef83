// Three measures that are not in the program, in a list of their own: per network, per layer, and a table
// with key columns. From a sweep file's key to exports, through a stop, merges, hashes and stores of the
// previous format.
#include "config/keys.h"
#include "config/parse.h"
#include "measures/measure_tables.h"
#include "run/runner_fixture.h"
#include "store/fixtures.h"
#include "store/schema.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "modsweep/cpu_engine.h"
#include "modsweep/error.h"
#include "modsweep/measure.h"
#include "modsweep/merge.h"

namespace modsweep::test {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;

const std::string text = R"(
name = "samples"
[task]
inputs = 2
train_samples = 20
test_samples = 20
[network]
hidden = [3, 4]
[training]
batch_size = 10
steps = 40
[measure]
every_steps = 20
weight_peak = true
layer_peak = true
unit_norms = true
[axes]
"training.seed" = [0, 1]
"measure.spectrum" = [true, false]
)";

constexpr Table unit_norms("unit_norms");
const std::vector<Table> all_tables = {Table::results, Table::history, Table::spectra, Table::cells,
                                       unit_norms};

std::vector<json> rows_of(const std::string& path, Table table) {
  std::stringstream out;
  Store(path, Store::Access::read_only).export_table(table, ExportFormat::jsonl, out);
  std::vector<json> rows;
  for (std::string line; std::getline(out, line);) rows.push_back(json::parse(line));
  return rows;
}

/// All rows of a table, sorted, without the training time.
std::multiset<std::string> content(const std::string& path, Table table) {
  std::multiset<std::string> rows;
  for (json row : rows_of(path, table)) {
    row.erase("seconds");
    rows.insert(row.dump());
  }
  return rows;
}

class Samples : public testing_support::RunnerTest {
 protected:
  Samples() {
    engines_.clear();
    engines_.push_back(make_cpu_engine({.threads = 1, .instruction_set = {}}));
    options_.advance_seconds = 1e-6;  // a few steps at a time, so that a run can be stopped in between
  }
  const Sweep sweep_ = parse(text);
};

TEST(SampleKeys, LeaveIdsOfOthersAsTheyAre) {
  EXPECT_EQ(parse(run).cell(0).id, "a4dbf21d225490ad");  // as in config/ids_test.cpp
  EXPECT_EQ(parse(run, {"measure.weight_peak=false"}).cell(0).id, "a4dbf21d225490ad");
  EXPECT_NE(parse(run, {"measure.weight_peak=true"}).cell(0).id, "a4dbf21d225490ad");
  EXPECT_EQ(value_of_key(parse(run, {"measure.unit_norms=true"}).base, "measure.unit_norms"), "true");
  EXPECT_THAT(error_of(run, {"measure.weight_peak=1"}), HasSubstr("give true or false"));
  EXPECT_THAT(error_of(run, {"measure.weight_peek=true"}), HasSubstr("did you mean measure.weight_peak"));
}

TEST(SampleTables, ComeBehindWhatStoresHave) {
  EXPECT_EQ(store_format(), 7);
  EXPECT_EQ(measured_tables()[network_table].columns.back().name, "weight_peak");
  EXPECT_EQ(measured_tables()[layer_table].columns.back().name, "layer_peak");
  EXPECT_EQ(measured_tables().back().name, "unit_norms");
  EXPECT_EQ(store_tables().back().name, "unit_norms");
  EXPECT_THAT(measured_columns(parse(text)), testing::Contains("layer_peak_layer3"));
}

TEST(Measures, SayAllThatOthersMakeOfThem) {
  const auto one_line = [](std::string_view doc) {
    return doc.size() > 5 && doc.find('\n') == std::string_view::npos;
  };
  for (const Measure& measure : measures()) {
    EXPECT_TRUE(measure.compute != nullptr || measure.compute_pack != nullptr) << measure.name;
    EXPECT_TRUE(measure.tables.empty() || measure.bytes != nullptr) << measure.name;
    for (const AnySetting& declared : measure.keys)
      std::visit(
          [&](const auto& setting) {
            EXPECT_TRUE(setting.key.starts_with("measure.")) << setting.key;
            EXPECT_TRUE(one_line(setting.doc)) << setting.key;
            EXPECT_FALSE(setting.in_every_id)
                << setting.key << ": stores that do not know it would lose their cells";
          },
          declared);
  }
  for (const MeasuredTable& table : measured_tables()) {
    EXPECT_TRUE(one_line(table.doc)) << table.name;
    std::int32_t since = table.since;
    for (const MeasureColumn& column : table.columns) {
      EXPECT_TRUE(one_line(column.doc)) << column.name;
      EXPECT_LE(since, column.since) << column.name << ": columns of old stores would change places";
      since = column.since;
    }
  }
}

TEST_F(Samples, GoFromTheSweepFileToExports) {
  const auto store_path = path("samples.db");
  ASSERT_EQ(run(sweep_, store_path).interrupted, false);
  const auto results = rows_of(store_path, Table::results);
  ASSERT_EQ(results.size(), 4U);
  const Store store(store_path, Store::Access::read_only);
  std::map<std::string, double> norms;  // at the last step
  for (const json& row : rows_of(store_path, unit_norms))
    if (row["step"] == 40)
      norms[row["cell"].get<std::string>() + " " + row["layer"].dump() + " " + row["unit"].dump()] =
          row["norm"];
  EXPECT_EQ(norms.size(), 4U * (3 + 4 + 2));
  for (const json& row : results) {
    const Parameters weights = store.weights(row["cell"]).weights;
    double largest = 0.0;
    for (std::size_t l = 0; l < 3; ++l) {
      const auto w = weights.dense_weights(l);
      double of_layer = 0.0;
      for (const double value : w) of_layer = std::max(of_layer, std::abs(value));
      EXPECT_EQ(row["layer_peak_layer" + std::to_string(l + 1)], of_layer);
      largest = std::max(largest, of_layer);
      const std::size_t inputs = weights.shape.sizes[l];
      for (std::size_t o = 0; o < weights.shape.sizes[l + 1]; ++o) {
        double sum = 0.0;
        for (std::size_t i = 0; i < inputs; ++i) sum += w[o * inputs + i] * w[o * inputs + i];
        const std::string key =
            row["cell"].get<std::string>() + " " + std::to_string(l + 1) + " " + std::to_string(o + 1);
        EXPECT_EQ(norms.at(key), std::sqrt(sum));
      }
    }
    EXPECT_EQ(row["weight_peak"], largest);
    EXPECT_EQ(row["gap_layer1"].is_null(), !row["measure.spectrum"]);
  }
  EXPECT_EQ(rows_of(store_path, Table::history).size(), 8U);
  EXPECT_EQ(rows_of(store_path, Table::spectra).size(), 2U * 2 * 3 * 2);
  EXPECT_EQ(store.columns(unit_norms),
            (std::vector<std::string>{"cell", "sweep", "training.seed", "measure.spectrum", "step", "layer",
                                      "unit", "norm"}));
}

TEST_F(Samples, AreTheSameAfterAStopAndInAMerge) {
  ASSERT_EQ(run(sweep_, path("whole.db")).interrupted, false);
  int polls = 0;
  while (run(sweep_, path("stopped.db"), [&] { return ++polls % 5 == 0; }).interrupted)
    ASSERT_LT(polls, 10'000);
  EXPECT_GT(polls, 20) << "nothing was interrupted";
  const Sweep half = parse(text, {"training.seed=1"});
  ASSERT_EQ(run(half, path("half.db")).interrupted, false);
  const Sweep other = parse(text, {"training.seed=0"});
  ASSERT_EQ(run(other, path("other.db")).interrupted, false);
  merge_stores(path("twice.db"), {path("whole.db"), path("stopped.db")}, false);
  merge_stores(path("halves.db"), {path("half.db"), path("other.db")}, false);
  for (const Table table : all_tables) {
    EXPECT_EQ(content(path("stopped.db"), table), content(path("whole.db"), table));
    EXPECT_EQ(content(path("twice.db"), table), content(path("whole.db"), table));
  }
  std::multiset<std::string> whole, halves;
  for (auto* rows : {&whole, &halves})
    for (json row : rows_of(path(rows == &whole ? "whole.db" : "halves.db"), unit_norms)) {
      for (const char* key : {"sweep", "training.seed"}) row.erase(key);
      rows->insert(row.dump());
    }
  EXPECT_EQ(halves, whole);
}

TEST_F(Samples, AreHeldToTheirHashes) {
  ASSERT_EQ(run(sweep_, path("samples.db")).interrupted, false);
  const auto sound = read_bytes(path("samples.db"));
  for (const auto& [sql, table] :
       {std::pair{"UPDATE unit_norms SET norm = norm * 2 WHERE cell = 2", unit_norms},
        {"DELETE FROM unit_norms WHERE cell = 2 AND unit = 1", unit_norms},
        {"UPDATE cells SET unit_norms_hash = 0 WHERE num = 2", unit_norms},
        {"UPDATE layers SET layer_peak = 1 WHERE cell = 2", Table(Table::results)},
        {"UPDATE measurements SET weight_peak = 1 WHERE cell = 2", Table(Table::history)}}) {
    write_bytes(path("samples.db"), sound);
    SQLite::Database(path("samples.db"), SQLite::OPEN_READWRITE).exec(sql);
    const std::string id = column(path("samples.db"), "SELECT id FROM cells WHERE num = 2").at(0);
    try {
      (void)rows_of(path("samples.db"), table);
      ADD_FAILURE() << sql;
    } catch (const InputError& error) {
      EXPECT_THAT(error.what(), HasSubstr("cell c" + id)) << sql;
    }
  }
}

/// Formats of stores that a program without the three measures wrote and did not finish: two cells done, two
/// with checkpoints.
const std::vector<int> formats_before = {4, 5};

std::string store_of_format(int format, const std::string& path) {
  const std::string name = fmt::format("{}/stores/format{}.store", MODSWEEP_TEST_DATA, format);
  std::filesystem::copy_file(name, path, std::filesystem::copy_options::overwrite_existing);
  return path;
}

TEST_F(Samples, HaveNoColumnsInAStoreOfTheFormatBefore) {
  for (const int format : formats_before) {
    const auto old = store_of_format(format, path("old.db"));
    const auto bytes = read_bytes(old);
    for (const json& row : rows_of(old, Table::results)) {
      EXPECT_FALSE(row.contains("weight_peak"));
      EXPECT_FALSE(row.contains("layer_peak_layer1"));
      EXPECT_FALSE(row["gap_layer1"].is_null());
      EXPECT_FALSE(row["modularity_layer1"].is_null());
    }
    EXPECT_TRUE(rows_of(old, unit_norms).empty());
    EXPECT_EQ(rows_of(old, Table::results).size(), 2U);
    EXPECT_EQ(read_bytes(old) == bytes, true);
  }
}

/// Columns mean the same as in a new store.
void expect_columns_of_a_new_store(const std::string& old, const std::string& fresh) {
  { const Store made(fresh, Store::Access::read_write); }
  for (const MeasuredTable& table : measured_tables()) {
    const std::string names = fmt::format("SELECT name FROM pragma_table_info('{}')", table.name);
    EXPECT_EQ(column(old, names), column(fresh, names)) << table.name;
  }
  EXPECT_EQ(column(old, "SELECT name FROM pragma_table_info('cells')"),
            column(fresh, "SELECT name FROM pragma_table_info('cells')"));
}

TEST_F(Samples, GoIntoAStoreOfTheFormatBeforeAfterItsUpgrade) {
  for (const int format : formats_before) {
    SCOPED_TRACE(format);
    const auto name = [&](const char* what) { return path(fmt::format("{}{}.db", what, format)); };
    const auto old = store_of_format(format, name("old"));
    std::map<Table::Kind, std::multiset<std::string>> before;
    for (const Table table : {Table::results, Table::history, Table::spectra, Table::cells})
      before[table.kind] = content(old, table);
    const auto checkpoints = column(old, "SELECT hex(state) FROM checkpoints ORDER BY cell");
    {
      const Store store(old, Store::Access::read_write);
      EXPECT_THAT(store.notes(),
                  testing::Contains(HasSubstr(fmt::format("brought from store format {} to 7", format))));
      EXPECT_EQ(store.finished_cells().size(), 2U);
    }
    for (const auto& [table, rows] : before) EXPECT_EQ(content(old, table), rows);
    expect_columns_of_a_new_store(old, name("fresh"));
    // Its running cells continue, and the same store accepts a sweep with the new measures, also without
    // spectra.
    EXPECT_EQ(column(old, "SELECT hex(state) FROM checkpoints ORDER BY cell"), checkpoints);
    {
      const Store store(old, Store::Access::read_only);
      for (const auto& id : column(old, "SELECT id FROM cells WHERE status = 'running'"))
        EXPECT_TRUE(store.checkpoint(id)->hashed);
    }
    ASSERT_EQ(run(sweep_, old).interrupted, false);
    EXPECT_EQ(rows_of(old, unit_norms).size(), 4U * 2 * (3 + 4 + 2));
    EXPECT_EQ(rows_of(old, Table::results).size(), 6U);
    EXPECT_THAT(column(old, "PRAGMA integrity_check"), ElementsAre("ok"));
    merge_stores(name("merged"), {old, store_of_format(format, name("again"))}, false);
    for (const Table table : all_tables) EXPECT_EQ(content(name("merged"), table), content(old, table));
  }
}

TEST_F(Samples, GoIntoAStoreWithoutHashesAfterItsUpgrade) {
  const std::string data = std::string(MODSWEEP_TEST_DATA) + "/stores/format3-killed.store";
  const auto old = path("old.db");
  for (const std::string suffix : {"", "-wal"}) std::filesystem::copy_file(data + suffix, old + suffix);
  {
    const Store store(old, Store::Access::read_write);
    EXPECT_THAT(store.notes(), testing::Contains(HasSubstr("brought from store format 3 to 7")));
  }
  ASSERT_EQ(run(sweep_, old).interrupted, false);
  for (const json& row : rows_of(old, Table::results))
    EXPECT_EQ(row["weight_peak"].is_null(), row["sweep"] != "samples");
  EXPECT_EQ(rows_of(old, Table::results).size(), 6U);
  EXPECT_EQ(rows_of(old, unit_norms).size(), 4U * 2 * (3 + 4 + 2));
}

}  // namespace
}  // namespace modsweep::test
