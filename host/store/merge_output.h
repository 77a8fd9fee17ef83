// The store that a merge creates: cells copied from others, under a temporary name until it is complete.
#pragma once

#include "store/cell_row.h"
#include "store/connection.h"

#include <cstdint>
#include <deque>
#include <optional>
#include <string>

#include <SQLiteCpp/SQLiteCpp.h>

namespace modsweep {

/// Copies the rows of `table` that the query `from` finds in one store to cell `to` of another. Returns the
/// sum of their hashes.
class RowCopier {
 public:
  RowCopier(SQLite::Database& to, std::string table);
  std::uint64_t copy(SQLite::Statement& from, std::int64_t to);
  /// The same for the row that the query stands at. Returns its hash.
  std::uint64_t copy_row(SQLite::Statement& from, std::int64_t to);

 private:
  std::string table_;
  int columns_ = 0;
  std::optional<SQLite::Statement> insert_;
};

/// Queries of one input for the rows of a cell.
struct CellRows {
  explicit CellRows(SQLite::Database& db);
  std::deque<SQLite::Statement> measured;  ///< one per table of measured_tables()
  SQLite::Statement weights;
  SQLite::Statement checkpoints;
};

/// The sum of the hashes of a cell's rows that a query finds.
[[nodiscard]] std::uint64_t sum_of(SQLite::Statement& query, std::int64_t cell);

/// A new temporary file name beside `path`.
[[nodiscard]] std::string merge_draft(const std::string& path);
/// Removes files with such names, left by killed merges into `path`. The caller must hold its lock.
void remove_merge_drafts(const std::string& path);

class MergeOutput {
 public:
  /// Creates a file beside `path`, which is resolved; `shown` is the path in messages.
  MergeOutput(const std::string& path, const std::string& shown);
  /// Removes the file unless it was published.
  ~MergeOutput();
  MergeOutput(const MergeOutput&) = delete;
  MergeOutput& operator=(const MergeOutput&) = delete;

  [[nodiscard]] SQLite::Database& db() { return *file_.db; }
  /// Copies a cell with all its measurements. `sweep` and `run` are numbers in the output. Throws InputError
  /// if the input's rows are not what was written.
  void add(const StoreFile& from, CellRows& rows, CellRow cell, std::int64_t sweep, std::int64_t run);
  /// Completes the file and renames it to `path`. `id`: of the store that it replaces; none: keeps its own.
  void publish(const std::optional<StoreLink::Token>& id);

 private:
  void close();

  std::string path_;
  StoreFile file_;  // under its temporary name
  bool published_ = false;
  std::int64_t cells_ = 0;
  std::uint64_t cells_hash_ = 0;
  std::optional<CellRowWriter> cell_;
  std::deque<RowCopier> measured_;  // one per table of measured_tables()
  std::optional<RowCopier> weights_, checkpoints_;
};

}  // namespace modsweep
