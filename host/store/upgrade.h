// New stores, and stores of earlier formats brought to this one.
#pragma once

#include <cstdint>
#include <string>

#include <SQLiteCpp/SQLiteCpp.h>

namespace modsweep {

struct StoreFile;

/// XXH3-64 of the texts of all tables and indexes that are ours, as the file has them.
[[nodiscard]] std::int64_t schema_hash(SQLite::Database& db);

/// Makes the hashes of a store fit its rows as they are now, checkpoints aside.
void make_hashes(SQLite::Database& db, bool has_fits);

/// The bytes of a new store without sweeps.
[[nodiscard]] std::string empty_store();

/// Brings a store of an earlier format, open for writing in rollback mode, to this one, in one transaction.
/// Leaves a note for the user.
void upgrade_store(StoreFile& file);

}  // namespace modsweep
