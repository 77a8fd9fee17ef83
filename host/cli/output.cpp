#include "cli/output.h"

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "modsweep/error.h"

namespace modsweep::cli {

DescriptorBuffer::DescriptorBuffer(int descriptor, std::string name)
    : descriptor_(descriptor), name_(std::move(name)) {
  setp(buffer_.data(), buffer_.data() + buffer_.size());
}

void DescriptorBuffer::fail(int error) {
  if (!outlives_) {
    if (error == EPIPE) throw ReaderGone{};
    throw IoError(fmt::format("cannot write to {}: {}", name_, std::strerror(error)));
  }
  failure_ = error;
}

void DescriptorBuffer::write_all() {
  const char* next = pbase();
  const char* const end = pptr();
  setp(buffer_.data(), buffer_.data() + buffer_.size());  // first: bytes that failed are not written again
  while (next != end && failure_ == 0) {
    const ssize_t written = ::write(descriptor_, next, static_cast<std::size_t>(end - next));
    if (written >= 0)
      next += written;
    else if (errno != EINTR)
      fail(errno);
  }
}

void DescriptorBuffer::finish() {
  write_all();
  if (failure_ == 0 || failure_ == EPIPE) return;
  outlives_ = false;
  fail(failure_);
}

DescriptorBuffer::int_type DescriptorBuffer::overflow(int_type c) {
  write_all();
  if (!traits_type::eq_int_type(c, traits_type::eof())) sputc(traits_type::to_char_type(c));
  return traits_type::not_eof(c);
}

int DescriptorBuffer::sync() {
  write_all();
  return 0;
}

DescriptorStream::DescriptorStream(int descriptor, std::string name)
    : std::ostream(nullptr), buffer_(descriptor, std::move(name)) {
  rdbuf(&buffer_);
  exceptions(std::ios::badbit);
}

AtomicOutput::AtomicOutput(const std::string& path, std::vector<std::string> reads)
    : file_(path, std::move(reads)), stream_(file_.descriptor(), path) {}

void AtomicOutput::commit() {
  stream_.flush();
  file_.commit();
}

void check_standard_output(const std::vector<std::string>& reads) {
  check_output_descriptor(STDOUT_FILENO, "standard output", reads);
}

void secure_standard_descriptors() {
  for (const int descriptor : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(descriptor, F_GETFD) != -1 || errno != EBADF) continue;
    // The wrong direction on purpose: reading or writing fails, as on a closed descriptor. open() returns the
    // lowest free number.
    if (::open("/dev/null", descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY) != descriptor) return;
  }
}

}  // namespace modsweep::cli
