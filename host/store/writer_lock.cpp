#include "store/writer_lock.h"

#include "core/text.h"
#include "store/file_system.h"

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "modsweep/error.h"

namespace modsweep {
namespace {

constexpr auto silence =
    std::chrono::seconds(12);  // without a touch, until another host's lock counts as abandoned
constexpr auto recent =
    std::chrono::seconds(60);  // several touches, and what the clocks of two hosts differ by
constexpr std::string_view lock_prefix = "modsweep lock\n";

// The whole file, as an "open file description" lock: it belongs to the descriptor, not to the process, so it
// also excludes a second Store in the same process and is not lost when other code closes the file.
struct flock whole_file(short type) {
  struct flock lock {};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  return lock;
}

std::string host_name() {
  std::array<char, 256> name{};
  return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "unknown host";
}

/// The content of a lock file: "modsweep lock\nHOST\nPID\n"; earlier versions wrote only the process.
struct LockText {
  bool ours = false;  ///< as modsweep writes it, or empty
  std::string host;
  std::string process;

  [[nodiscard]] std::string holder() const {
    if (process.empty()) return "another process";
    return fmt::format("process {}{}", process, host.empty() ? "" : " on " + one_line(host));
  }
};

bool is_number(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

LockText read_lock(int fd) {
  std::array<char, 512> buffer{};
  const auto length = pread(fd, buffer.data(), buffer.size(), 0);
  std::string_view text(buffer.data(), length > 0 ? static_cast<std::size_t>(length) : 0);
  LockText lock;
  if (lock_prefix.starts_with(text)) {  // half written: by a process that was killed, or on a full disk
    lock.ours = true;
    return lock;
  }
  if (text.starts_with(lock_prefix)) {
    lock.ours = true;
    text.remove_prefix(lock_prefix.size());
    const auto end = text.find('\n');
    if (end == std::string_view::npos) return lock;
    lock.host = text.substr(0, end);
    text.remove_prefix(end + 1);
  }
  if (text.ends_with('\n')) text.remove_suffix(1);
  if (!is_number(text)) return lock;
  lock.ours = true;
  lock.process = text;
  return lock;
}

bool same_file(int fd, const std::string& path) {
  struct stat held {};
  struct stat named {};
  return fstat(fd, &held) == 0 && lstat(path.c_str(), &named) == 0 && held.st_ino == named.st_ino &&
         held.st_dev == named.st_dev;
}

bool is_unsupported(int error) {
  return error == ENOLCK || error == ENOSYS || error == EINVAL || error == EOPNOTSUPP || error == ENODEV;
}

[[noreturn]] void refuse_held(const std::string& shown, const std::string& holder) {
  throw InputError(fmt::format("{}: {} is writing to it; wait until it ends or stop it, or give another file",
                               shown, holder));
}

[[noreturn]] void refuse_file(const std::string& shown, const std::string& path) {
  throw InputError(
      fmt::format("{}: {} is in the way, which modsweep did not make; move it or give another "
                  "file name",
                  shown, path));
}

/// Whether the file's modification time changes within `silence`: then its writer is alive, on a machine
/// whose locks are not visible here.
bool is_touched(int fd) {
  struct stat before {};
  struct stat now {};
  if (fstat(fd, &before) != 0) return false;
  for (auto waited = std::chrono::seconds(0); waited < silence; waited += std::chrono::seconds(1)) {
    std::this_thread::sleep_for(std::chrono::seconds(1));
    if (fstat(fd, &now) != 0 || now.st_nlink == 0) return false;
    if (now.st_mtim.tv_sec != before.st_mtim.tv_sec || now.st_mtim.tv_nsec != before.st_mtim.tv_nsec)
      return true;
  }
  return false;
}

/// Whether a process on another host, whose locks are not visible here, held the lock file a moment ago.
/// Unlike is_touched(), this does not wait: it compares the file's modification time with this host's clock.
bool is_recent(int fd) {
  struct stat status {};
  if (fstat(fd, &status) != 0) return false;
  const auto touched = std::chrono::system_clock::from_time_t(status.st_mtim.tv_sec) +
                       std::chrono::nanoseconds(status.st_mtim.tv_nsec);
  return std::chrono::system_clock::now() - touched < recent;
}

/// Opens the lock file; creates it if there is none.
int open_lock(const std::string& path, const std::string& shown, bool& made) {
  int fd = open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666);
  made = fd >= 0;
  if (fd < 0 && errno == EEXIST) fd = open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (fd >= 0) return fd;
  if (errno == ENOENT && access(folder_of(path).c_str(), F_OK) == 0) return -1;  // it was removed meanwhile
  if (errno == ELOOP || errno == EISDIR || errno == ENXIO) refuse_file(shown, path);
  throw_file_error(shown, errno, "its lock file could not be made");
}

/// Takes the lock of an open file, or throws the reason why it cannot.
void lock_file(int fd, const std::string& shown, const std::string& path, bool made) {
  struct stat status {};
  if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) refuse_file(shown, path);
  const LockText text = read_lock(fd);
  if (!text.ours) refuse_file(shown, path);
  auto lock = whole_file(F_WRLCK);
  if (fcntl(fd, F_OFD_SETLK, &lock) != 0) {
    const int error = errno;
    if (error == EAGAIN || error == EACCES) refuse_held(shown, text.holder());
    if (made) unlink(path.c_str());
    if (is_unsupported(error)) throw InputError(unfit_text(shown));
    throw IoError(fmt::format("{}: cannot be locked ({}); give a file on a disk of this machine", shown,
                              std::strerror(error)));
  }
  // SQLite uses the other kind of lock, which must work, too.
  auto probe = whole_file(F_RDLCK);
  probe.l_start = 1 << 20;
  probe.l_len = 1;
  if (fcntl(fd, F_SETLK, &probe) != 0 && is_unsupported(errno)) {
    unlink(path.c_str());
    throw InputError(unfit_text(shown));
  }
  if (!text.host.empty() && text.host != host_name() && is_touched(fd)) refuse_held(shown, text.holder());
}

}  // namespace

WriterLock::WriterLock(const std::string& path, const std::string& shown) : path_(path + "-lock") {
  while (fd_ < 0) {
    bool made = false;
    const int fd = open_lock(path_, shown, made);
    if (fd < 0) continue;
    try {
      lock_file(fd, shown, path_, made);
    } catch (...) {
      close(fd);
      throw;
    }
    // The previous holder may have removed the file between our open and our lock.
    if (same_file(fd, path_))
      fd_ = fd;
    else
      close(fd);
  }
  // Only for messages and other hosts: if it cannot be written, the holder is "another process".
  const auto text = fmt::format("{}{}\n{}\n", lock_prefix, host_name(), getpid());
  if (ftruncate(fd_, 0) != 0 || pwrite(fd_, text.data(), text.size(), 0) < 0) return;
}

WriterLock::~WriterLock() {
  if (same_file(fd_, path_))
    unlink(path_.c_str());  // before the lock is released: afterwards it might be another process's
  close(fd_);
}

void WriterLock::touch() const noexcept {
  futimens(fd_, nullptr);
}

std::optional<std::string> WriterLock::holder(const std::string& path) {
  const int fd = open((path + "-lock").c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (fd < 0) return std::nullopt;
  auto lock = whole_file(F_WRLCK);
  std::optional<std::string> result;
  const LockText text = read_lock(fd);
  const bool held = fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
  if (held || (!text.host.empty() && text.host != host_name() && is_recent(fd))) result = text.holder();
  close(fd);
  return result;
}

}  // namespace modsweep
