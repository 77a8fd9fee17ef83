#include "core/machine.h"

#include "core/formats.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <sstream>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

namespace modsweep {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t memory_of_an_unknown_machine = std::uint64_t{4} << 30U;

// ---- Control groups. Their folders are found as in cgroups(7): /proc/self/cgroup names this process's group
// in each hierarchy, /proc/self/mountinfo where the hierarchies are.

/// The folder of this process's group in one hierarchy, and the folder where that hierarchy begins.
struct GroupFolder {
  fs::path group;
  fs::path top;
  bool version_2 = false;
};

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  std::istringstream in{std::string(text)};
  for (std::string part; std::getline(in, part, separator);) parts.push_back(part);
  return parts;
}

bool has(const std::vector<std::string>& parts, std::string_view wanted) {
  return std::ranges::find(parts, wanted) != parts.end();
}

/// A path of mountinfo, where blanks and the like are written as \040.
std::string without_escapes(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto digit = [&](std::size_t k) { return i + k < text.size() ? text[i + k] - '0' : -1; };
    const bool octal =
        text[i] == '\\' && std::ranges::all_of(std::vector<std::size_t>{1, 2, 3},
                                               [&](std::size_t k) { return digit(k) >= 0 && digit(k) < 8; });
    if (!octal) {
      out += text[i];
      continue;
    }
    out += static_cast<char>(64 * digit(1) + 8 * digit(2) + digit(3));
    i += 3;
  }
  return out;
}

/// A group's path below the part of its hierarchy that is mounted; the mount itself where it is elsewhere, as
/// in a container without a namespace of its own.
fs::path below_mount(const std::string& group, const std::string& mounted) {
  fs::path below = fs::path(group).lexically_relative(mounted);
  if (below.empty() || *below.begin() == ".." || below == ".") return {};
  return below;
}

/// The hierarchy that has a controller ("cpu", "memory"), or version 2's for an empty one.
std::optional<GroupFolder> find_group(const fs::path& root, std::string_view controller) {
  std::string group;
  std::ifstream groups(root / "proc/self/cgroup");
  for (std::string line; std::getline(groups, line);) {  // "4:cpu,cpuacct:/user.slice" or "0::/user.slice"
    const std::size_t first = line.find(':');
    const std::size_t second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    if (controller.empty() ? controllers.empty() : has(split(controllers, ','), controller))
      group = line.substr(second + 1);
  }
  if (group.empty()) return std::nullopt;
  std::ifstream mounts(root / "proc/self/mountinfo");
  for (std::string line; std::getline(mounts, line);) {
    // "31 24 0:26 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate"
    const std::size_t dash = line.find(" - ");
    if (dash == std::string::npos) continue;
    const auto before = split(line.substr(0, dash), ' ');
    const auto after = split(line.substr(dash + 3), ' ');
    if (before.size() < 5 || after.size() < 3) continue;
    const bool fits = controller.empty() ? after[0] == "cgroup2"
                                         : after[0] == "cgroup" && has(split(after[2], ','), controller);
    if (!fits) continue;
    const fs::path top = root / fs::path(without_escapes(before[4])).relative_path();
    return GroupFolder{top / below_mount(group, without_escapes(before[3])), top, controller.empty()};
  }
  return std::nullopt;
}

/// The numbers in the first line of a file; "max" and what is no number is none. Empty: the file is not
/// there.
std::vector<std::optional<double>> numbers_in(const fs::path& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  std::vector<std::optional<double>> numbers;
  for (const std::string& word : split(line, ' ')) {
    double number = 0.0;
    std::istringstream in(word);
    in >> number;
    numbers.push_back(in && in.eof() && std::isfinite(number) ? std::optional(number) : std::nullopt);
  }
  return numbers;
}

std::optional<double> number_in_file(const fs::path& path) {
  const auto numbers = numbers_in(path);
  return numbers.empty() ? std::nullopt : numbers[0];
}

template <typename T>
void lower(std::optional<T>& limit, T value) {
  limit = std::min(limit.value_or(value), value);
}

void add_processors(const fs::path& folder, bool version_2, CgroupLimits& limits) {
  std::optional<double> quota, period;
  if (version_2) {
    const auto numbers = numbers_in(folder / "cpu.max");  // "150000 100000" or "max 100000"
    if (numbers.size() == 2) {
      quota = numbers[0];
      period = numbers[1];
    }
  } else {
    quota = number_in_file(folder / "cpu.cfs_quota_us");  // -1: none
    period = number_in_file(folder / "cpu.cfs_period_us");
  }
  if (quota && period && *quota > 0.0 && *period > 0.0) lower(limits.processors, *quota / *period);
}

void add_memory(const fs::path& folder, bool version_2, CgroupLimits& limits) {
  // Above memory.high the kernel slows a group down to a crawl.
  const std::vector<const char*> files = version_2 ? std::vector<const char*>{"memory.max", "memory.high"}
                                                   : std::vector<const char*>{"memory.limit_in_bytes"};
  for (const char* file : files)
    if (const auto bytes = number_in_file(folder / file); bytes && *bytes >= 0.0 && *bytes < 0x1p60)
      lower(limits.memory, static_cast<std::uint64_t>(*bytes));
}

/// Calls add(folder, is it version 2) for this process's group with the controller and for all groups above
/// it.
template <typename Add>
void for_each_group(const fs::path& root, std::string_view controller, Add add) {
  for (const std::string_view wanted : {std::string_view{}, controller}) {
    const auto found = find_group(root, wanted);
    if (!found) continue;
    for (fs::path folder = found->group;; folder = folder.parent_path()) {
      add(folder, found->version_2);
      if (folder == found->top || !folder.has_relative_path()) break;
    }
  }
}

// ---- The other limits.

/// The number of processors that the CPU mask of this process has; 0: unknown.
std::size_t processors_in_mask() {
  for (std::size_t size = CPU_SETSIZE; size <= std::size_t{1} << 20U;
       size *= 2) {  // EINVAL: the machine has more
    cpu_set_t* mask = CPU_ALLOC(size);
    if (mask == nullptr) return 0;
    const bool fits = ::sched_getaffinity(0, CPU_ALLOC_SIZE(size), mask) == 0;
    const int count = fits ? CPU_COUNT_S(CPU_ALLOC_SIZE(size), mask) : 0;
    CPU_FREE(mask);
    if (fits) return static_cast<std::size_t>(count);
  }
  return 0;
}

void limit(MachineShare& share, std::uint64_t value, const char* by) {
  if (value >= share.usable) return;
  share.usable = value;
  share.limited_by = by;
}

MachineShare threads_here(const CgroupLimits& cgroup) {
  const auto online = static_cast<std::uint64_t>(std::max(1L, ::sysconf(_SC_NPROCESSORS_ONLN)));
  MachineShare threads{online, online};
  if (const std::size_t mask = processors_in_mask(); mask > 0) limit(threads, mask, "CPU mask");
  if (cgroup.processors && *cgroup.processors < static_cast<double>(online))
    limit(threads, static_cast<std::uint64_t>(std::max(1.0, std::ceil(*cgroup.processors))), "control group");
  return threads;
}

MachineShare memory_here(const CgroupLimits& cgroup) {
  const long pages = ::sysconf(_SC_PHYS_PAGES);
  const long page = ::sysconf(_SC_PAGE_SIZE);
  const std::uint64_t whole = pages <= 0 || page <= 0
                                  ? memory_of_an_unknown_machine
                                  : static_cast<std::uint64_t>(pages) * static_cast<std::uint64_t>(page);
  MachineShare memory{whole, whole};
  if (cgroup.memory) limit(memory, *cgroup.memory, "control group");
  rlimit space{};
  if (::getrlimit(RLIMIT_AS, &space) == 0 && space.rlim_cur != RLIM_INFINITY)
    limit(memory, space.rlim_cur, "address space limit (ulimit -v)");
  return memory;
}

}  // namespace

CgroupLimits cgroup_limits(const fs::path& root) {
  CgroupLimits limits;
  for_each_group(root, "cpu",
                 [&](const fs::path& folder, bool version_2) { add_processors(folder, version_2, limits); });
  for_each_group(root, "memory",
                 [&](const fs::path& folder, bool version_2) { add_memory(folder, version_2, limits); });
  return limits;
}

std::string MachineLimits::text() const {
  std::vector<std::string> parts;
  if (!threads.limited_by.empty())
    parts.push_back(
        fmt::format("{} of {} processors by the {}", threads.usable, threads.whole, threads.limited_by));
  if (!memory.limited_by.empty())
    parts.push_back(fmt::format("{} of {} of memory by the {}",
                                format_unit(static_cast<double>(memory.usable), "B"),
                                format_unit(static_cast<double>(memory.whole), "B"), memory.limited_by));
  return fmt::format("{}", fmt::join(parts, ", "));
}

MachineLimits read_machine_limits(const fs::path& root) {
  const CgroupLimits cgroup = cgroup_limits(root);
  return {threads_here(cgroup), memory_here(cgroup)};
}

const MachineLimits& machine_limits() {
  static const MachineLimits limits = read_machine_limits();
  return limits;
}

}  // namespace modsweep
