// A row of `cells`, and the statement that writes one.
#pragma once

#include "measures/tables.h"

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
/// The column with the sum of the hashes of a cell's rows in a table of measured_tables(). Tables of formats
/// after the first have theirs behind `hash`.
[[nodiscard]] int cell_sum_column(std::size_t table);
/// Whether the sum is written where it is 0, too: it is in tables of the first format.
[[nodiscard]] bool cell_sum_always(std::size_t table);

/// The hash of the row of `cells` that such a query stands at, as it should be in its column `hash`.
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
  /// Sums of hashes of rows elsewhere: of each table in measured_tables(); 0: none are there.
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
