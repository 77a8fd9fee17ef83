// What is written of a cell, with statements prepared once.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <SQLiteCpp/SQLiteCpp.h>

#include "modsweep/store.h"

namespace modsweep {

/// Writes cells and what was measured of them. Transactions are the caller's.
class CellWriter {
 public:
  explicit CellWriter(SQLite::Database& db);

  /// `sweep` is sweeps.num. Throws LogicError for progress that no runner may report.
  void write(std::int64_t sweep, const CellProgress& progress, const std::string& engine,
             const std::string& device);

 private:
  std::int64_t write_cell(std::int64_t sweep, const CellProgress& progress, const std::string& engine,
                          const std::string& device);
  void write_measurement(std::int64_t cell, const Measurement& measurement);
  void write_layers(std::int64_t cell, const Measurement& measurement, std::uint32_t gap);
  void write_weights(std::int64_t cell, const Parameters& weights, Precision precision);

  SQLite::Statement cell_;
  SQLite::Statement measurement_;
  SQLite::Statement forget_layers_;
  SQLite::Statement forget_eigenvalues_;
  SQLite::Statement layer_;
  SQLite::Statement eigenvalues_;
  SQLite::Statement checkpoint_;
  SQLite::Statement forget_checkpoint_;
  SQLite::Statement weights_;
};

}  // namespace modsweep
