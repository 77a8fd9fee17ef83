// The store that a merge makes: cells copied from others, under a name of its own until it is whole.
#pragma once

#include "store/cell_row.h"
#include "store/connection.h"

#include <cstdint>
#include <deque>
#include <optional>
#include <string>

#include <SQLiteCpp/SQLiteCpp.h>

namespace modsweep {

/// Copies rows of `table` that belong to cell `from` of one store to cell `to` of another; the sum of their
/// hashes.
class RowCopier {
 public:
  RowCopier(SQLite::Database& to, std::string table);
  std::uint64_t copy(SQLite::Statement& from, std::int64_t to);

 private:
  std::string table_;
  int columns_ = 0;
  std::optional<SQLite::Statement> insert_;
};

/// Queries of one input for the rows of a cell.
struct CellRows {
  explicit CellRows(SQLite::Database& db);
  std::deque<SQLite::Statement> measured;  ///< of each table in measured_tables()
  SQLite::Statement weights;
  SQLite::Statement checkpoints;
};

/// The sum of the hashes of a cell's rows that a query finds.
[[nodiscard]] std::uint64_t sum_of(SQLite::Statement& query, std::int64_t cell);

/// A new name beside `path` for a file on its way.
[[nodiscard]] std::string merge_draft(const std::string& path);
/// Removes files of such names: of merges into `path` that were killed. For whoever holds its lock.
void remove_merge_drafts(const std::string& path);

class MergeOutput {
 public:
  /// A new file beside `path`, which is resolved; `shown` is the path in messages.
  MergeOutput(const std::string& path, const std::string& shown);
  /// Removes the file unless it was published.
  ~MergeOutput();
  MergeOutput(const MergeOutput&) = delete;
  MergeOutput& operator=(const MergeOutput&) = delete;

  [[nodiscard]] SQLite::Database& db() { return *file_.db; }
  /// Copies a cell with all that is measured of it. `sweep` and `run` are numbers here. Throws InputError
  /// where the input's rows are not what was written.
  void add(const StoreFile& from, CellRows& rows, CellRow cell, std::int64_t sweep, std::int64_t run);
  /// Completes the file and puts it at its place. `id`: of the store whose place it takes; none: its own.
  void publish(const std::optional<StoreLink::Token>& id);

 private:
  void close();

  std::string path_;
  StoreFile file_;  // under its temporary name
  bool published_ = false;
  std::int64_t cells_ = 0;
  std::uint64_t cells_hash_ = 0;
  std::optional<CellRowWriter> cell_;
  std::deque<RowCopier> measured_;  // of each table in measured_tables()
  std::optional<RowCopier> weights_, checkpoints_;
};

}  // namespace modsweep
