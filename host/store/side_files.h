// Files that SQLite keeps beside a store, and whether they are its own.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <SQLiteCpp/SQLiteCpp.h>

namespace modsweep {

/// Removes logs and journals of a store that is not there any more, so that nobody plays them onto the new
/// one of that name. Throws InputError where a file of such a name is none of SQLite's.
void remove_orphaned_logs(const std::string& path);

/// To be called before anything is read through `db`, which is open but untouched: SQLite would play whatever
/// journal or log lies beside the file into it. Throws InputError, which says what to remove, where that is
/// not the store's own. `path` is resolved; `shown` is the path in messages.
void check_side_files(SQLite::Database& db, const std::string& path, const std::string& shown);

/// The application that the file says it is of; none where it is no database. For a connection that is open
/// but untouched: nothing is made beside the file.
[[nodiscard]] std::optional<std::int32_t> application_of(SQLite::Database& db);

/// Whether the file says of itself that it is in WAL mode. For a connection that is open but untouched.
[[nodiscard]] bool is_in_wal_mode(SQLite::Database& db);

/// Whether a file is there and has bytes in it.
[[nodiscard]] bool has_bytes(const std::string& path);

/// The URI under which SQLite reads a file as one that nobody changes: without locks and side files.
[[nodiscard]] std::string immutable_uri(const std::string& path);

}  // namespace modsweep
