// Reading tables of stores: a few thousand rows at a time, each held to the hashes that were written with it.
#pragma once

#include "store/connection.h"
#include "store/tables.h"

#include <cstdint>
#include <functional>
#include <unordered_set>
#include <vector>

#include <SQLiteCpp/SQLiteCpp.h>

namespace modsweep {

/// Which cells of a store are left out, by cells.num: another store has them.
using LeftOut = std::unordered_set<std::int64_t>;

/// What happens to rows. `row` gets the query at a row, whose first column is the cell's number. `pause` is
/// called when the store is not held: a reader that waits for a slow pipe must not keep a run from
/// committing.
struct RowSink {
  std::function<void(SQLite::Statement& query)> row;
  std::function<void()> pause;
};

/// Hands all rows of a table to `sink`, in the order of the query. Each cell's rows are of one moment; cells
/// that come during the reading are left out. Throws InputError where a row is not what was written, naming
/// its cell, or where cells are missing. Memory does not grow with the store.
void read_table(const StoreFile& file, Table table, const TableQuery& query, const LeftOut& left_out,
                const RowSink& sink);

/// A finished or running cell, without what was measured of it.
struct CellHead {
  std::int64_t num = 0;
  std::uint64_t id = 0;
  std::int64_t sweep = 0;  ///< sweeps.num
  bool running = false;
  bool diverged = false;
  std::uint64_t step = 0;
};
/// All cells, in the order of their numbers, and held to their hashes and index. Throws as read_table.
void read_heads(const StoreFile& file, const std::function<void(const CellHead&)>& cell);

/// Throws InputError where a fit is not what was written.
void check_fits(const StoreFile& file);

/// An id as a number. Throws InputError where it is none.
[[nodiscard]] std::uint64_t id_number(const StoreFile& file, const std::string& id);

/// "FILE: is broken (WHAT); restore a copy".
[[noreturn]] void throw_broken(const StoreFile& file, const std::string& what);

}  // namespace modsweep
