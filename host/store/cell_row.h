// A row of `cells`, and the statement that writes one.
#pragma once

#include "measures/measure_tables.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <SQLiteCpp/SQLiteCpp.h>

namespace modsweep {

/// Columns of `SELECT * FROM cells` in this format.
inline constexpr int cell_id_column = 1;
inline constexpr int cell_sweep_column = 2;
inline constexpr int cell_status_column = 3;
inline constexpr int cell_step_column = 4;
inline constexpr int cell_hash_column = 16;
/// The column of `cells` with the sum of the hashes of a cell's rows in a table of measured_tables(). The
/// sums of tables of later formats than the first come after `hash`.
[[nodiscard]] int cell_sum_column(std::size_t table);
/// Whether a sum of 0 is written, too: true for tables of the first format.
[[nodiscard]] bool cell_sum_always(std::size_t table);

/// The hash of the current row of such a query, as its column `hash` should have it.
[[nodiscard]] std::uint64_t hash_cell(SQLite::Statement& row);

/// All columns of `cells` but `hash`, in the order of the table.
struct CellRow {
  std::int64_t num = 0;
  std::string id = {};
  std::int64_t sweep = 0;
  std::string status = {};
  std::int64_t step = 0;
  std::optional<std::int64_t> diverged_at = {};
  std::string engine = {};
  std::string device = {};
  double seconds = 0.0;
  std::string settings = {};
  std::int64_t run = 0;
  /// For each table in measured_tables(), the sum of the hashes of the cell's rows; 0: it has none.
  std::vector<std::uint64_t> sums = std::vector<std::uint64_t>(measured_tables().size());
  std::optional<std::uint64_t> weights = {};
  std::optional<std::uint64_t> checkpoint = {};

  [[nodiscard]] bool finished() const { return status != "running"; }
};

/// Inserts rows of `cells`, or replaces those with the same number, with their hashes.
class CellRowWriter {
 public:
  explicit CellRowWriter(SQLite::Database& db);
  /// Returns the row's hash.
  std::uint64_t write(const CellRow& row);

 private:
  SQLite::Statement statement_;
};

}  // namespace modsweep
