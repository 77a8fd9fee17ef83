// Output that notices when the disk is full: standard output, and files that appear whole or not at all.
#pragma once

#include "core/atomic_file.h"

#include <array>
#include <ostream>
#include <streambuf>
#include <string>
#include <vector>

namespace modsweep::cli {

/// Thrown where the reader of a pipe went away: it has what it wanted, and nothing is wrong.
struct ReaderGone {};

/// A buffer over a file descriptor. A failed write throws IoError naming `name`, or ReaderGone.
class DescriptorBuffer : public std::streambuf {
 public:
  DescriptorBuffer(int descriptor, std::string name);

  /// From here on a failed write throws nothing; what comes after it is dropped.
  void outlive_failure() { outlives_ = true; }
  /// Flushes, and throws what was put off.
  void finish();

 protected:
  int_type overflow(int_type c) override;
  int sync() override;

 private:
  void write_all();
  void fail(int error);

  int descriptor_;
  std::string name_;
  bool outlives_ = false;
  int failure_ = 0;  // that was put off
  std::array<char, 1 << 16> buffer_{};
};

/// A stream that passes the exceptions of its buffer on. To be flushed before it goes: the destructor drops
/// the rest.
class DescriptorStream : public std::ostream {
 public:
  DescriptorStream(int descriptor, std::string name);

  /// For commands whose work is more than what they print: a reader who leaves, or a full disk behind
  /// standard output, does not end it.
  void outlive_failure() { buffer_.outlive_failure(); }
  /// Flushes. Throws IoError for a write that failed, ReaderGone only where the work is not to outlive it.
  void finish() { buffer_.finish(); }

 private:
  DescriptorBuffer buffer_;
};

/// A stream into an AtomicFile, which appears in `commit`.
class AtomicOutput {
 public:
  /// Throws as AtomicFile where nothing can, or may, be written there. `reads`: the files that the command
  /// reads.
  AtomicOutput(const std::string& path, std::vector<std::string> reads);

  [[nodiscard]] std::ostream& stream() { return stream_; }
  void commit();

 private:
  AtomicFile file_;
  DescriptorStream stream_;
};

/// Throws InputError where standard output goes into a file that the command reads, as a shell's `>> FILE.db`
/// does.
void check_standard_output(const std::vector<std::string>& reads);

/// Opens standard descriptors that the caller closed, so that no file of ours gets their numbers and their
/// output; a closed standard output stays one that cannot be written to.
void secure_standard_descriptors();

}  // namespace modsweep::cli
