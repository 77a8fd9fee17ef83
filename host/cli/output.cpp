#include "cli/output.h"

#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "modsweep/error.h"

namespace modsweep::cli {

DescriptorBuffer::DescriptorBuffer(int descriptor, std::string name)
    : descriptor_(descriptor), name_(std::move(name)) {
  setp(buffer_.data(), buffer_.data() + buffer_.size());
}

void DescriptorBuffer::write_all() {
  const char* next = pbase();
  const char* const end = pptr();
  setp(buffer_.data(), buffer_.data() + buffer_.size());  // first: after an error the rest is not tried again
  while (next != end) {
    const ssize_t written = ::write(descriptor_, next, static_cast<std::size_t>(end - next));
    if (written >= 0) {
      next += written;
    } else if (errno == EPIPE) {
      throw ReaderGone{};
    } else if (errno != EINTR) {
      throw IoError(fmt::format("cannot write to {}: {}", name_, std::strerror(errno)));
    }
  }
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

AtomicOutput::AtomicOutput(const std::string& path) : path_(path) {
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  const bool direct = std::filesystem::exists(status) && !std::filesystem::is_regular_file(status);
  if (std::filesystem::is_directory(status))
    throw IoError(fmt::format("{}: is a directory; give the name of a file", path));
  if (!direct) {
    if (std::filesystem::exists(status))
      path_ = std::filesystem::canonical(path).string();  // through symbolic links
    temporary_ = fmt::format("{}.tmp{}", path_, ::getpid());
  }
  const std::string& target = direct ? path_ : temporary_;
  descriptor_ = ::open(target.c_str(), O_WRONLY | O_CLOEXEC | (direct ? 0 : O_CREAT | O_TRUNC), 0666);
  if (descriptor_ < 0) {
    const int reason = errno;
    temporary_.clear();
    throw IoError(fmt::format("{}: cannot be written: {}", path, std::strerror(reason)));
  }
  stream_ = std::make_unique<DescriptorStream>(descriptor_, path);
}

AtomicOutput::~AtomicOutput() {
  if (descriptor_ >= 0) ::close(descriptor_);
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

void AtomicOutput::commit() {
  stream_->flush();
  if (temporary_.empty()) return;
  if (::fsync(descriptor_) != 0 || ::close(std::exchange(descriptor_, -1)) != 0 ||
      std::rename(temporary_.c_str(), path_.c_str()) != 0)
    throw IoError(fmt::format("{}: cannot be written: {}", path_, std::strerror(errno)));
  temporary_.clear();
}

void secure_standard_descriptors() {
  for (const int descriptor : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(descriptor, F_GETFD) != -1 || errno != EBADF) continue;
    // The wrong direction on purpose: reading or writing fails, as on the closed one. Gets the lowest free
    // number.
    if (::open("/dev/null", descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY) != descriptor) return;
  }
}

}  // namespace modsweep::cli
