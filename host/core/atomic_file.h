// Files that appear whole or not at all, and that replace nothing but an earlier result.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace modsweep {

/// Throws InputError where a result must not be written to `path`: it is one of the files that the command
/// reads, by whatever name (links, hard links, another spelling on a disk that ignores case); a database; a
/// file that belongs to one (FILE.db-wal and the like); or a sweep file. Changes nothing.
void check_output_path(const std::string& path, const std::vector<std::string>& reads);

/// The same for an open descriptor that a shell may have put onto a file that the command reads; `name` is
/// used in the message.
void check_output_descriptor(int descriptor, const std::string& name, const std::vector<std::string>& reads);

/// A file that replaces `path` in `commit`; without a commit, nothing is left behind. Until then the file has
/// no name if the file system supports that, so that not even a kill leaves one behind. A link is followed:
/// its target is replaced or created. An existing `path` that is not a regular file (a pipe, /dev/null) is
/// written directly.
class AtomicFile {
 public:
  /// Throws InputError as check_output_path, and where the path cannot be a file that is written to (no such
  /// folder, no permission); IoError where the disk refuses.
  explicit AtomicFile(const std::string& path, std::vector<std::string> reads = {});
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  /// The descriptor to write to.
  [[nodiscard]] int descriptor() const { return descriptor_; }
  /// Writes all of `bytes`. Throws IoError.
  void write(std::span<const std::byte> bytes);
  /// The same at a distance from the beginning of the file, which must be a regular one.
  void write_at(std::uint64_t offset, std::span<const std::byte> bytes);
  /// Syncs the file to disk and replaces `path`, if that is still permitted; call this once. Throws IoError
  /// and InputError; an earlier file is then unchanged.
  void commit();

 private:
  void open_temporary(int mode);
  void name_temporary();

  std::string path_;                // as the user wrote it
  std::string target_;              // behind all links
  std::vector<std::string> reads_;  // of the command
  std::string temporary_;           // empty where the file has no name, or is written directly
  bool direct_ = false;
  int descriptor_ = -1;
};

/// Throws InputError where `path` is a device, a pipe or a folder: tensors for another program belong in a
/// file that can be opened again.
void check_regular_file(const std::string& path);

/// Writes the parts one after the other to an AtomicFile: whoever opens `path` sees the old file or the new
/// one, whole. Throws IoError and InputError, the latter also where `path` is a device or pipe; `path` is
/// then as it was before.
void write_atomically(const std::string& path, const std::vector<std::span<const std::byte>>& parts,
                      const std::vector<std::string>& reads = {});

}  // namespace modsweep
