// Files that SQLite keeps beside a store, and whether they are its own.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <SQLiteCpp/SQLiteCpp.h>

namespace modsweep {

/// Removes logs and journals of a store that no longer exists, so that they are not applied to a new one of
/// that name. Throws InputError if a file of such a name is not SQLite's.
void remove_orphaned_logs(const std::string& path);

/// Call it before anything is read through `db`, which is open but untouched: SQLite would apply any journal
/// or log beside the file to it. Throws InputError, which states what to remove, if that is not the store's
/// own. `path` is resolved; `shown` is the path in messages.
void check_side_files(SQLite::Database& db, const std::string& path, const std::string& shown);

/// The application id in the file's header; none if it is not a database. For a connection that is open but
/// untouched: creates no files beside the store.
[[nodiscard]] std::optional<std::int32_t> application_of(SQLite::Database& db);

/// Whether the file's header states WAL mode. For a connection that is open but untouched.
[[nodiscard]] bool is_in_wal_mode(SQLite::Database& db);

/// Whether a file exists and has bytes in it.
[[nodiscard]] bool has_bytes(const std::string& path);

/// The URI under which SQLite reads a file as immutable: without locks and side files.
[[nodiscard]] std::string immutable_uri(const std::string& path);

}  // namespace modsweep
