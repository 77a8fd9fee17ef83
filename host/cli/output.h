// Output that notices when the disk is full: standard output, and files that appear whole or not at all.
#pragma once

#include <array>
#include <memory>
#include <ostream>
#include <streambuf>
#include <string>

namespace modsweep::cli {

/// Thrown where the reader of a pipe went away: it has what it wanted, and nothing is wrong.
struct ReaderGone {};

/// A buffer over a file descriptor. A failed write throws IoError naming `name`, or ReaderGone.
class DescriptorBuffer : public std::streambuf {
 public:
  DescriptorBuffer(int descriptor, std::string name);

 protected:
  int_type overflow(int_type c) override;
  int sync() override;

 private:
  void write_all();

  int descriptor_;
  std::string name_;
  std::array<char, 1 << 16> buffer_{};
};

/// A stream that passes the exceptions of its buffer on. To be flushed before it goes: the destructor drops
/// the rest.
class DescriptorStream : public std::ostream {
 public:
  DescriptorStream(int descriptor, std::string name);

 private:
  DescriptorBuffer buffer_;
};

/// Writes to a temporary file beside `path` that takes its place in `commit`; without, nothing is left
/// behind. What is no regular file (a pipe, /dev/null) is written directly. Throws IoError.
class AtomicOutput {
 public:
  explicit AtomicOutput(const std::string& path);
  ~AtomicOutput();
  AtomicOutput(const AtomicOutput&) = delete;
  AtomicOutput& operator=(const AtomicOutput&) = delete;

  [[nodiscard]] std::ostream& stream() { return *stream_; }
  void commit();

 private:
  std::string path_;
  std::string temporary_;  // empty where written directly, or committed
  int descriptor_ = -1;
  std::unique_ptr<DescriptorStream> stream_;
};

/// Opens standard descriptors that the caller closed, so that no file of ours gets their numbers and their
/// output; a closed standard output stays one that cannot be written to.
void secure_standard_descriptors();

}  // namespace modsweep::cli
