// Reads tables of stores: a few thousand rows at a time, each checked against the hash written with it.
#pragma once

#include "store/connection.h"
#include "store/tables.h"

#include <cstdint>
#include <functional>
#include <unordered_set>
#include <vector>

#include <SQLiteCpp/SQLiteCpp.h>

namespace modsweep {

/// The cells of a store to leave out, by cells.num: another store has them.
using LeftOut = std::unordered_set<std::int64_t>;

/// Receives rows. `row` gets the query at a row, whose first column is the cell's number. `pause` is called
/// while the store is not locked: a reader that waits for a slow pipe must not keep a run from committing.
struct RowSink {
  std::function<void(SQLite::Statement& query)> row;
  std::function<void()> pause;
};

/// Passes all rows of a table to `sink`, in the order of the query. The rows of a cell are from one moment;
/// cells added during the reading are left out. Throws InputError if a row is not what was written, naming
/// its cell, or if cells are missing. Memory does not grow with the store.
void read_table(const StoreFile& file, Table table, const TableQuery& query, const LeftOut& left_out,
                const RowSink& sink);

/// A finished or running cell, without its measurements.
struct CellHead {
  std::int64_t num = 0;
  std::uint64_t id = 0;
  std::int64_t sweep = 0;  ///< sweeps.num
  bool running = false;
  bool diverged = false;
  std::uint64_t step = 0;
};
/// Reads all cells in the order of their numbers and checks their hashes and index. Throws as read_table.
void read_heads(const StoreFile& file, const std::function<void(const CellHead&)>& cell);

/// Throws InputError if a fit is not what was written.
void check_fits(const StoreFile& file);

/// A cell's id as a number. Throws InputError if the text is not an id.
[[nodiscard]] std::uint64_t id_number(const StoreFile& file, const std::string& id);

/// "FILE: is broken (WHAT); restore a copy".
[[noreturn]] void throw_broken(const StoreFile& file, const std::string& what);

}  // namespace modsweep
