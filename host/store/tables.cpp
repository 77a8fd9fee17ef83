#include "store/tables.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace modsweep {
namespace {

constexpr int most_layer_columns = 50;

// What the tables' columns depend on.
struct Varying {
  std::vector<std::string> keys;
  int layers = 0;
};

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

Varying read_varying(SQLite::Database& db) {
  Varying varying;
  const auto add = [&](const char* sql) {
    SQLite::Statement query(db, sql);
    while (query.executeStep()) {
      std::string key = query.getColumn(0).getString();
      if (std::find(varying.keys.begin(), varying.keys.end(), key) == varying.keys.end())
        varying.keys.push_back(std::move(key));
    }
  };
  add("SELECT j.value FROM sweeps s CROSS JOIN json_each(s.keys) j ORDER BY s.num, j.key");
  add("SELECT j.key FROM sweeps s CROSS JOIN json_each(s.base) j GROUP BY j.key"
      " HAVING count(DISTINCT j.value) > 1 OR count(*) < (SELECT count(*) FROM sweeps) ORDER BY j.key");
  const int layers = db.execAndGet("SELECT coalesce(max(layers), 0) FROM sweeps").getInt();
  varying.layers = std::min(layers, most_layer_columns);
  return varying;
}

void add_setting_columns(std::vector<TableColumn>& columns, const Varying& varying) {
  for (const auto& key : varying.keys) {
    const auto path = quoted("$." + identifier(key), '\'');
    columns.push_back(
        {key, fmt::format("coalesce(json_extract(c.settings, {0}), json_extract(s.base, {0}))", path),
         fmt::format("coalesce(c.settings -> {0}, s.base -> {0})", path)});
  }
}

void add_measurement_columns(std::vector<TableColumn>& columns, const Varying& varying) {
  for (const char* name :
       {"train_loss", "test_loss", "ood_loss", "noisy_test_loss", "l1", "sum_w2", "weighted_activity",
        "activity", "l12", "l21", "path_leak", "jacobian_leak", "block_error"})
    columns.push_back({name, fmt::format("m.{}", name), ""});
  for (int k = 1; k <= varying.layers; ++k)
    for (const char* name : {"gap", "gap_live", "modules", "modules_live", "dead", "modularity",
                             "normalized_cut", "block_share"})
      columns.push_back({fmt::format("{}_layer{}", name, k), fmt::format("y{}.{}", k, name), ""});
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

// CROSS JOIN fixes the order of the loops: cells in the order of their numbers, everything else found by key,
// so that the work is proportional to the rows. What was measured of a diverged cell is no result of it.
TableQuery results(const Varying& varying) {
  TableQuery query;
  query.columns = {{"cell", "c.id", ""}, {"sweep", "s.name", ""}};
  add_setting_columns(query.columns, varying);
  query.columns.push_back({"status", "c.status", ""});
  query.columns.push_back({"steps", "c.step", ""});
  query.columns.push_back({"diverged_at", "c.diverged_at", ""});
  add_measurement_columns(query.columns, varying);
  add_run_columns(query.columns);
  query.rows =
      "FROM cells c CROSS JOIN sweeps s ON s.num = c.sweep\n"
      "  LEFT JOIN measurements m ON m.cell = c.num AND c.status <> 'diverged'"
      " AND m.step = (SELECT max(step) FROM measurements WHERE cell = c.num)" +
      layer_joins(varying) + "\nWHERE c.status <> 'running'";
  query.order = "ORDER BY c.num";
  return query;
}

TableQuery history(const Varying& varying) {
  TableQuery query;
  query.columns = {{"cell", "c.id", ""}, {"sweep", "s.name", ""}};
  add_setting_columns(query.columns, varying);
  query.columns.push_back({"status", "c.status", ""});
  query.columns.push_back({"step", "m.step", ""});
  add_measurement_columns(query.columns, varying);
  query.rows =
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
  query.columns = {{"cell", "c.id", ""},
                   {"step", "y.step", ""},
                   {"layer", "y.layer", ""},
                   {"kind", "k.kind", ""},
                   {"n", "y.n", ""},
                   {"gap_n", by_kind("y.gap", "y.gap_live"), ""},
                   {"modules", by_kind("y.modules", "y.modules_live"), ""},
                   {"dead", "y.dead", ""},
                   {"dead_rows", "e.dead_rows", "e.dead_rows"},
                   {"eigenvalues", eigenvalues, eigenvalues}};
  query.rows =
      "FROM cells c CROSS JOIN layers y ON y.cell = c.num\n"
      "  CROSS JOIN eigenvalues e ON e.cell = y.cell AND e.step = y.step AND e.layer = y.layer\n"
      "  CROSS JOIN (SELECT 'all' AS kind UNION ALL SELECT 'live') k";
  query.order = "ORDER BY c.num, y.step, y.layer";
  return query;
}

TableQuery cells() {
  TableQuery query;
  query.columns = {{"cell", "c.id", ""},
                   {"sweep", "s.name", ""},
                   {"status", "c.status", ""},
                   {"steps", "c.step", ""},
                   {"diverged_at", "c.diverged_at", ""}};
  add_run_columns(query.columns);
  const std::string settings = "json_patch(s.base, c.settings)";
  query.columns.push_back({"settings", settings, settings});
  query.rows = "FROM cells c CROSS JOIN sweeps s ON s.num = c.sweep";
  query.order = "ORDER BY c.num";
  return query;
}

TableQuery fits(SQLite::Database& db) {
  TableQuery query;
  query.columns = {{"kind", "f.kind", ""},
                   {"group_key", "f.group_key", "f.group_key"},
                   {"parameters", "f.parameters", "f.parameters"},
                   {"intervals", "f.intervals", "f.intervals"},
                   {"note", "f.note", ""},
                   {"options", "f.options", "f.options"},
                   {"created", "f.created", ""}};
  // A store without the table has no fits, which is the same to readers as a table without rows.
  query.rows = db.tableExists("fits")
                   ? "FROM fits f"
                   : "FROM (SELECT NULL AS num, NULL AS kind, NULL AS group_key, NULL AS parameters,"
                     " NULL AS intervals, NULL AS note, NULL AS options, NULL AS created WHERE 0) f";
  query.order = "ORDER BY f.num";
  return query;
}

std::string select(const std::vector<std::string>& columns, const std::string& rows) {
  return fmt::format("SELECT\n  {}\n{}", fmt::join(columns, ",\n  "), rows);
}

}  // namespace

std::string TableQuery::view_sql(const std::string& name) const {
  std::vector<std::string> list;
  for (const auto& column : columns) list.push_back(column.sql + " AS " + identifier(column.name));
  return fmt::format("CREATE VIEW {} AS {}", name, select(list, rows));
}

std::string TableQuery::export_sql() const {
  std::vector<std::string> list;
  for (const auto& column : columns) list.push_back(column.json_sql.empty() ? column.sql : column.json_sql);
  return select(list, rows) + "\n" + order;
}

TableQuery table_query(SQLite::Database& db, Table table) {
  switch (table) {
    case Table::results:
      return results(read_varying(db));
    case Table::history:
      return history(read_varying(db));
    case Table::spectra:
      return spectra();
    case Table::fits:
      return fits(db);
    case Table::cells:
      break;
  }
  return cells();
}

std::vector<std::string> measured_columns(const Sweep& sweep) {
  Varying varying;
  varying.layers =
      static_cast<int>(std::min<std::size_t>(sweep.most_hidden_layers() + 1, most_layer_columns));
  std::vector<TableColumn> columns;
  add_measurement_columns(columns, varying);
  std::vector<std::string> names;
  for (TableColumn& column : columns) names.push_back(std::move(column.name));
  return names;
}

std::vector<std::string> varied_keys(SQLite::Database& db) {
  return read_varying(db).keys;
}

void refresh_views(SQLite::Database& db) {
  const std::pair<const char*, Table> views[] = {
      {"results", Table::results}, {"history", Table::history}, {"spectra", Table::spectra}};
  SQLite::Statement present(db, "SELECT sql FROM sqlite_master WHERE type = 'view' AND name = ?");
  for (const auto& [name, table] : views) {
    const std::string wanted = table_query(db, table).view_sql(name);
    present.bind(1, name);
    const bool same = present.executeStep() && present.getColumn(0).getString() == wanted;
    present.reset();
    if (!same) db.exec(fmt::format("DROP VIEW IF EXISTS {}; {}", name, wanted));
  }
}

}  // namespace modsweep
