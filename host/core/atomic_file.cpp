#include "core/atomic_file.h"

#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "modsweep/error.h"

namespace modsweep {
namespace {

constexpr const char* no_room = "free some space or choose another folder";

/// Whether a call failed because of the path that was given, not because of the disk.
bool is_of_path(int error) {
  switch (error) {
    case ENOENT:
    case ENOTDIR:
    case EISDIR:
    case ELOOP:
    case ENAMETOOLONG:
    case EACCES:
    case EPERM:
    case EROFS:
      return true;
    default:
      return false;
  }
}

[[noreturn]] void fail(const std::string& path, const char* call, int error, const char* remedy) {
  const std::string text = fmt::format("{}: cannot be written ({}: {}); {}", path, call,
                                       std::generic_category().message(error), remedy);
  if (is_of_path(error)) throw InputError(text);
  throw IoError(text);
}

/// The target of a path whose last symbolic link is dangling.
std::string behind_links(const std::string& path) {
  std::filesystem::path target = path;
  std::error_code failed;
  for (int links = 0; std::filesystem::is_symlink(target, failed); ++links) {
    if (links == 40) fail(path, "readlink", ELOOP, "give a name that is no ring of links");
    const auto next = std::filesystem::read_symlink(target, failed);
    if (failed) fail(path, "readlink", failed.value(), "give the name of the file itself");
    target = target.parent_path() / next;  // an absolute link replaces the whole path
  }
  return target.string();
}

std::string folder_of(const std::string& path) {
  const std::string folder = std::filesystem::path(path).parent_path().string();
  return folder.empty() ? "." : folder;
}

/// Whether a call failed only because the file system does not support it.
bool is_unsupported(int error) {
  return error == EINVAL || error == EOPNOTSUPP || error == ENOSYS || error == EBADF;
}

int sync_fully(int descriptor) {
  int result = 0;
  do result = ::fsync(descriptor);
  while (result != 0 && errno == EINTR);
  return result != 0 && is_unsupported(errno) ? 0 : result;
}

/// Makes the new name itself durable. A folder that cannot be opened, or does not support syncing, is
/// skipped.
void sync_folder_of(const std::string& target, const std::string& path) {
  const int descriptor = ::open(folder_of(target).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return;
  const int result = sync_fully(descriptor);
  const int error = errno;
  ::close(descriptor);
  if (result != 0) fail(path, "fsync of its folder", error, "see whether it is there, and write it again");
}

/// "FILE.tmp-PID-N" with N from 0; a long name is cut, so that files with the longest allowed name can be
/// written.
std::string temporary_name(const std::string& target, int attempt) {
  const std::filesystem::path file = target;
  const std::string name =
      fmt::format("{}.tmp-{}-{}", file.filename().string().substr(0, 200), ::getpid(), attempt);
  return (file.parent_path() / name).string();
}

/// Locks a whole file until it is closed; false where another process has locked it.
bool lock_file(int descriptor) {
  struct flock lock {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  return ::fcntl(descriptor, F_OFD_SETLK, &lock) == 0;
}

/// Whether "PID-N" names a process that no longer exists.
bool is_of_the_dead(const std::string& suffix) {
  const auto dash = suffix.find('-');
  if (dash == 0 || dash == std::string::npos || dash + 1 == suffix.size() || dash > 9) return false;
  if (suffix.find_first_not_of("0123456789-") != std::string::npos) return false;
  return ::kill(std::stoi(suffix.substr(0, dash)), 0) != 0 && errno == ESRCH;
}

/// Removes the files of processes that were killed between naming their temporary file and renaming it: files
/// with such a name that no process has locked. For local file systems, whose locks are visible.
void remove_abandoned(const std::string& target) {
  const std::filesystem::path file = target;
  const std::string prefix = file.filename().string().substr(0, 200) + ".tmp-";
  std::error_code failed;
  for (std::filesystem::directory_iterator entry(folder_of(target), failed), end; !failed && entry != end;
       entry.increment(failed)) {
    const std::string name = entry->path().filename().string();
    if (!name.starts_with(prefix) || !is_of_the_dead(name.substr(prefix.size()))) continue;
    const int descriptor = ::open(entry->path().c_str(), O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (descriptor < 0) continue;
    if (lock_file(descriptor)) ::unlink(entry->path().c_str());
    ::close(descriptor);
  }
}

constexpr int most_attempts = 1000;

}  // namespace

AtomicFile::AtomicFile(const std::string& path, std::vector<std::string> reads)
    : path_(path), target_(path), reads_(std::move(reads)) {
  struct stat now {};
  const bool is_there = ::stat(path.c_str(), &now) == 0;
  if (!is_there && errno != ENOENT) fail(path, "stat", errno, "give another name, in a folder that exists");
  if (is_there && S_ISDIR(now.st_mode))
    throw InputError(fmt::format("{}: is a directory; give the name of a file", path));
  check_output_path(path, reads_);
  // Anything but a regular file may have no name except this one: /dev/stdout leads to "pipe:[7]". The same
  // holds for a file that was removed.
  std::error_code nameless;
  if (!is_there)
    target_ = behind_links(path);
  else if (S_ISREG(now.st_mode))
    target_ = std::filesystem::canonical(path, nameless).string();
  direct_ = is_there && (!S_ISREG(now.st_mode) || nameless);
  if (direct_) {
    target_ = path;
    descriptor_ = ::open(target_.c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY);
    if (descriptor_ < 0) fail(path, "open", errno, "choose a file that you may write to");
    return;
  }
  // A rename would replace a file that the user protected.
  if (is_there && ::access(target_.c_str(), W_OK) != 0)
    fail(path, "open", errno, "choose a file that you may write to");
  open_temporary(is_there ? static_cast<int>(now.st_mode & 0777U) : -1);
}

/// `mode`: that of the file to be replaced; -1 where there is none.
void AtomicFile::open_temporary(int mode) {
#ifdef O_TMPFILE
  if (::access("/proc/self/fd", X_OK) == 0)  // through which it gets its name later
    descriptor_ = ::open(folder_of(target_).c_str(), O_WRONLY | O_TMPFILE | O_CLOEXEC, 0666);
  if (descriptor_ >= 0) {
    remove_abandoned(target_);
    (void)lock_file(descriptor_);
  }
#endif
  // O_EXCL rather than mkstemp: the mode then follows the user's umask, as for any other file.
  for (int attempt = 0; descriptor_ < 0; ++attempt) {
    const std::string name = temporary_name(target_, attempt);
    descriptor_ = ::open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666);
    if (descriptor_ >= 0)
      temporary_ = name;
    else if (errno != EEXIST || attempt == most_attempts)
      fail(path_, "open", errno, "choose a folder that exists and that you may write to");
  }
  if (mode >= 0) (void)::fchmod(descriptor_, static_cast<mode_t>(mode));  // the mode of the old file
}

AtomicFile::~AtomicFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

void AtomicFile::write(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor_, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail(path_, "write", errno, no_room);
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
}

void AtomicFile::write_at(std::uint64_t offset, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::pwrite(descriptor_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail(path_, "write", errno, no_room);
    bytes = bytes.subspan(static_cast<std::size_t>(written));
    offset += static_cast<std::uint64_t>(written);
  }
}

void AtomicFile::name_temporary() {
  const std::string self = fmt::format("/proc/self/fd/{}", descriptor_);
  for (int attempt = 0; temporary_.empty(); ++attempt) {
    const std::string name = temporary_name(target_, attempt);
    if (::linkat(AT_FDCWD, self.c_str(), AT_FDCWD, name.c_str(), AT_SYMLINK_FOLLOW) == 0)
      temporary_ = name;
    else if (errno != EEXIST || attempt == most_attempts)
      fail(path_, "link", errno, no_room);
  }
}

void AtomicFile::commit() {
  if (direct_) return;
  if (sync_fully(descriptor_) != 0) fail(path_, "fsync", errno, no_room);
  check_output_path(path_, reads_);  // again: computing the result may have taken long
  name_temporary();
  if (::close(std::exchange(descriptor_, -1)) != 0) fail(path_, "close", errno, no_room);
  if (::rename(temporary_.c_str(), target_.c_str()) != 0)
    fail(path_, "rename", errno, "choose a file name that is no folder");
  temporary_.clear();
  sync_folder_of(target_, path_);
}

void check_regular_file(const std::string& path) {
  std::error_code ignored;
  const auto target = std::filesystem::status(path, ignored);
  if (std::filesystem::exists(target) && !std::filesystem::is_regular_file(target))
    throw InputError(fmt::format("{}: is no regular file; give the name of a file to write", path));
}

void write_atomically(const std::string& path, const std::vector<std::span<const std::byte>>& parts,
                      const std::vector<std::string>& reads) {
  check_regular_file(path);
  AtomicFile file(path, reads);
  for (const auto& part : parts) file.write(part);
  file.commit();
}

}  // namespace modsweep
