// A row of `cells`, and the statement that writes one.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <SQLiteCpp/SQLiteCpp.h>

namespace modsweep {

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
  std::uint64_t measurements = 0;  ///< from here sums of hashes of rows elsewhere
  std::uint64_t layers = 0;
  std::uint64_t eigenvalues = 0;
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
