// Rows of `sweeps`, `shards` and `runs`.
#pragma once

#include "store/connection.h"

#include <cstdint>
#include <string>

#include "modsweep/store.h"

namespace modsweep {

/// sweeps.num. Throws LogicError for a sweep that was not added.
[[nodiscard]] std::int64_t sweep_number(const StoreFile& file, const std::string& id);

/// Whether a sweep is there under its name, and a shard of it unless that is the whole.
[[nodiscard]] bool has_sweep(const StoreFile& file, const Sweep& sweep, const Shard& shard);
/// Records a sweep, or its new name, and the shard. In a transaction of the caller.
void insert_sweep(const StoreFile& file, const Sweep& sweep, const Shard& shard);

[[nodiscard]] bool sweep_finished(const StoreFile& file, const Sweep& sweep, const Shard& shard);
/// In a transaction of the caller.
void mark_sweep_finished(const StoreFile& file, const Sweep& sweep, const Shard& shard);

/// Makes sweeps.hash of a row fit its columns.
void hash_sweep(SQLite::Database& db, std::int64_t num);
/// Throws InputError where a sweep is not what was written.
void check_sweeps(const StoreFile& file);

[[nodiscard]] StoreStatus read_status(const StoreFile& file);

/// A row in `runs` that begins now; its number. In a transaction of the caller.
[[nodiscard]] std::int64_t insert_run(SQLite::Database& db, const RunRecord& run);
void end_run(SQLite::Database& db, std::int64_t num, const std::string& outcome);

}  // namespace modsweep
