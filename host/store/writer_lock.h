// Only one process writes to a store at a time.
#pragma once

#include <optional>
#include <string>

namespace modsweep {

/// Holds a store against other writers. The kernel's lock is on a file of its own beside the store
/// ("FILE.db-lock", gone after a clean end): locks of our own on the database file would interfere with
/// SQLite's, which vanish when anyone in the process closes that file. It dies with the process in any way; a
/// lock file left by a killed process holds nobody up. The file names host and process, for messages, and for
/// file systems whose locks do not reach other machines: a file that names another host and is still touched
/// (see `touch`) holds, too.
class WriterLock {
 public:
  /// `path` is resolved, `shown` is the path in messages. Throws InputError naming the holder, where the lock
  /// file cannot be made, where a file of that name is not ours, and where the file system has no locks;
  /// IoError where the system refuses.
  WriterLock(const std::string& path, const std::string& shown);
  ~WriterLock();
  WriterLock(const WriterLock&) = delete;
  WriterLock& operator=(const WriterLock&) = delete;

  /// Shows that the holder lives; to be called every few seconds.
  void touch() const noexcept;

  /// Who holds the store now, "process 4711 on node7"; none if nobody does.
  [[nodiscard]] static std::optional<std::string> holder(const std::string& path);

 private:
  std::string path_;
  int fd_ = -1;
};

}  // namespace modsweep
