#include "store/tables.h"

#include "measures/measure_tables.h"
#include "store/module_count.h"
#include "store/schema.h"
#include "store/unmeasured.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

namespace modsweep {
namespace {

constexpr int most_layer_columns = 50;

std::string quoted(const std::string& text, char quote) {
  std::string out(1, quote);
  for (const char c : text) {
    if (c == quote) out += quote;
    out += c;
  }
  return out + quote;
}

std::string identifier(const std::string& name) {
  return quoted(name, '"');
}

/// The id of the row's cell: a letter, then what `cells.id` has.
TableColumn id_column() {
  return {"cell", "'c' || c.id", ""};
}

/// The canonical JSON of a setting that is a number has no point where the number is whole ("0"), but readers
/// that guess a column's type from its first rows need one.
std::string real_json(const std::string& json) {
  return json.find_first_not_of("-0123456789") == std::string::npos ? json + ".0" : json;
}

/// The same for every such setting of an object of settings.
std::string real_settings(const std::string& json) {
  auto settings = nlohmann::ordered_json::parse(json, nullptr, false);
  if (!settings.is_object()) return json;
  for (auto& [key, value] : settings.items())
    if (value.is_number_integer() && is_real_setting(key)) value = value.get<double>();
  return settings.dump();
}

void add_setting_columns(std::vector<TableColumn>& columns, const Varying& varying) {
  for (const auto& key : varying.keys) {
    const auto path = quoted("$." + identifier(key), '\'');
    const bool real = is_real_setting(key);
    const std::string value =
        fmt::format("coalesce(json_extract(c.settings, {0}), json_extract(s.base, {0}))", path);
    columns.push_back({.name = key,
                       .sql = real ? fmt::format("CAST({} AS REAL)", value) : value,
                       .json_sql = fmt::format("coalesce(c.settings -> {0}, s.base -> {0})", path),
                       .shown = real ? real_json : nullptr});
  }
}

/// A column of a table of measurements, which the query calls `alias`.
TableColumn measured_column(std::string name, std::string_view alias, const MeasureColumn& column) {
  const std::string sql = fmt::format("{}.{}", alias, column.name);
  return {std::move(name), sql, column.type == ColumnType::json ? sql : "", doc_of(column)};
}

/// A column of `layers` for layer `k`, from 1, which the query calls y1, y2, ...
TableColumn layer_column(const MeasureColumn& column, int k) {
  TableColumn shown =
      measured_column(fmt::format("{}_layer{}", column.name, k), fmt::format("y{}", k), column);
  if (const ModuleCount* count = module_count(column.name)) {
    shown.sql = fmt::format(
        "coalesce((SELECT {} FROM eigenvalues e WHERE e.cell = c.num AND e.step = m.step AND e.layer = {}), "
        "{})",
        modules_sql(shown.sql, count->eigenvalues), k, shown.sql);
    shown.doc = count->doc;
    shown.reads_eigenvalues = true;
  }
  return shown;
}

/// The columns of a table of measurements that exports show, in their order.
std::vector<MeasureColumn> shown_columns(const MeasuredTable& table, const Varying& varying) {
  std::vector<MeasureColumn> shown;
  for (const std::size_t c : table.listed)
    if (table.columns[c].shown && !varying.unmeasured.contains(table.columns[c].name))
      shown.push_back(table.columns[c]);
  return shown;
}

void add_measurement_columns(std::vector<TableColumn>& columns, const Varying& varying) {
  for (const MeasureColumn& column : shown_columns(measured_tables()[network_table], varying))
    columns.push_back(measured_column(std::string(column.name), "m", column));
  const std::vector<MeasureColumn> of_layers = shown_columns(measured_tables()[layer_table], varying);
  for (int k = 1; k <= varying.layers; ++k)
    for (const MeasureColumn& column : of_layers) columns.push_back(layer_column(column, k));
}

std::string layer_joins(const Varying& varying) {
  std::string joins;
  for (int k = 1; k <= varying.layers; ++k)
    joins += fmt::format(
        "\n  LEFT JOIN layers y{0} ON y{0}.cell = c.num AND y{0}.step = m.step AND y{0}.layer = {0}", k);
  return joins;
}

void add_run_columns(std::vector<TableColumn>& columns) {
  columns.push_back({"engine", "c.engine", ""});
  columns.push_back({"device", "c.device", ""});
  columns.push_back({"seconds", "c.seconds", ""});
}

// CROSS JOIN fixes the order of the loops: cells in the order of their numbers, everything else looked up by
// key, so that the work is proportional to the rows. Measurements of a diverged cell are not results.
TableQuery results(const Varying& varying) {
  TableQuery query;
  query.columns = {id_column(), {"sweep", "s.name", ""}};
  add_setting_columns(query.columns, varying);
  query.columns.push_back({"status", "c.status", ""});
  query.columns.push_back({"steps", "c.step", ""});
  query.columns.push_back({"diverged_at", "c.diverged_at", ""});
  add_measurement_columns(query.columns, varying);
  add_run_columns(query.columns);
  // The last measurement of a diverged network is not a result: averages would include it as one.
  query.from =
      "FROM cells c CROSS JOIN sweeps s ON s.num = c.sweep\n"
      "  LEFT JOIN measurements m ON m.cell = c.num AND c.status = 'done'"
      " AND m.step = (SELECT coalesce(kept_step, step) FROM measurements WHERE cell = c.num"
      " ORDER BY step DESC LIMIT 1)" +
      layer_joins(varying);
  query.where = "c.status <> 'running'";
  query.order = "ORDER BY c.num";
  return query;
}

TableQuery history(const Varying& varying) {
  TableQuery query;
  query.columns = {id_column(), {"sweep", "s.name", ""}};
  add_setting_columns(query.columns, varying);
  query.columns.push_back({"status", "c.status", ""});
  query.columns.push_back({"step", "m.step", ""});
  add_measurement_columns(query.columns, varying);
  query.from =
      "FROM cells c CROSS JOIN sweeps s ON s.num = c.sweep\n"
      "  CROSS JOIN measurements m ON m.cell = c.num" +
      layer_joins(varying);
  query.order = "ORDER BY c.num, m.step";
  return query;
}

TableQuery spectra() {
  const auto by_kind = [](const char* all, const char* live) {
    return fmt::format("CASE k.kind WHEN 'all' THEN {} ELSE {} END", all, live);
  };
  const auto eigenvalues = by_kind("e.eigenvalues", "coalesce(e.eigenvalues_live, e.eigenvalues)");
  TableQuery query;
  query.columns = {id_column(),
                   {"step", "y.step", ""},
                   {"layer", "y.layer", ""},
                   {"kind", "k.kind", ""},
                   {"n", "y.n", ""},
                   {"gap_n", by_kind("y.gap", "y.gap_live"), ""},
                   {"modules", modules_sql(by_kind("y.modules", "y.modules_live"), eigenvalues), ""},
                   {"dead", "y.dead", ""},
                   {"dead_rows", "e.dead_rows", "e.dead_rows"},
                   {"eigenvalues", eigenvalues, eigenvalues}};
  query.from =
      "FROM cells c CROSS JOIN layers y ON y.cell = c.num\n"
      "  CROSS JOIN eigenvalues e ON e.cell = y.cell AND e.step = y.step AND e.layer = y.layer\n"
      "  CROSS JOIN (SELECT 'all' AS kind UNION ALL SELECT 'live') k";
  query.order = "ORDER BY c.num, y.step, y.layer";
  return query;
}

TableQuery cells() {
  TableQuery query;
  query.columns = {id_column(),
                   {"sweep", "s.name", ""},
                   {"status", "c.status", ""},
                   {"steps", "c.step", ""},
                   {"diverged_at", "c.diverged_at", ""}};
  add_run_columns(query.columns);
  const std::string settings = "json_patch(s.base, c.settings)";
  query.columns.push_back(
      {.name = "settings", .sql = settings, .json_sql = settings, .shown = real_settings});
  query.from = "FROM cells c CROSS JOIN sweeps s ON s.num = c.sweep";
  query.order = "ORDER BY c.num";
  return query;
}

/// A table declared by a single measure, with the settings of its cells.
TableQuery own_table(const Varying& varying, const MeasuredTable& table) {
  TableQuery query;
  query.columns = {id_column(), {"sweep", "s.name", ""}};
  add_setting_columns(query.columns, varying);
  query.columns.push_back({"step", "t.step", ""});
  query.order = "ORDER BY c.num, t.step";
  for (const MeasureColumn& key : table.keys) {
    query.columns.push_back(measured_column(std::string(key.name), "t", key));
    query.order += fmt::format(", t.{}", key.name);
  }
  for (const MeasureColumn& column : shown_columns(table, varying))
    query.columns.push_back(measured_column(std::string(column.name), "t", column));
  query.from = fmt::format(
      "FROM cells c CROSS JOIN sweeps s ON s.num = c.sweep\n"
      "  CROSS JOIN {} t ON t.cell = c.num",
      table.name);
  return query;
}

TableQuery fits(const Varying& varying) {
  TableQuery query;
  query.cell.clear();
  query.columns = {{"kind", "f.kind", ""},
                   {"group_key", "f.group_key", "f.group_key"},
                   {"parameters", "f.parameters", "f.parameters"},
                   {"intervals", "f.intervals", "f.intervals"},
                   {"note", "f.note", ""},
                   {"options", "f.options", "f.options"},
                   {"created", "f.created", ""}};
  // A store without the table has no fits; readers see a table without rows.
  query.from = varying.fits ? "FROM fits f"
                            : "FROM (SELECT NULL AS num, NULL AS kind, NULL AS group_key, NULL AS parameters,"
                              " NULL AS intervals, NULL AS note, NULL AS options, NULL AS created WHERE 0) f";
  query.order = "ORDER BY f.num";
  return query;
}

TableQuery runs() {
  TableQuery query;
  query.cell.clear();
  for (const char* name : {"version", "revision", "host", "process", "began", "ended", "outcome", "command",
                           "engine", "device", "shard"})
    query.columns.push_back({name, fmt::format("r.{}", name), ""});
  query.from = "FROM runs r";
  query.order = "ORDER BY r.num";
  return query;
}

std::string select(const std::vector<std::string>& columns, const std::string& from,
                   const std::string& where) {
  return fmt::format("SELECT\n  {}\n{}{}", fmt::join(columns, ",\n  "), from,
                     where.empty() ? "" : "\nWHERE " + where);
}

}  // namespace

std::string_view fixed_doc(std::string_view column) {
  static const std::map<std::string_view, std::string_view> docs = {
      {"cell", "id of the cell: c and 16 hex digits, a hash of its settings"},
      {"sweep", "name of the sweep that trained it"},
      {"status", "done, diverged or running"},
      {"steps", "optimizer steps taken"},
      {"step", "optimizer steps taken when it was measured"},
      {"diverged_at", "the step, from 1, whose loss was NaN or infinite"},
      {"engine", "what trained it last"},
      {"device", "on what; of several in turn: A, then B"},
      {"seconds", "its share of the training time [s]"},
      {"settings", "JSON object: all settings by their dotted keys"},
      {"layer", "weight layer, from 1"},
      {"kind", "spectra: all rows, or live ones alone; fits: transition, law or balance"},
      {"n", "which gap: measure.modules, or the task's inputs"},
      {"gap_n", "lambda_{n+1} - lambda_n; none: n rows or fewer"},
      {"modules", "where the largest gap is: modules found"},
      {"dead", "dead rows: norm 0 or below 1e-3 of the largest [rows]"},
      {"dead_rows", "JSON array: the dead rows, from 0"},
      {"eigenvalues", "JSON array: of the Laplacian, ascending"},
      {"group_key", "JSON object: the cells it is of, by the columns that were grouped by"},
      {"parameters", "JSON object: numbers by name; {}: none were found"},
      {"intervals", "JSON object: [low, high] by the name of the parameter"},
      {"note", "why there are no parameters, or what limits them"},
      {"options", "JSON object: columns, bootstrap"},
      {"created", "UTC"},
      {"version", "of the program"},
      {"revision", "the commit that it was built from"},
      {"host", "the machine"},
      {"process", "its number"},
      {"began", "UTC"},
      {"ended", "UTC; none: still at work, or killed"},
      {"outcome", "done, interrupted, failed: ..."},
      {"command", "the command line"},
      {"shard", "2/8; 1/1: the whole sweep"}};
  const auto found = docs.find(column);
  return found == docs.end() ? "the setting of this name" : found->second;
}

std::string TableQuery::view_sql(const std::string& name) const {
  std::vector<std::string> list;
  for (const auto& column : columns) list.push_back(column.sql + " AS " + identifier(column.name));
  return fmt::format("CREATE VIEW {} AS {}", name, select(list, from, where));
}

namespace {

/// The cell's number and all columns, as exports show them.
std::vector<std::string> exported_columns(const TableQuery& query) {
  std::vector<std::string> list = {query.cell.empty() ? "0" : query.cell};
  for (const auto& column : query.columns)
    list.push_back(column.json_sql.empty() ? column.sql : column.json_sql);
  return list;
}

}  // namespace

std::string TableQuery::export_sql() const {
  std::string condition = where;
  if (!cell.empty())
    condition += fmt::format("{0}{1} > ?1 AND {1} <= ?2", where.empty() ? "" : " AND ", cell);
  return select(exported_columns(*this), from, condition) + "\n" + order;
}

std::string TableQuery::cells_sql() const {
  const std::string condition =
      fmt::format("{}{}c.id IN (SELECT value FROM json_each(?1))", where, where.empty() ? "" : " AND ");
  return select(exported_columns(*this), from, condition);
}

Varying read_varying(std::span<SQLite::Database* const> stores) {
  Varying varying;
  const auto add = [&](std::string key) {
    if (std::find(varying.keys.begin(), varying.keys.end(), key) == varying.keys.end())
      varying.keys.push_back(std::move(key));
  };
  std::map<std::string, std::set<std::string>> values;  // of base settings, by key
  std::map<std::string, std::size_t> sweeps_with;
  std::size_t sweeps = 0;
  for (SQLite::Database* db : stores) {
    SQLite::Statement axes(
        *db, "SELECT j.value FROM sweeps s CROSS JOIN json_each(s.keys) j ORDER BY s.num, j.key");
    while (axes.executeStep()) add(axes.getColumn(0).getString());
    SQLite::Statement bases(*db,
                            "SELECT j.key, j.value, j.type FROM sweeps s CROSS JOIN json_each(s.base) j");
    while (bases.executeStep()) {
      const std::string key = bases.getColumn(0).getString();
      values[key].insert(bases.getColumn(2).getString() + bases.getColumn(1).getString());
      ++sweeps_with[key];
    }
    sweeps += static_cast<std::size_t>(db->execAndGet("SELECT count(*) FROM sweeps").getInt64());
    varying.layers =
        std::max(varying.layers, db->execAndGet("SELECT coalesce(max(layers), 0) FROM sweeps").getInt());
    varying.fits = varying.fits || db->tableExists("fits");
  }
  varying.unmeasured = unmeasured_columns(stores);
  varying.layers = std::min(varying.layers, most_layer_columns);
  for (const auto& [key, found] : values)
    if (found.size() > 1 || sweeps_with[key] < sweeps) add(key);
  return varying;
}

TableQuery table_query(const Varying& varying, Table table) {
  switch (table.kind) {
    case Table::results:
      return results(varying);
    case Table::history:
      return history(varying);
    case Table::spectra:
      return spectra();
    case Table::fits:
      return fits(varying);
    case Table::runs:
      return runs();
    case Table::measured:
      return own_table(varying, *std::ranges::find(measured_tables(), table.name, &MeasuredTable::name));
    case Table::cells:
      break;
  }
  return cells();
}

const std::vector<NamedTable>& store_tables() {
  static const std::vector<NamedTable> tables = [] {
    std::vector<NamedTable> all = {
        {"results", Table::results, "a row per cell, settings and final numbers"},
        {"history", Table::history, "a row per measurement"},
        {"spectra", Table::spectra, "a row per layer and measurement, with eigenvalues"},
        {"cells", Table::cells, "status and settings"},
        {"fits", Table::fits, "what modsweep fit found"},
        {"runs", Table::runs, "who trained it"}};
    for (const MeasuredTable& table : measured_tables())
      if (table.exported) all.push_back({table.name, Table(table.name), table.doc});
    return all;
  }();
  return tables;
}

std::vector<std::string> measured_columns(const Sweep& sweep) {
  Varying varying;
  varying.layers = static_cast<int>(std::min<std::size_t>(sweep.max_hidden_layers() + 1, most_layer_columns));
  varying.unmeasured = unmeasured_columns({&sweep, 1});
  std::vector<TableColumn> columns;
  add_measurement_columns(columns, varying);
  std::vector<std::string> names;
  for (TableColumn& column : columns)
    if (column.json_sql.empty()) names.push_back(std::move(column.name));
  return names;
}

namespace {

/// The statement that creates each view, by the view's name.
std::vector<std::pair<std::string, std::string>> wanted_views(SQLite::Database& db) {
  SQLite::Database* const stores[] = {&db};
  const Varying varying = read_varying(stores);
  std::vector<std::pair<std::string, std::string>> views;
  for (const auto& [name, table] : std::initializer_list<std::pair<const char*, Table>>{
           {"results", Table::results}, {"history", Table::history}, {"spectra", Table::spectra}})
    views.emplace_back(name, table_query(varying, table).view_sql(name));
  return views;
}

bool has_view(SQLite::Database& db, const std::string& name, const std::string& sql) {
  SQLite::Statement present(db, "SELECT sql FROM sqlite_master WHERE type = 'view' AND name = ?");
  present.bind(1, name);
  return present.executeStep() && present.getColumn(0).getString() == sql;
}

}  // namespace

bool views_fit(SQLite::Database& db) {
  const auto views = wanted_views(db);
  return std::all_of(views.begin(), views.end(),
                     [&](const auto& view) { return has_view(db, view.first, view.second); });
}

void refresh_views(SQLite::Database& db) {
  for (const auto& [name, sql] : wanted_views(db))
    if (!has_view(db, name, sql)) db.exec(fmt::format("DROP VIEW IF EXISTS {}; {}", name, sql));
}

}  // namespace modsweep
