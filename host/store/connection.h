// Opening a store and saying clearly why it cannot be.
//
// A store is in SQLite's rollback mode, and written about once a second. Measured on 300,000 cells against
// WAL with one commit a second (2 cores, SQLite 3.40, three turns): the same time within 3 %, two thirds of
// the bytes. What decides is what is left lying: with WAL a file that is copied or moved is empty or old, its
// log is played onto whatever gets its name, and it needs shared memory, which disks of clusters lack. The
// price: a commit waits for readers. So nobody trains while it waits (run/commit_queue.h), and readers hold
// a store for some rows at a time (store/reading.h).
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

/// An open store and what was learned in opening it.
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

/// Throws InputError where the name alone says that this is no store: absent, a folder, an empty file.
void check_store_file(const std::string& path);

/// Opens an existing store and checks that it is one. Whoever writes brings it to this format. Throws
/// InputError or IoError; a file that is not a store, is broken or is from a newer version is not changed.
[[nodiscard]] StoreFile open_store(const std::string& path, Store::Access access);

/// Makes an empty store where no file is, or one without a byte: it appears whole or not at all. Does nothing
/// where somebody else was faster. Throws as open_store.
void create_store(const std::string& path);

/// Turns a failure of SQLite into InputError (broken, not a database), StoreBusy (locked) or IoError (disk
/// full, I/O). `system_error`: errno of the call that failed, or 0.
[[noreturn]] void throw_store_error(const std::string& path, const SQLite::Exception& failure,
                                    int system_error = 0);

/// errno of the last call that failed for this connection.
[[nodiscard]] int system_error_of(SQLite::Database& db);

/// Runs `action`; failures of SQLite leave as errors of ours.
template <typename Action>
decltype(auto) translate_errors(const StoreFile& file, Action&& action) {
  try {
    return std::forward<Action>(action)();
  } catch (const SQLite::Exception& failure) {
    throw_store_error(file.shown, failure, system_error_of(*file.db));
  }
}

/// A transaction that writes. Begins with the store's link; what is not committed is undone. Throws StoreBusy
/// where another program has the store, IoError where the file is gone or another one is in its place.
class WriteTransaction {
 public:
  explicit WriteTransaction(StoreFile& file);
  ~WriteTransaction();
  WriteTransaction(const WriteTransaction&) = delete;
  WriteTransaction& operator=(const WriteTransaction&) = delete;

  void commit();
  /// Undoes all of it now; nothing where it was committed.
  void undo() noexcept;

 private:
  StoreFile& file_;
  StoreLink link_;
  bool open_ = true;
};

}  // namespace modsweep
