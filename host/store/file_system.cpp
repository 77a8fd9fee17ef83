#include "store/file_system.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "modsweep/error.h"

namespace modsweep {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t longest_path = 490;  // SQLite accepts 512 bytes, suffixes of side files included

/// A descriptor that is closed at the end of a scope.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  [[nodiscard]] int get() const { return fd_; }

 private:
  int fd_;
};

void write_all(int fd, std::string_view bytes, const std::string& shown) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) throw_file_error(shown, errno, "could not be made");
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  if (::fsync(fd) != 0) throw_file_error(shown, errno, "could not be made");
}

std::string random_suffix() {
  std::random_device random;
  return fmt::format("{:08x}", random());
}

/// For file systems without unnamed files: writes the file under a temporary name first.
bool publish_by_link(const std::string& path, std::string_view bytes, const std::string& shown) {
  const std::string draft = path + ".new" + random_suffix();
  {
    const Descriptor file(::open(draft.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
    if (file.get() < 0) throw_file_error(shown, errno, "could not be made");
    try {
      write_all(file.get(), bytes, shown);
    } catch (...) {
      ::unlink(draft.c_str());
      throw;
    }
  }
  int error = ::link(draft.c_str(), path.c_str()) == 0 ? 0 : errno;
  if (error == EPERM || error == EOPNOTSUPP || error == ENOSYS)  // a file system without hard links
    error = ::renameat2(AT_FDCWD, draft.c_str(), AT_FDCWD, path.c_str(), RENAME_NOREPLACE) == 0 ? 0 : errno;
  ::unlink(draft.c_str());
  if (error == EEXIST) return false;
  if (error != 0) throw_file_error(shown, error, "could not be made");
  return true;
}

}  // namespace

std::string folder_of(const std::string& path) {
  const auto folder = fs::path(path).parent_path().string();
  return folder.empty() ? "." : folder;
}

std::string resolve_store_path(const std::string& path) {
  if (path.empty()) throw InputError("the name of the store is empty; give a file name");
  std::error_code failed;
  fs::path file = fs::absolute(path);
  for (int links = 0; fs::is_symlink(fs::symlink_status(file, failed)); ++links) {
    if (links == 40) throw InputError(fmt::format("{}: its symbolic links go in a circle; mend them", path));
    const fs::path target = fs::read_symlink(file, failed);
    if (failed) break;
    file = target.is_absolute() ? target : file.parent_path() / target;
  }
  const fs::path folder = fs::weakly_canonical(file.parent_path(), failed);
  if (!failed) file = folder / file.filename();
  std::string name = file.string();
  if (name.size() > longest_path)
    throw InputError(fmt::format("{}: its path has {} bytes, and SQLite takes {}; give a shorter one", path,
                                 name.size(), longest_path));
  return name;
}

std::optional<FileIdentity> identity_of(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return std::nullopt;
  return FileIdentity{status.st_dev, status.st_ino};
}

std::string file_system_of(const std::string& path) {
  // Of the mounts that contain the path, the deepest, and of several there the last: it covers the others.
  std::error_code failed;
  const std::string real = fs::weakly_canonical(fs::absolute(path), failed).string();
  std::ifstream mounts("/proc/self/mountinfo");
  std::string best;
  std::size_t depth = 0;
  for (std::string line; std::getline(mounts, line);) {
    std::istringstream fields(line);
    std::string skip, mount, kind;
    fields >> skip >> skip >> skip >> skip >> mount;
    while (fields >> kind && kind != "-") {
    }
    fields >> kind;
    const bool inside = real.starts_with(mount) &&
                        (mount.ends_with('/') || real.size() == mount.size() || real[mount.size()] == '/');
    if (inside && mount.size() >= depth) {
      best = kind;
      depth = mount.size();
    }
  }
  return best;
}

bool is_network_file_system(std::string_view kind) {
  constexpr std::array network = {
      "nfs", "nfs4",  "lustre",     "gpfs",  "beegfs",    "ceph",           "cifs",   "smb3",    "9p",
      "afs", "panfs", "fuse.sshfs", "pvfs2", "glusterfs", "fuse.glusterfs", "wekafs", "orangefs"};
  for (const char* name : network)
    if (kind == name) return true;
  return false;
}

std::string unfit_text(const std::string& path) {
  const std::string kind = file_system_of(path);
  return fmt::format(
      "{}: this file system{} cannot hold a store that is written to (it has no file locks); "
      "give a file on a disk of this machine",
      path, kind.empty() ? "" : fmt::format(" ({})", kind));
}

void throw_file_error(const std::string& path, int error, std::string_view what) {
  const char* reason = std::strerror(error);
  switch (error) {
    case ENOSPC:
    case EDQUOT:
      throw IoError(
          fmt::format("{}: the disk is full ({}); free space and run the same command again, it goes "
                      "on from the last commit",
                      path, reason));
    case EFBIG:
      throw IoError(
          fmt::format("{}: is as large as files may be here ({}); raise that limit (ulimit -f) and "
                      "run the same command again, it goes on from the last commit",
                      path, reason));
    case EMFILE:
    case ENFILE:
      throw IoError(
          fmt::format("{}: too many files are open ({}); raise that limit (ulimit -n)", path, reason));
    case ENOENT:
      throw InputError(
          fmt::format("{}: its folder does not exist; make the folder or give another file name", path));
    case ENAMETOOLONG:
      throw InputError(fmt::format("{}: its name is too long; give a shorter one", path));
    case EACCES:
    case EPERM:
    case EROFS:
    case ENOTDIR:
      throw InputError(
          fmt::format("{}: cannot write to its folder ({}); give a file in a folder that you may write to",
                      path, reason));
    default:
      throw IoError(
          fmt::format("{}: {} ({}); check the disk and run the same command again", path, what, reason));
  }
}

bool publish_new_file(const std::string& path, std::string_view bytes, const std::string& shown) {
  const std::string folder = folder_of(path);
  const Descriptor file(::open(folder.c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, 0666));
  bool made = false;
  if (file.get() < 0) {
    if (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL && errno != ENOENT)
      throw_file_error(shown, errno, "could not be made");
    made = publish_by_link(path, bytes, shown);
  } else {
    // The file has no name until it is whole: a process killed here leaves nothing behind.
    write_all(file.get(), bytes, shown);
    const std::string self = fmt::format("/proc/self/fd/{}", file.get());
    made = ::linkat(AT_FDCWD, self.c_str(), AT_FDCWD, path.c_str(), AT_SYMLINK_FOLLOW) == 0;
    if (!made && errno != EEXIST) made = publish_by_link(path, bytes, shown);  // no /proc, or no links
  }
  if (made) sync_folder(folder);
  return made;
}

void sync_folder(const std::string& folder) {
  const Descriptor opened(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (opened.get() >= 0) ::fsync(opened.get());
}

}  // namespace modsweep
