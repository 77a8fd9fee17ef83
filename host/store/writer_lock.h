// Only one process writes to a store at a time.
#pragma once

#include <optional>
#include <string>

namespace modsweep {

/// Locks a store against other writers. The kernel's lock is on a file of its own beside the store
/// ("FILE.db-lock", removed at a clean end): our own locks on the database file would interfere with
/// SQLite's, which are lost when any code in the process closes that file. The lock ends with the process,
/// however that ends; a lock file left by a killed process blocks no one. The file names host and process,
/// for messages, and for file systems whose locks do not reach other machines: a file that names another host
/// and is still touched (see `touch`) counts as a lock, too.
class WriterLock {
 public:
  /// `path` is resolved, `shown` is the path in messages. Throws InputError if another process holds the lock
  /// (naming it), if the lock file cannot be created, if a file of that name is not ours, and if the file
  /// system has no locks; IoError if the system refuses.
  WriterLock(const std::string& path, const std::string& shown);
  ~WriterLock();
  WriterLock(const WriterLock&) = delete;
  WriterLock& operator=(const WriterLock&) = delete;

  /// Shows that the holder is alive; call it every few seconds.
  void touch() const noexcept;

  /// The current holder of the store, "process 4711 on node7"; none if it is free. A lock of another
  /// host, which may be invisible here, counts for 60 s after its last touch.
  [[nodiscard]] static std::optional<std::string> holder(const std::string& path);

 private:
  std::string path_;
  int fd_ = -1;
};

}  // namespace modsweep
