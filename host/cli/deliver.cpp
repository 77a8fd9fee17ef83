#include "cli/deliver.h"

#include "cli/sweep_options.h"
#include "core/text.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ostream.h>
#include <unistd.h>

#include "modsweep/error.h"
#include "modsweep/merge.h"
#include "modsweep/store.h"

namespace modsweep::cli {
namespace {

namespace fs = std::filesystem;

std::string store_id(const std::string& path) {
  return Store(path, Store::Access::read_only).id();
}

std::uint64_t store_steps(const std::string& path) {
  return Store(path, Store::Access::read_only).steps();
}

constexpr std::array<const char*, 3> side_files = {"-journal", "-wal", "-shm"};

/// A side file that SQLite would apply to a store placed beside it; empty if there is none.
std::string stray_side_file(const std::string& store) {
  for (const char* suffix : side_files) {
    std::error_code failed;
    const auto size = fs::file_size(store + suffix, failed);
    if (!failed && size > 0) return store + suffix;
  }
  return {};
}

/// A name beside `path` that no file has and that no process on another node chooses.
std::string temporary_name(const std::string& path) {
  std::array<char, 256> host{};
  if (::gethostname(host.data(), host.size() - 1) != 0 || !is_plain_name(host.data())) host = {"host"};
  for (int n = 0;; ++n) {
    std::string name = fmt::format("{}.tmp-{}-{}-{}", path, host.data(), ::getpid(), n);
    if (!path_exists(name)) return name;
  }
}

/// A file that is removed, together with SQLite's files beside it, unless it was renamed.
class Draft {
 public:
  explicit Draft(std::string name) : name_(std::move(name)) {}
  ~Draft() {
    ::unlink(name_.c_str());
    for (const char* suffix : side_files) ::unlink((name_ + suffix).c_str());
  }
  Draft(const Draft&) = delete;
  Draft& operator=(const Draft&) = delete;

  [[nodiscard]] const std::string& name() const { return name_; }

 private:
  std::string name_;
};

void sync_folder_of(const std::string& path) {
  const std::string folder = fs::absolute(path).parent_path().string();
  const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return;
  ::fsync(fd);  // not every file system can sync a folder
  ::close(fd);
}

/// Renames `from` to `to`. Without `replace`, returns false if `to` exists already.
bool give_name(const std::string& from, const std::string& to, bool replace) {
  if (!replace) {
    if (::link(from.c_str(), to.c_str()) == 0) return true;
    if (errno == EEXIST) return false;
    if (path_exists(to)) return false;  // on a file system without links
  }
  if (::rename(from.c_str(), to.c_str()) != 0)
    throw IoError(fmt::format("{}: cannot be written ({})", to, std::strerror(errno)));
  return true;
}

/// Whether every finished cell of one store is finished in the other too.
bool finished_in(const std::string& store, const std::string& other) {
  const auto here = Store(store, Store::Access::read_only).finished_cells();
  const auto there = Store(other, Store::Access::read_only).finished_cells();
  return std::ranges::all_of(here, [&](std::uint64_t cell) { return there.contains(cell); });
}

std::string how_to_merge(const std::string& a, const std::string& b) {
  return fmt::format("modsweep merge ALL.db {} {}", a, b);
}

}  // namespace

Delivery::Delivery(std::string local, std::string folder, std::ostream& messages, bool quiet)
    : local_(std::move(local)),
      folder_(std::move(folder)),
      target_((fs::path(folder_) / fs::path(local_).filename()).string()),
      messages_(messages),
      quiet_(quiet) {}

void Delivery::check_folder() const {
  std::error_code failed;
  const std::string folder = one_line(folder_, 1000);
  if (!fs::is_directory(folder_, failed))
    throw InputError(fmt::format("--deliver {}: is no folder; make it, or give one that is there", folder));
  const fs::path home = fs::absolute(local_).parent_path();
  if (fs::equivalent(home, folder_, failed))
    throw InputError(
        fmt::format("--deliver {}: the store {} lies there already; leave --deliver out, or give -o on a "
                    "disk of this node",
                    folder, local_));
  const Draft probe(temporary_name(target_));
  const int fd = ::open(probe.name().c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (fd < 0)
    throw InputError(fmt::format("--deliver {}: cannot be written to ({}); give a folder that can", folder,
                                 std::strerror(errno)));
  ::close(fd);
}

void Delivery::check_target() const {
  std::error_code failed;
  const auto status = fs::symlink_status(target_, failed);
  if (!fs::exists(status)) {
    if (const std::string stray = stray_side_file(target_); !stray.empty())
      throw InputError(
          fmt::format("{}: is left of a store that is gone; remove it, or give another folder", stray));
    return;
  }
  if (!fs::is_regular_file(status))
    throw InputError(fmt::format("{}: is no regular file; remove it, or give another folder", target_));
  (void)Store(target_, Store::Access::read_only);
}

void Delivery::place(const std::string& from, const std::string& to, bool replace) const {
  const Draft draft(temporary_name(to));
  copy_store(from, draft.name());
  if (store_id(draft.name()) != store_id(from) || store_steps(draft.name()) != store_steps(from))
    throw IoError(fmt::format("{}: is not what {} is", draft.name(), from));
  if (replace && &to == &target_)
    if (const std::string why = objection(); !why.empty()) throw IoError(why);
  if (!give_name(draft.name(), to, replace))
    throw IoError(fmt::format("{}: was made by another process just now", to));
  sync_folder_of(to);
}

void Delivery::begin() {
  check_folder();
  check_target();
  const bool here = path_exists(local_);
  const bool there = path_exists(target_);
  if (here) {
    (void)Store(local_, Store::Access::read_write);  // after a kill: what was committed is in the file
    steps_before_ = store_steps(local_);
  }
  if (!there) return;
  const std::uint64_t steps = store_steps(target_);
  if (here && store_id(local_) != store_id(target_))
    throw InputError(
        fmt::format("{} and {} are different stores; remove one of them, or put them together: {}", local_,
                    target_, how_to_merge(target_, local_)));
  if (here && steps <= steps_before_) return;
  if (here && !finished_in(local_, target_))
    throw InputError(fmt::format("{} and {} each have cells that the other lacks; put them together: {}",
                                 local_, target_, how_to_merge(target_, local_)));
  if (const std::string stray = stray_side_file(local_); !stray.empty())
    throw InputError(fmt::format("{}: is left of another store; remove it", stray));
  place(target_, local_, here);
  steps_before_ = steps;
  if (!quiet_) fmt::print(messages_, "going on from {}, copied to {}\n", target_, local_);
}

std::string Delivery::objection() const {
  std::error_code failed;
  if (!fs::is_regular_file(fs::symlink_status(target_, failed)))
    return fmt::format("{}: is no regular file", target_);
  try {
    if (const auto writer = Store(target_, Store::Access::read_only).status().writer)
      return fmt::format("{}: {} is writing to it", target_, *writer);
    if (store_id(target_) != store_id(local_)) return fmt::format("{}: is another store", target_);
    if (store_steps(target_) > store_steps(local_) || !finished_in(target_, local_))
      return fmt::format("{}: holds what the store that was trained does not", target_);
  } catch (const std::exception& error) {
    return error.what();
  }
  const std::string stray = stray_side_file(target_);
  return stray.empty() ? "" : fmt::format("{}: another program is writing to the store", stray);
}

bool Delivery::up_to_date() const {
  return store_steps(target_) == store_steps(local_) && finished_in(local_, target_);
}

void Delivery::hand_over() {
  std::string why;
  const bool there = path_exists(target_);
  if (there) why = objection();
  if (!there) {
    if (const std::string stray = stray_side_file(target_); !stray.empty())
      why = fmt::format("{}: is left of another store", stray);
  }
  try {
    if (why.empty() && !(there && up_to_date())) place(local_, target_, there);
  } catch (const std::exception& error) {
    why = error.what();
  }
  if (why.empty()) {
    if (!quiet_) fmt::print(messages_, "handed over: {}\n", target_);
    return;
  }
  throw IoError(fmt::format(
      "{}; nothing was replaced, what was trained lies in {}: run the same command again{}", why, local_,
      path_exists(target_) ? ", or " + how_to_merge(target_, local_) : " there, or copy that file"));
}

void Delivery::rescue() noexcept {
  try {
    if (!path_exists(local_) || store_steps(local_) <= steps_before_) return;
    hand_over();
  } catch (const std::exception& error) {
    fmt::print(messages_, "{}\n", error.what());
  }
}

}  // namespace modsweep::cli
