// Refuses output paths and descriptors of files that a result must not replace.
#include "core/atomic_file.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <string_view>
#include <system_error>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "modsweep/error.h"

namespace modsweep {
namespace {

/// Endings of the files that SQLite and the store create beside a database.
constexpr std::array<std::string_view, 5> side_files = {"-wal", "-shm", "-journal", "-lock", "-new"};

constexpr std::string_view database_magic{"SQLite format 3\0", 16};

bool begins_as_database(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0) {
    if (errno == ENOENT || errno == ENOTDIR) return false;
    throw IoError(fmt::format("{}: cannot be read to see whether it may be replaced ({}); give another file",
                              path, std::generic_category().message(errno)));
  }
  std::array<char, database_magic.size()> head{};
  const ssize_t length = ::pread(descriptor, head.data(), head.size(), 0);
  ::close(descriptor);
  return std::string_view(head.data(), length > 0 ? static_cast<std::size_t>(length) : 0) == database_magic;
}

bool exists(const std::string& path) {
  struct stat ignored {};
  return ::lstat(path.c_str(), &ignored) == 0;
}

/// The path of the database that a file named `path` would belong to; empty if there is no such database.
std::string database_beside(const std::string& path) {
  for (const std::string_view ending : side_files) {
    if (!path.ends_with(ending)) continue;
    std::string database = path.substr(0, path.size() - ending.size());
    if (begins_as_database(database)) return database;
  }
  return {};
}

/// Whether an SQLite log of `path` exists. The log identifies a new database whose file is still empty
/// because all of its pages are in the log.
bool has_log(const std::string& path) {
  return exists(path + "-wal") || exists(path + "-journal");
}

void refuse_what_is_read(const struct stat& target, const std::string& name,
                         const std::vector<std::string>& reads) {
  for (const std::string& read : reads) {
    struct stat source {};
    if (::stat(read.c_str(), &source) == 0 && source.st_dev == target.st_dev &&
        source.st_ino == target.st_ino)
      throw InputError(fmt::format("{}: is {}, which this command reads; give another file to write to", name,
                                   name == read ? "the file" : fmt::format("the same file as {}", read)));
  }
}

}  // namespace

void check_output_path(const std::string& path, const std::vector<std::string>& reads) {
  std::error_code failed;
  const auto real = std::filesystem::weakly_canonical(path, failed);
  const std::string target = failed ? path : real.string();
  if (const std::string database = database_beside(target); !database.empty())
    throw InputError(
        fmt::format("{}: belongs to the database {}; give another file to write to", path, database));
  struct stat now {};
  if (::stat(path.c_str(), &now) != 0) return;
  refuse_what_is_read(now, path, reads);
  if (!S_ISREG(now.st_mode)) return;
  if (begins_as_database(target) || has_log(target))
    throw InputError(fmt::format(
        "{}: is a database, which no result may replace; give another file, or remove it first", path));
  if (now.st_size > 0 && target.ends_with(".toml"))
    throw InputError(fmt::format(
        "{}: is a sweep file by its name; give another file to write to, or remove it first", path));
}

void check_output_descriptor(int descriptor, const std::string& name, const std::vector<std::string>& reads) {
  struct stat now {};
  if (::fstat(descriptor, &now) == 0 && S_ISREG(now.st_mode)) refuse_what_is_read(now, name, reads);
}

}  // namespace modsweep
