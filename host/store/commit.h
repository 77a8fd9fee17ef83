// Writes the rows of cells, with statements prepared once.
#pragma once

#include "store/cell_row.h"
#include "store/copy_cell.h"

#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <SQLiteCpp/SQLiteCpp.h>

#include "modsweep/store.h"

namespace modsweep {

/// Writes cells and their measurements, with hashes of all rows. The caller manages transactions.
class CellWriter {
 public:
  /// Stores a reference to the file, open for writing.
  explicit CellWriter(const StoreFile& file);

  /// `sweep` is sweeps.num, `run` runs.num. Throws LogicError for progress that no runner may report.
  void write(std::int64_t sweep, std::int64_t run, const CellProgress& progress, const std::string& engine,
             const std::string& device);
  /// Throws InputError where rows of the finished cell are not what was written.
  void copy(std::int64_t sweep, std::int64_t run, const CellCopy& copy);
  /// Writes the totals in `store`; call it before each commit.
  void write_totals();
  /// Call it after a rollback: the totals are then read from the store again.
  void forget_totals() { counted_ = false; }

 private:
  struct WrittenCell;
  /// Statements for one table of measured_tables().
  struct TableStatements {
    TableStatements(SQLite::Database& db, const MeasuredTable& table);
    SQLite::Statement insert;
    SQLite::Statement present;
    SQLite::Statement forget;
  };

  void copy_all(const WrittenCell& from, WrittenCell& to);
  void copy_beginning(const WrittenCell& from, const CellCopy& copy, WrittenCell& to);
  [[nodiscard]] WrittenCell find_row(const std::string& id);
  void write_row(const WrittenCell& row);
  [[nodiscard]] static std::span<const MeasuredRow> rows_of(const Measurement& measurement,
                                                            std::size_t table);
  /// `replace`: the step may already have rows.
  void write_rows(WrittenCell& row, const Measurement& measurement, bool replace);
  void write_weights(WrittenCell& row, const Parameters& weights, Precision precision);
  void write_checkpoint(WrittenCell& row, const CellProgress& progress);
  /// Removes the rows of a cell and step from a table. Returns the sum of their hashes.
  [[nodiscard]] static std::uint64_t take_out(TableStatements& table, const WrittenCell& row,
                                              std::uint64_t step);

  const StoreFile& file_;
  std::optional<CellCopier> copier_;  // from its first use on
  SQLite::Statement find_;
  CellRowWriter cell_;
  std::deque<TableStatements> tables_;
  SQLite::Statement checkpoint_;
  SQLite::Statement forget_checkpoint_;
  SQLite::Statement weights_;
  void read_totals();

  SQLite::Statement read_totals_;
  SQLite::Statement write_totals_;
  bool counted_ = false;  // whether the three below match the store
  std::int64_t last_num_ = 0;
  std::int64_t cells_ = 0;
  std::uint64_t cells_hash_ = 0;
};

/// A row to be written, and what the store already has of it.
struct CellWriter::WrittenCell : CellRow {
  bool is_new = true;
  std::uint64_t old_hash = 0;
};

/// As in cells.status.
[[nodiscard]] const char* status_name(CellStatus status);

/// A JSON object of the cell's settings on axes.
[[nodiscard]] std::string settings_json(const Cell& cell);

/// The devices that trained a cell, "A, then B", with one more; `engine` is named where it changes.
[[nodiscard]] std::string devices_text(const std::string& devices, const std::string& last_engine,
                                       const std::string& device, const std::string& engine);

}  // namespace modsweep
