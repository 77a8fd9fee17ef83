#include "store/writer_lock.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "modsweep/error.h"

namespace modsweep {
namespace {

// Two names of one store (a symbolic link) must lead to one lock, as they lead to one WAL.
std::string lock_path(const std::string& store_path) {
  std::error_code failed;
  const auto real = std::filesystem::weakly_canonical(store_path, failed);
  return (failed ? store_path : real.string()) + "-lock";
}

// The whole file, as an "open file description" lock: it belongs to the descriptor, not to the process, so it
// also excludes a second Store in the same process and is not lost when somebody else closes the file.
struct flock whole_file() {
  struct flock lock {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  return lock;
}

std::string read_holder(int fd) {
  std::array<char, 32> text{};
  const auto length = pread(fd, text.data(), text.size() - 1, 0);
  const std::string pid(text.data(), length > 0 ? static_cast<std::size_t>(length) : 0);
  const auto digits = pid.find_first_not_of("0123456789");
  if (digits == 0 || pid.empty()) return "another process";
  return "process " + pid.substr(0, digits);
}

bool same_file(int fd, const std::string& path) {
  struct stat held {};
  struct stat named {};
  return fstat(fd, &held) == 0 && stat(path.c_str(), &named) == 0 && held.st_ino == named.st_ino &&
         held.st_dev == named.st_dev;
}

[[noreturn]] void refuse_open(const std::string& store_path, int error) {
  if (error == ENOENT)
    throw InputError(
        fmt::format("{}: its folder does not exist; make the folder or give another file name", store_path));
  if (error == EACCES || error == EPERM || error == EROFS || error == ENOTDIR)
    throw InputError(
        fmt::format("{}: cannot write to its folder ({}); give a file in a folder that you may write to",
                    store_path, std::strerror(error)));
  throw IoError(
      fmt::format("{}: its lock file could not be made ({}); free space and run the same command again",
                  store_path, std::strerror(error)));
}

}  // namespace

WriterLock::WriterLock(const std::string& store_path) : path_(lock_path(store_path)) {
  for (;;) {
    const int fd = open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (fd < 0) refuse_open(store_path, errno);
    auto lock = whole_file();
    if (fcntl(fd, F_OFD_SETLK, &lock) != 0) {
      const int error = errno;
      const auto holder = read_holder(fd);
      close(fd);
      if (error == EAGAIN || error == EACCES)
        throw InputError(
            fmt::format("{}: {} is writing to it; wait until it ends or stop it, or give another file",
                        store_path, holder));
      throw IoError(fmt::format("{}: cannot be locked ({}); give a file on a disk of this machine",
                                store_path, std::strerror(error)));
    }
    // The previous holder may have removed the file between our open and our lock.
    if (same_file(fd, path_)) {
      fd_ = fd;
      break;
    }
    close(fd);
  }
  // Only for messages: if it cannot be written, the holder is "another process".
  const auto pid = fmt::format("{}\n", getpid());
  if (ftruncate(fd_, 0) != 0 || pwrite(fd_, pid.data(), pid.size(), 0) < 0) return;
}

WriterLock::~WriterLock() {
  unlink(path_.c_str());  // before the lock goes: afterwards it might be somebody else's
  close(fd_);
}

std::optional<std::string> WriterLock::holder(const std::string& store_path) {
  const int fd = open(lock_path(store_path).c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return std::nullopt;
  auto lock = whole_file();
  std::optional<std::string> result;
  if (fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK) result = read_holder(fd);
  close(fd);
  return result;
}

}  // namespace modsweep
