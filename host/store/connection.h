// Opening a store and saying clearly why it cannot be.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include <SQLiteCpp/SQLiteCpp.h>

#include "modsweep/store.h"

namespace modsweep {

/// Throws InputError where the name alone says that this is no store: absent, a folder, an empty file.
void check_store_file(const std::string& path);

/// Opens an existing store and checks that it is one. Throws InputError or IoError; a file that is not a
/// store, is broken or is from a newer version is not changed.
[[nodiscard]] std::unique_ptr<SQLite::Database> open_store(const std::string& path, Store::Access access);

/// Makes an empty store where no file is: it appears whole or not at all. Throws as open_store.
void create_store(const std::string& path);

/// Turns a failure of SQLite into InputError (broken, not a database) or IoError (disk full, I/O, locked).
[[noreturn]] void throw_store_error(const std::string& path, const SQLite::Exception& failure);

/// Runs `action`; failures of SQLite leave as errors of ours.
template <typename Action>
decltype(auto) translate_errors(const std::string& path, Action&& action) {
  try {
    return std::forward<Action>(action)();
  } catch (const SQLite::Exception& failure) {
    throw_store_error(path, failure);
  }
}

}  // namespace modsweep
