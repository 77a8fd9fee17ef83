// Only one process writes to a store at a time.
#pragma once

#include <optional>
#include <string>

namespace modsweep {

/// Holds a store against other writers. The kernel's lock is on a file of its own beside the store
/// ("FILE.db-lock", gone after a clean end): locks of our own on the database file would interfere with
/// SQLite's, which vanish when anyone in the process closes that file. It dies with the process in any way; a
/// lock file left by a killed process holds nobody up.
class WriterLock {
 public:
  /// Throws InputError naming the holder, or where the lock file cannot be made; IoError where the system
  /// refuses.
  explicit WriterLock(const std::string& store_path);
  ~WriterLock();
  WriterLock(const WriterLock&) = delete;
  WriterLock& operator=(const WriterLock&) = delete;

  /// Who holds the store now, "process 4711"; none if nobody does.
  [[nodiscard]] static std::optional<std::string> holder(const std::string& store_path);

 private:
  std::string path_;
  int fd_ = -1;
};

}  // namespace modsweep
