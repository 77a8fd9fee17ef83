// Writes the rows of cells, with statements prepared once.
#pragma once

#include "store/cell_row.h"

#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <string_view>

#include <SQLiteCpp/SQLiteCpp.h>

#include "modsweep/store.h"

namespace modsweep {

/// Writes cells and their measurements, with hashes of all rows. The caller manages transactions.
class CellWriter {
 public:
  explicit CellWriter(SQLite::Database& db);

  /// `sweep` is sweeps.num, `run` runs.num. Throws LogicError for progress that no runner may report.
  void write(std::int64_t sweep, std::int64_t run, const CellProgress& progress, const std::string& engine,
             const std::string& device);
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

/// The devices that trained a cell, "A, then B", with one more; `engine` is named where it changes.
[[nodiscard]] std::string devices_text(const std::string& devices, const std::string& last_engine,
                                       const std::string& device, const std::string& engine);

}  // namespace modsweep
