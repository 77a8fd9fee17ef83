// Opens a store, or reports clearly why it cannot be opened.
//
// A store uses SQLite's rollback mode and is written about once a second. Measured on 300,000 cells against
// WAL with one commit a second (2 cores, SQLite 3.40, three runs): the same time within 3 %, two thirds of
// the bytes. The side files decide: with WAL, a copied or moved file is empty or outdated, its log is applied
// to any file that gets its name, and it needs shared memory, which the disks of clusters lack. The price: a
// commit waits for readers. So training does not wait for commits (run/commit_queue.h), and readers hold a
// store for only some rows at a time (store/reading.h).
#pragma once

#include "store/file_system.h"
#include "store/link.h"

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <SQLiteCpp/SQLiteCpp.h>

#include "modsweep/store.h"

namespace modsweep {

/// An open store and what was learned while opening it.
struct StoreFile {
  std::string shown;  ///< its path in messages
  std::string path;   ///< the same, resolved
  std::unique_ptr<SQLite::Database> db;
  FileIdentity identity;
  std::int32_t format = 0;         ///< of the file, as found
  StoreLink link;                  ///< from format 4 on
  std::vector<std::string> notes;  ///< for the user: what was changed

  [[nodiscard]] bool hashed() const;
};

/// Throws InputError if the path alone shows that it is no store: absent, a folder, an empty file.
void check_store_file(const std::string& path);

/// Opens an existing store and checks it. Opening it for writing upgrades it to this format. Throws
/// InputError or IoError; a file that is not a store, is broken or is from a newer version is not changed.
[[nodiscard]] StoreFile open_store(const std::string& path, Store::Access access);

/// Creates an empty store where there is no file or one without a byte; the store appears whole or not at
/// all. Does nothing if another process was faster. Throws as open_store.
void create_store(const std::string& path);

/// Converts a failure of SQLite to InputError (broken, not a database), StoreBusy (locked) or IoError (disk
/// full, I/O). `system_error`: errno of the call that failed, or 0.
[[noreturn]] void throw_store_error(const std::string& path, const SQLite::Exception& failure,
                                    int system_error = 0);

/// errno of the last call that failed for this connection.
[[nodiscard]] int system_error_of(SQLite::Database& db);

/// Runs `action`; failures of SQLite are rethrown as our errors.
template <typename Action>
decltype(auto) translate_errors(const StoreFile& file, Action&& action) {
  try {
    return std::forward<Action>(action)();
  } catch (const SQLite::Exception& failure) {
    throw_store_error(file.shown, failure, system_error_of(*file.db));
  }
}

/// A write transaction. It begins by writing the store's link, and is rolled back unless committed. Throws
/// StoreBusy if another program has locked the store, IoError if the file is gone or was replaced by another.
class WriteTransaction {
 public:
  explicit WriteTransaction(StoreFile& file);
  ~WriteTransaction();
  WriteTransaction(const WriteTransaction&) = delete;
  WriteTransaction& operator=(const WriteTransaction&) = delete;

  void commit();
  /// Rolls everything back now; does nothing after a commit.
  void undo() noexcept;

 private:
  StoreFile& file_;
  StoreLink link_;
  bool open_ = true;
};

}  // namespace modsweep
