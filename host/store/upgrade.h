// Creates new stores, and upgrades stores of earlier formats to this one.
#pragma once

#include <cstdint>
#include <string>

#include <SQLiteCpp/SQLiteCpp.h>

namespace modsweep {

struct StoreFile;

/// XXH3-64 of the SQL of all our tables and indexes, as stored in the file.
[[nodiscard]] std::int64_t schema_hash(SQLite::Database& db);

/// Computes the hashes of a store from its present rows, except those of checkpoints.
void make_hashes(SQLite::Database& db, bool has_fits);

/// The bytes of a new store without sweeps.
[[nodiscard]] std::string empty_store();

/// Upgrades a store of an earlier format, open for writing in rollback mode, to this one, in one transaction.
/// Adds a note for the user.
void upgrade_store(StoreFile& file);

}  // namespace modsweep
