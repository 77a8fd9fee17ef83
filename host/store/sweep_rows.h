// Rows of `sweeps`, `shards` and `runs`.
#pragma once

#include "store/connection.h"

#include <cstdint>
#include <string>

#include "modsweep/store.h"

namespace modsweep {

/// sweeps.num. Throws LogicError for a sweep that was not added.
[[nodiscard]] std::int64_t sweep_number(const StoreFile& file, const std::string& id);

/// Whether a sweep is recorded under its name, and the shard as well, unless it is the whole sweep.
[[nodiscard]] bool has_sweep(const StoreFile& file, const Sweep& sweep, const Shard& shard);
/// Records a sweep, or its new name, and the shard. The caller holds a transaction.
void insert_sweep(const StoreFile& file, const Sweep& sweep, const Shard& shard);

[[nodiscard]] bool sweep_finished(const StoreFile& file, const Sweep& sweep, const Shard& shard);
/// The caller holds a transaction.
void mark_sweep_finished(const StoreFile& file, const Sweep& sweep, const Shard& shard);

/// Updates sweeps.hash of a row to match its columns.
void hash_sweep(SQLite::Database& db, std::int64_t num);
/// Throws InputError if a sweep is not what was written.
void check_sweeps(const StoreFile& file);

[[nodiscard]] StoreStatus read_status(const StoreFile& file);

/// Adds a row to `runs` that begins now; returns its number. The caller holds a transaction.
[[nodiscard]] std::int64_t insert_run(SQLite::Database& db, const RunRecord& run);
void end_run(SQLite::Database& db, std::int64_t num, const std::string& outcome);

}  // namespace modsweep
