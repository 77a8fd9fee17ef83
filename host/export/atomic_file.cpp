#include "export/atomic_file.h"

#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "modsweep/error.h"

namespace modsweep {
namespace {

[[noreturn]] void fail(const std::string& path, const char* call, int error, const char* remedy) {
  throw IoError(fmt::format("{}: cannot be written ({}: {}); {}", path, call,
                            std::generic_category().message(error), remedy));
}

/// A new file beside the target; removed again unless it was renamed to it.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& target) : target_(target) {
    // open with O_EXCL rather than mkstemp: the mode then follows the user's umask, as for any other file.
    for (int attempt = 0; fd_ < 0; ++attempt) {
      name_ = fmt::format("{}.tmp-{}-{}", target, ::getpid(), attempt);
      fd_ = ::open(name_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
      if (fd_ < 0 && (errno != EEXIST || attempt == 1000))
        fail(target_, "open", errno, "choose a folder that exists and that you may write to");
    }
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile() {
    if (fd_ >= 0) ::close(fd_);
    if (!renamed_) ::unlink(name_.c_str());
  }

  void write(std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
      const ssize_t written = ::write(fd_, bytes.data(), bytes.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) fail(target_, "write", errno, "free some space or choose another folder");
      bytes = bytes.subspan(static_cast<std::size_t>(written));
    }
  }

  void move_to_target() {
    if (::fsync(fd_) != 0) fail(target_, "fsync", errno, "free some space or choose another folder");
    const int fd = std::exchange(fd_, -1);
    if (::close(fd) != 0) fail(target_, "close", errno, "free some space or choose another folder");
    if (::rename(name_.c_str(), target_.c_str()) != 0)
      fail(target_, "rename", errno, "choose a file name that is no folder");
    renamed_ = true;
  }

 private:
  std::string target_;
  std::string name_;
  int fd_ = -1;
  bool renamed_ = false;
};

/// Makes the rename itself durable. Some file systems cannot sync a folder; the data are safe there all the
/// same.
void sync_folder_of(const std::string& path) {
  const std::string folder = std::filesystem::absolute(path).parent_path().string();
  const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return;
  ::fsync(fd);
  ::close(fd);
}

}  // namespace

void write_atomically(const std::string& path, const std::vector<std::span<const std::byte>>& parts) {
  // The file appears by a rename, which would put a regular file in the place of a device or pipe.
  std::error_code ignored;
  const auto target = std::filesystem::status(path, ignored);
  if (std::filesystem::exists(target) && !std::filesystem::is_regular_file(target))
    throw InputError(fmt::format("{}: is no regular file; give the name of a file to write", path));
  TemporaryFile file(path);
  for (const auto& part : parts) file.write(part);
  file.move_to_target();
  sync_folder_of(path);
}

}  // namespace modsweep
