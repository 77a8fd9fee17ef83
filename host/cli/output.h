// Output that reports a full disk: standard output, and files that appear complete or not at all.
#pragma once

#include "core/atomic_file.h"

#include <array>
#include <ostream>
#include <streambuf>
#include <string>
#include <vector>

namespace modsweep::cli {

/// Thrown if the reader of a pipe closed it: it has read what it needed, and nothing is wrong.
struct ReaderGone {};

/// A buffer over a file descriptor. A failed write throws IoError naming `name`, or ReaderGone.
class DescriptorBuffer : public std::streambuf {
 public:
  DescriptorBuffer(int descriptor, std::string name);

  /// From here on a failed write throws nothing; the output after it is dropped.
  void outlive_failure() { outlives_ = true; }
  /// Flushes, and throws the error that was deferred.
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
  int failure_ = 0;  // the deferred error
  std::array<char, 1 << 16> buffer_{};
};

/// A stream that passes on the exceptions of its buffer. Flush it before destruction: the destructor drops
/// the remaining output.
class DescriptorStream : public std::ostream {
 public:
  DescriptorStream(int descriptor, std::string name);

  /// For commands whose main work is not their output: a closed pipe, or a full disk behind standard output,
  /// does not end them.
  void outlive_failure() { buffer_.outlive_failure(); }
  /// Flushes. Throws IoError for a failed write; throws ReaderGone only without outlive_failure().
  void finish() { buffer_.finish(); }

 private:
  DescriptorBuffer buffer_;
};

/// A stream into an AtomicFile, which appears in `commit`.
class AtomicOutput {
 public:
  /// Throws as AtomicFile if the path cannot, or must not, be written to. `reads`: the files that the command
  /// reads.
  AtomicOutput(const std::string& path, std::vector<std::string> reads);

  [[nodiscard]] std::ostream& stream() { return stream_; }
  void commit();

 private:
  AtomicFile file_;
  DescriptorStream stream_;
};

/// Throws InputError if standard output goes into a file that the command reads, as with a shell's `>>
/// FILE.db`.
void check_standard_output(const std::vector<std::string>& reads);

/// Opens standard descriptors that the caller closed, so that no file of ours gets their numbers and their
/// output. Writing to a standard output that was closed still fails.
void secure_standard_descriptors();

}  // namespace modsweep::cli
