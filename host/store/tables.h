// The tables that a store shows to people: the views in the file, and the queries of export, from one list of
// columns.
#pragma once

#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <SQLiteCpp/SQLiteCpp.h>

#include "modsweep/store.h"

namespace modsweep {

/// A column of a table: its name and the SQL that computes it.
struct TableColumn {
  std::string name;
  std::string sql;
  /// SQL whose value is JSON text, which exports pass through so that numbers keep their digits, and booleans
  /// and lists their types; empty: `sql` is exported.
  std::string json_sql;
  std::string doc = {};            ///< one line; empty: fixed_doc() has it
  bool reads_eigenvalues = false;  ///< whether the SQL looks up the table of eigenvalues
  /// Makes the JSON that exports show of json_sql's value; null: they show it as it is.
  std::string (*shown)(const std::string& json) = nullptr;
};

/// Documentation of a column that is not a measurement; the name of a setting explains itself.
[[nodiscard]] std::string_view fixed_doc(std::string_view column);

/// A query with named columns, in an order that SQLite gets from its keys without sorting.
struct TableQuery {
  std::vector<TableColumn> columns;
  std::string from;   ///< "FROM ..."
  std::string where;  ///< a condition; empty: none
  std::string order;  ///< "ORDER BY ..."
  /// The number of the row's cell; empty: the table is not of cells.
  std::string cell = "c.num";

  [[nodiscard]] std::string view_sql(const std::string& name) const;
  /// Selects the cell's number, then all columns, for cell numbers above the first parameter and up to the
  /// second; for all rows if the table is not of cells.
  [[nodiscard]] std::string export_sql() const;
  /// The same for cells whose ids are in a JSON array, the only parameter. For tables of cells.
  [[nodiscard]] std::string cells_sql() const;
};

/// What the columns of tables depend on: the sweeps in one store, or in several.
struct Varying {
  /// Keys of any sweep's axes, then keys whose base values differ between sweeps.
  std::vector<std::string> keys;
  /// Layers of the deepest network. Layers past the 50th have no columns (SQLite joins at most 64 tables);
  /// they are in `spectra`.
  int layers = 0;
  bool fits = false;  ///< whether there is a table of fits
  /// Columns of measurements that no sweep asks for: tables leave them out.
  std::set<std::string_view> unmeasured = {};
};
[[nodiscard]] Varying read_varying(std::span<SQLite::Database* const> stores);

/// The query of a table. `results`: a row per finished cell, without measurements if it diverged; `history`:
/// a row per cell and measured step; `spectra`: a row per cell, measured step, layer and kind; `cells`: a row
/// per cell with all its settings; `fits`: a row per fit and group; `runs`: a row per run; a measure's own
/// table: a row per cell, measured step and keys. Varied settings are columns named by their dotted keys.
[[nodiscard]] TableQuery table_query(const Varying& varying, Table table);

/// Whether the views `results`, `history` and `spectra` match the sweeps.
[[nodiscard]] bool views_fit(SQLite::Database& db);
/// Makes the views `results`, `history` and `spectra` match the sweeps; writes only if something changes.
void refresh_views(SQLite::Database& db);

}  // namespace modsweep
