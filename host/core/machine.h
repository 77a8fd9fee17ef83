// What this process may use of the machine: the processors and the memory that the kernel, a job scheduler or
// a container leave to it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace modsweep {

/// The limits of a process's control groups, in version 1 or 2: the least of its group and all groups above.
struct CgroupLimits {
  std::optional<double> processors;     ///< processor time per time: 1.5; none: no limit
  std::optional<std::uint64_t> memory;  ///< bytes; none: no limit
};

/// Reads the limits of this process. What cannot be read, or is malformed, limits nothing. `root`: the folder
/// that has proc/ and sys/; a test makes its own.
[[nodiscard]] CgroupLimits cgroup_limits(const std::filesystem::path& root = "/");

/// How much of one resource this process may use, and who says so.
struct MachineShare {
  std::uint64_t usable = 0;
  std::uint64_t whole = 0;      ///< what the machine has
  std::string limited_by = {};  ///< "CPU mask"; empty: nothing
};

struct MachineLimits {
  MachineShare threads;  ///< at least 1
  MachineShare memory;   ///< bytes

  /// "1 of 2 processors by the CPU mask, 4.00 GB of 25.4 GB of memory by the control group"; empty where the
  /// whole machine may be used.
  [[nodiscard]] std::string text() const;
};

/// The least of the processors that are online, the CPU mask and the control groups' CPU time, rounded up;
/// the least of the physical memory, the control groups' limits and `ulimit -v`.
[[nodiscard]] MachineLimits read_machine_limits(const std::filesystem::path& root = "/");

/// The limits as they were at the first call.
[[nodiscard]] const MachineLimits& machine_limits();

}  // namespace modsweep
