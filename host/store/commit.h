// What is written of a cell, with statements prepared once.
#pragma once

#include "store/cell_row.h"

#include <cstdint>
#include <string>
#include <string_view>

#include <SQLiteCpp/SQLiteCpp.h>

#include "modsweep/store.h"

namespace modsweep {

/// Writes cells and what was measured of them, with hashes of all of it. Transactions are the caller's.
class CellWriter {
 public:
  explicit CellWriter(SQLite::Database& db);

  /// `sweep` is sweeps.num, `run` runs.num. Throws LogicError for progress that no runner may report.
  void write(std::int64_t sweep, std::int64_t run, const CellProgress& progress, const std::string& engine,
             const std::string& device);
  /// Writes the totals in `store`; to be called before each commit.
  void write_totals();
  /// To be called after a transaction that was undone: what it counts on is read from the store again.
  void forget_totals() { counted_ = false; }

 private:
  struct WrittenCell;

  [[nodiscard]] WrittenCell find_row(const std::string& id);
  void write_row(const WrittenCell& row);
  void write_measurement(WrittenCell& row, const Measurement& measurement);
  void write_layers(WrittenCell& row, const Measurement& measurement, std::uint32_t gap);
  void write_weights(WrittenCell& row, const Parameters& weights, Precision precision);
  void write_checkpoint(WrittenCell& row, const CellProgress& progress);
  /// The sum of the hashes of the rows that are there of a cell and step.
  [[nodiscard]] std::uint64_t present(SQLite::Statement& query, const WrittenCell& row, std::uint64_t step);
  void forget(SQLite::Statement& statement, const WrittenCell& row, std::uint64_t step);

  SQLite::Statement find_;
  CellRowWriter cell_;
  SQLite::Statement measurement_;
  SQLite::Statement layer_;
  SQLite::Statement eigenvalues_;
  SQLite::Statement checkpoint_;
  SQLite::Statement forget_checkpoint_;
  SQLite::Statement weights_;
  SQLite::Statement present_measurement_;
  SQLite::Statement present_layers_;
  SQLite::Statement present_eigenvalues_;
  SQLite::Statement forget_layers_;
  SQLite::Statement forget_eigenvalues_;
  void read_totals();

  SQLite::Statement read_totals_;
  SQLite::Statement write_totals_;
  bool counted_ = false;  // whether these fit the store
  std::int64_t last_num_ = 0;
  std::int64_t cells_ = 0;
  std::uint64_t cells_hash_ = 0;
};

/// The devices that trained a cell in turn, "A, then B", with one more; `engine` is named where it changes.
[[nodiscard]] std::string devices_text(const std::string& devices, const std::string& last_engine,
                                       const std::string& device, const std::string& engine);

}  // namespace modsweep
