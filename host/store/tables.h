// The tables a store shows to people: the views in the file, and the queries of export, from one list of
// columns.
#pragma once

#include <string>
#include <vector>

#include <SQLiteCpp/SQLiteCpp.h>

#include "modsweep/store.h"

namespace modsweep {

/// A column of a table: its name and the SQL that computes it.
struct TableColumn {
  std::string name;
  std::string sql;
  /// SQL whose value is JSON text, passed through into exports so that numbers keep their digits, booleans
  /// and lists their types; empty: `sql` is exported.
  std::string json_sql;
};

/// A query with named columns, in an order that SQLite gets from its keys without sorting.
struct TableQuery {
  std::vector<TableColumn> columns;
  std::string rows;   ///< "FROM ... WHERE ..."
  std::string order;  ///< "ORDER BY ..."

  [[nodiscard]] std::string view_sql(const std::string& name) const;
  [[nodiscard]] std::string export_sql() const;
};

/// The query of a table, for the sweeps that are in the store now. `results`: a row per finished cell;
/// `history`: a row per cell and measured step; `spectra`: a row per cell, measured step, layer and kind;
/// `cells`: a row per cell with all its settings; `fits`: a row per fit and group. Varied settings are
/// columns named by their dotted keys: keys of any sweep's axes, then keys whose base values differ between
/// sweeps. Layers past the 50th have no columns (SQLite joins 64 tables at most); they are in `spectra`.
[[nodiscard]] TableQuery table_query(SQLite::Database& db, Table table);

/// The varied settings, by their dotted keys, in the order of their columns.
[[nodiscard]] std::vector<std::string> varied_keys(SQLite::Database& db);

/// Makes the views `results`, `history` and `spectra` fit the sweeps; writes only where something changes.
void refresh_views(SQLite::Database& db);

}  // namespace modsweep
