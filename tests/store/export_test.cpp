// The views and the exported tables.
#include "store/fixtures.h"
#include "store/tables.h"

#include <algorithm>
#include <sstream>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "modsweep/error.h"

namespace modsweep::test {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

std::string exported(const Store& store, Table table, ExportFormat format) {
  std::ostringstream out;
  store.export_table(table, format, out);
  return out.str();
}

// Two cells of a sweep with awkward names and short numbers: one done, one running.
class Export : public testing::Test {
 protected:
  Export() : store(folder.file("a.db"), Store::Access::read_write) {
    sweep.name = "a \"b\", c\nü";
    sweep.base.task.inputs = 1;
    sweep.base.network.hidden = {2};
    sweep.base.training.steps = 20;
    sweep.base.measure.partition = true;
    sweep.axes = {{{"noise.site", "training.shuffle"}, {{"\"post\"", "true"}, {"\"pre\"", "false"}}},
                  {{"training.learning_rate", "network.hidden"}, {{"0.1", "[2]"}, {"1e-05", "[2]"}}}};
    cells[0] = {"00000000000000a1",
                {{"noise.site", "\"post\""},
                 {"training.shuffle", "true"},
                 {"training.learning_rate", "0.1"},
                 {"network.hidden", "[2,3]"}},
                sweep.base};
    cells[1] = {"00000000000000b2",
                {{"noise.site", "\"pre\""},
                 {"training.shuffle", "false"},
                 {"training.learning_rate", "1e-05"},
                 {"network.hidden", "[2]"}},
                sweep.base};
    store.add_sweep(sweep);
    progress[0].cell = &cells[0];
    progress[0].status = CellStatus::done;
    progress[0].step = 20;
    progress[0].seconds = 1.5;
    Measurement m;
    m.step = 10;
    output("losses", m).network({1.0, 0.1});
    output("regularizers", m).network({1.0, 2.0, 3.0, 4.0, 5.0, 1e-300});
    output("leaks", m).network({0.25, std::optional<double>()});
    put_spectra(m, {{{{0.0, 0.75}}, {{0.0}}, {1}}, {{{0.0, 1.0}}, {{0.0, 1.0}}, {}}}, cells[0].settings);
    output("partition", m).layer(0, {0.5, 0.125, 0.75});
    progress[0].measurements = {m, m};
    progress[0].measurements[1].step = 20;
    output("losses", progress[0].measurements[1]).network({1e22, 0.1});
    progress[1].cell = &cells[1];
    progress[1].step = 5;
    progress[1].checkpoint = state_at(5);
    store.commit(sweep.id(), progress, "cpu", "AVX-512, 2 threads");
  }

  TemporaryFolder folder;
  Sweep sweep;
  Cell cells[2];
  CellProgress progress[2];
  Store store;
};

TEST_F(Export, ResultsAsCsv) {
  EXPECT_EQ(
      exported(store, Table::results, ExportFormat::csv),
      "cell,sweep,noise.site,training.shuffle,training.learning_rate,network.hidden,status,steps,diverged_at,"
      "train_loss,test_loss,l1,sum_w2,weighted_activity,activity,l12,l21,path_leak,"
      "jacobian_leak,"
      "gap_layer1,gap_live_layer1,modules_layer1,modules_live_layer1,dead_layer1,"
      "modularity_layer1,normalized_cut_layer1,block_share_layer1,"
      "gap_layer2,gap_live_layer2,modules_layer2,modules_live_layer2,dead_layer2,"
      "modularity_layer2,normalized_cut_layer2,block_share_layer2,engine,device,seconds\n"
      "c00000000000000a1,\"a \"\"b\"\", c\nü\",post,true,0.1,\"[2,3]\",done,20,,"
      "1e+22,0.1,1.0,2.0,3.0,4.0,5.0,1e-300,0.25,,"
      "0.75,,1,1,1,0.5,0.125,0.75,1.0,1.0,1,1,0,,,,cpu,\"AVX-512, 2 threads\",1.5\n");
}

TEST_F(Export, HistoryAsJsonLines) {
  const std::string rest =
      R"("test_loss":0.1,"l1":1.0,"sum_w2":2.0,"weighted_activity":3.0,"activity":4.0,"l12":5.0,)"
      R"("l21":1e-300,"path_leak":0.25,"jacobian_leak":null,"gap_layer1":0.75,"gap_live_layer1":null,)"
      R"("modules_layer1":1,"modules_live_layer1":1,"dead_layer1":1,"modularity_layer1":0.5,)"
      R"("normalized_cut_layer1":0.125,"block_share_layer1":0.75,"gap_layer2":1.0,"gap_live_layer2":1.0,)"
      R"("modules_layer2":1,"modules_live_layer2":1,"dead_layer2":0,"modularity_layer2":null,)"
      R"("normalized_cut_layer2":null,"block_share_layer2":null})";
  const std::string start =
      R"({"cell":"c00000000000000a1","sweep":"a \"b\", c\nü","noise.site":"post","training.shuffle":true,)"
      R"("training.learning_rate":0.1,"network.hidden":[2,3],"status":"done",)";
  EXPECT_EQ(exported(store, Table::history, ExportFormat::jsonl),
            start + R"("step":10,"train_loss":1.0,)" + rest + "\n" + start +
                R"("step":20,"train_loss":1e+22,)" + rest + "\n");
}

TEST_F(Export, SpectraAsJsonAndCsv) {
  const auto row = [](int step, int layer, const char* rest) {
    return fmt::format(R"({{"cell":"c00000000000000a1","step":{},"layer":{},{}}})", step, layer, rest);
  };
  std::string expected;
  for (const int step : {10, 20})
    for (
        const auto& text :
        {row(step, 1,
             R"("kind":"all","n":1,"gap_n":0.75,"modules":1,"dead":1,"dead_rows":[1],"eigenvalues":[0,0.75])"),
         row(step, 1,
             R"("kind":"live","n":1,"gap_n":null,"modules":1,"dead":1,"dead_rows":[1],"eigenvalues":[0])"),
         row(step, 2,
             R"("kind":"all","n":1,"gap_n":1.0,"modules":1,"dead":0,"dead_rows":[],"eigenvalues":[0,1])"),
         row(step, 2,
             R"("kind":"live","n":1,"gap_n":1.0,"modules":1,"dead":0,"dead_rows":[],"eigenvalues":[0,1])")})
      expected += (expected.empty() ? "[\n" : ",\n") + text;
  EXPECT_EQ(exported(store, Table::spectra, ExportFormat::json), expected + "\n]\n");
  EXPECT_THAT(exported(store, Table::spectra, ExportFormat::csv),
              HasSubstr("\nc00000000000000a1,20,1,live,1,,1,1,[1],[0]\nc00000000000000a1,20,2,all,1,1.0,1,0,["
                        "],\"[0,1]\"\n"));
}

TEST_F(Export, CellsHaveAllTheirSettings) {
  const auto rows = nlohmann::json::parse(exported(store, Table::cells, ExportFormat::json));
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[1]["cell"], "c00000000000000b2");
  EXPECT_EQ(rows[1]["status"], "running");
  EXPECT_EQ(rows[1]["device"], "AVX-512, 2 threads");
  const auto& settings = rows[1]["settings"];
  EXPECT_EQ(settings.size(), canonical_settings(sweep.base).size());
  EXPECT_EQ(settings["noise.site"], "pre");
  EXPECT_EQ(settings["training.learning_rate"], 1e-5);
  EXPECT_EQ(settings["task.inputs"], 1);
}

TEST_F(Export, RowsCanBeReadAsJsonColumnByColumn) {
  EXPECT_THAT(store.varied_keys(),
              ElementsAre("noise.site", "training.shuffle", "training.learning_rate", "network.hidden"));
  const auto header = exported(store, Table::results, ExportFormat::csv);
  EXPECT_EQ(fmt::format("{}", fmt::join(store.columns(Table::results), ",")),
            header.substr(0, header.find('\n')));
  std::vector<std::vector<std::string>> rows;
  store.read_rows(Table::history,
                  {"train_loss", "network.hidden", "training.shuffle", "noise.site", "step", "jacobian_leak"},
                  [&](std::span<const std::string> row) { rows.emplace_back(row.begin(), row.end()); });
  EXPECT_THAT(rows, ElementsAre(ElementsAre("1.0", "[2,3]", "true", "\"post\"", "10", "null"),
                                ElementsAre("1e+22", "[2,3]", "true", "\"post\"", "20", "null")));
  EXPECT_THROW(store.read_rows(Table::results, {"cell", "step"}, [](auto) {}), LogicError);
}

TEST_F(Export, FitsReplaceThoseOfTheSameKindAndOptions) {
  EXPECT_EQ(exported(store, Table::fits, ExportFormat::jsonl), "");
  const auto columns = [&] {
    const auto csv = exported(store, Table::fits, ExportFormat::csv);
    return csv.substr(0, csv.find('\n'));
  };
  const auto before = columns();
  const FitRecord two{R"({"task.inputs":2})", R"({"x_star":30.5})", R"({"x_star":[20.0,40.0]})", ""};
  const FitRecord three{R"({"task.inputs":3})", "{}", "{}", "no transition, \"really\""};
  store.record_fits("transition", R"({"y":"gap"})", std::vector{two, three});
  store.record_fits("transition", R"({"y":"l1"})", std::vector{two});
  store.record_fits("law", R"({"y":"gap"})", std::vector{three});
  store.record_fits("transition", R"({"y":"gap"})", std::vector{three});
  EXPECT_EQ(columns(), before);
  const auto rows = nlohmann::json::parse(exported(store, Table::fits, ExportFormat::json));
  ASSERT_EQ(rows.size(), 3U);
  EXPECT_EQ(rows[0]["options"]["y"], "l1");
  EXPECT_EQ(rows[0]["parameters"]["x_star"], 30.5);
  EXPECT_EQ(rows[0]["intervals"]["x_star"][1], 40.0);
  EXPECT_EQ(rows[1]["kind"], "law");
  EXPECT_EQ(rows[2]["group_key"]["task.inputs"], 3);
  EXPECT_EQ(rows[2]["note"], "no transition, \"really\"");
  EXPECT_THAT(rows[2]["created"].get<std::string>(), testing::MatchesRegex("....-..-..T..:..:..Z"));
  EXPECT_THAT(column(folder.file("a.db"), "SELECT count(*) FROM fits"), ElementsAre("3"));
}

TEST_F(Export, FitsAreKeptWholeOrNotAtAll) {
  const FitRecord fit{"{}", "{}", "{}", "first"};
  store.record_fits("law", "{}", std::vector{fit});
  // The same group twice violates the table's rule of one fit per group: the earlier fit stays.
  EXPECT_THROW(store.record_fits("law", "{}", std::vector{fit, fit}), IoError);
  EXPECT_THAT(column(folder.file("a.db"), "SELECT note FROM fits"), ElementsAre("first"));
  EXPECT_THROW(Store(folder.file("a.db"), Store::Access::read_only).record_fits("law", "{}", {}), LogicError);
}

TEST_F(Export, ViewsAnswerAnySqliteClient) {
  const auto path = folder.file("a.db");
  EXPECT_THAT(column(path, R"(SELECT "training.learning_rate" FROM results)"), ElementsAre("0.1"));
  EXPECT_THAT(column(path, R"(SELECT "noise.site" || '|' || step FROM history)"),
              ElementsAre("post|10", "post|20"));
  EXPECT_THAT(column(path, "SELECT count(*) FROM spectra"), ElementsAre("8"));
}

TEST(ExportEmpty, TablesOfAnEmptyStoreAreEmptyButValid) {
  TemporaryFolder folder;
  const Store store(folder.file("a.db"), Store::Access::read_write);
  for (const auto table : {Table::results, Table::history, Table::spectra, Table::cells}) {
    EXPECT_EQ(exported(store, table, ExportFormat::json), "[]\n");
    EXPECT_EQ(exported(store, table, ExportFormat::jsonl), "");
    EXPECT_THAT(exported(store, table, ExportFormat::csv), testing::MatchesRegex("cell,[^\n]*\n"));
  }
}

TEST(ExportUnion, SettingsThatDifferBetweenSweepsAreColumnsOfAll) {
  TemporaryFolder folder;
  const auto path = folder.file("a.db");
  auto first = seed_sweep(2, "first");
  auto second = seed_sweep(1, "second");
  second.base.regularizer.l2 = 1e-4;
  second.base.network.hidden = {3, 3, 3};
  second.axes = {{{"noise.strength"}, {{"0"}, {"0.5"}}}};
  Store store(path, Store::Access::read_write);
  for (const auto& sweep : {first, second}) {
    store.add_sweep(sweep);
    const auto cell = sweep.cell(1);
    const auto progress = finished(cell);
    store.commit(sweep.id(), {&progress, 1}, "cpu", "plain");
  }
  const auto table = store.query("SELECT * FROM results");
  const std::vector<std::string> start(table.columns.begin(), table.columns.begin() + 7);
  EXPECT_THAT(start, ElementsAre("cell", "sweep", "training.seed", "noise.strength", "network.hidden",
                                 "regularizer.l2", "status"));
  EXPECT_THAT(table.columns, Contains("gap_layer4"));
  EXPECT_THAT(table.columns, Not(Contains("gap_layer5")));
  EXPECT_THAT(
      store
          .query(R"(SELECT sweep, "training.seed", "noise.strength", "network.hidden", "regularizer.l2",
                             gap_layer1 IS NOT NULL, gap_layer3 IS NULL FROM results)")
          .rows,
      ElementsAre(ElementsAre("first", "1", "0", "[3]", "0", "1", "1"),
                  ElementsAre("second", "0", "0.5", "[3,3,3]", "0.0001", "1", "1")));
}

// Programs that guess a column's type from its first rows would take 0 for an integer.
TEST(ExportTypes, SettingsThatNeedNotBeWholeHaveAPointInEveryRow) {
  TemporaryFolder folder;
  const auto path = folder.file("a.db");
  Sweep sweep = seed_sweep(1);
  sweep.axes = {{{"noise.exponent"}, {{"0"}, {"0.5"}, {"2"}, {"1e-05"}}},
                {{"task.train_samples"}, {{"100"}}}};
  Store store(path, Store::Access::read_write);
  store.add_sweep(sweep);
  for (std::uint64_t i = 0; i < sweep.size(); ++i) {
    const Cell cell = sweep.cell(i);
    const CellProgress progress = finished(cell);
    store.commit(sweep.id(), {&progress, 1}, "cpu", "plain");
  }
  std::vector<std::string> rows;
  store.read_rows(Table::results, {"noise.exponent", "task.train_samples"},
                  [&](std::span<const std::string> row) { rows.push_back(row[0] + " " + row[1]); });
  EXPECT_THAT(rows, ElementsAre("0.0 100", "0.5 100", "2.0 100", "1e-05 100"));
  const std::string csv = exported(store, Table::history, ExportFormat::csv);
  for (const char* part : {",seeds,0.0,100,", ",seeds,0.5,100,", ",seeds,2.0,100,", ",seeds,1e-05,100,"})
    EXPECT_THAT(csv, HasSubstr(part));
  for (const ExportFormat format : {ExportFormat::json, ExportFormat::jsonl})
    EXPECT_THAT(exported(store, Table::results, format),
                HasSubstr(R"("noise.exponent":0.0,"task.train_samples":100,)"));
  // The object of all settings, too, while the text that is hashed stays in the file.
  EXPECT_THAT(exported(store, Table::cells, ExportFormat::jsonl), HasSubstr(R"("noise.exponent":0.0,)"));
  EXPECT_THAT(column(path, "SELECT settings FROM cells WHERE num = 1"),
              ElementsAre(R"({"noise.exponent":0,"task.train_samples":100})"));
  for (const char* view : {"results", "history"})
    EXPECT_THAT(
        column(
            path,
            std::string(R"(SELECT DISTINCT typeof("noise.exponent") || typeof("task.train_samples") FROM )") +
                view),
        ElementsAre("realinteger"));
}

TEST(ExportColumns, WhatNoSweepMeasuresIsLeftOutUntilOneDoes) {
  TemporaryFolder folder;
  const auto path = folder.file("a.db");
  Sweep first = seed_sweep(1, "first");
  first.base.measure.partition = false;
  first.base.measure.noisy_strength = 0.0;
  first.base.measure.leaks = false;
  Store store(path, Store::Access::read_write);
  const auto views = [&](const char* view) {
    return store.query(std::string("SELECT * FROM ") + view).columns;
  };
  const std::vector<std::string> absent = {"noisy_test_loss", "ood_loss",          "block_error",
                                           "path_leak",       "modularity_layer1", "block_share_layer2"};
  store.add_sweep(first);
  for (const Table table : {Table::results, Table::history}) {
    for (const std::string& name : absent) EXPECT_THAT(store.columns(table), Not(Contains(name)));
    EXPECT_THAT(store.columns(table), Contains("gap_live_layer2"));
  }
  EXPECT_EQ(views("results"), store.columns(Table::results));
  EXPECT_EQ(views("history"), store.columns(Table::history));
  EXPECT_EQ(views("spectra"), store.columns(Table::spectra));

  Sweep second = first;  // asks at one point of an axis, in combination with another
  second.name = "second";
  second.axes.push_back({{"measure.partition"}, {{"false"}, {"true"}}});
  second.axes.push_back({{"measure.noisy_strength", "measure.leaks"}, {{"0", "false"}, {"0.1", "true"}}});
  second.axes.push_back({{"network.architecture"}, {{"\"layers\""}, {"\"modular\""}}});
  store.add_sweep(second);
  const std::vector<std::string> now = store.columns(Table::results);
  for (const std::string& name : absent)
    EXPECT_EQ(std::ranges::find(now, name) != now.end(), name != "ood_loss") << name;
  EXPECT_EQ(views("results"), now);
}

TEST(ExportColumns, OfAStoreWithSettingsOfAnotherProgramAllAreThere) {
  TemporaryFolder folder;
  const auto path = folder.file("a.db");
  { Store(path, Store::Access::read_write).add_sweep(seed_sweep(1)); }
  SQLite::Database db(path, SQLite::OPEN_READWRITE);
  db.exec("UPDATE sweeps SET base = json_set(base, '$.\"task.colour\"', 'blue')");
  SQLite::Database* const stores[] = {&db};
  const TableQuery results = table_query(read_varying(stores), Table::results);
  EXPECT_THAT(results.columns, Contains(testing::Field(&TableColumn::name, "ood_loss")));
}

TEST(ExportPlan, TablesAreReadInOnePassWithoutSorting) {
  TemporaryFolder folder;
  const auto path = folder.file("a.db");
  auto sweep = seed_sweep(2);
  sweep.axes.push_back({{"network.hidden"}, {{"[3]"}, {"[" + std::string("3") + ",3,3,3]"}}});
  { Store(path, Store::Access::read_write).add_sweep(sweep); }
  SQLite::Database db(path);
  SQLite::Database* const stores[] = {&db};
  for (const auto table : {Table::results, Table::history, Table::spectra, Table::cells}) {
    SQLite::Statement plan(db, "EXPLAIN QUERY PLAN " + table_query(read_varying(stores), table).export_sql());
    while (plan.executeStep()) {
      const std::string step = plan.getColumn(3);
      EXPECT_THAT(step, Not(HasSubstr("B-TREE")));
      EXPECT_THAT(step, Not(HasSubstr("AUTOMATIC")));
      if (step.starts_with("SCAN")) {
        EXPECT_THAT(step, testing::AnyOf("SCAN c", "SCAN k", "SCAN CONSTANT ROW"));
      }
    }
  }
}

TEST(ExportDeep, NetworksDeeperThanTheJoinLimitExport) {
  TemporaryFolder folder;
  auto sweep = seed_sweep(1);
  sweep.base.network.hidden.assign(99, 2);
  Store store(folder.file("a.db"), Store::Access::read_write);
  store.add_sweep(sweep);
  EXPECT_THAT(exported(store, Table::results, ExportFormat::csv), HasSubstr("gap_layer50"));
  EXPECT_EQ(store.query("SELECT count(*) FROM results").rows[0][0], "0");
}

TEST(ExportFailure, AnOutputThatRefusesIsAnError) {
  TemporaryFolder folder;
  const Store store(folder.file("a.db"), Store::Access::read_write);
  std::ostringstream out;
  out.setstate(std::ios::badbit);
  EXPECT_THROW(store.export_table(Table::results, ExportFormat::csv, out), IoError);
}

}  // namespace
}  // namespace modsweep::test
