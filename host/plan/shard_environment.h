// Which of several processes this one is, according to the environment variables of schedulers and launchers.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "modsweep/shard.h"

namespace modsweep {

/// The value of an environment variable; none where it is not set.
using EnvironmentLookup = std::function<std::optional<std::string>(const char* name)>;

/// The environment of this process.
[[nodiscard]] std::optional<std::string> process_environment(const char* name);

/// The shard of this process. A shard is a task of a Slurm job array, whatever its numbers (0-7, 1-8,
/// 10-80:10), a process started by srun, Open MPI or another MPI, or, where there are both, each process of
/// each array task; otherwise the pod of a Kubernetes indexed job. Empty variables count as not set.
///
/// Within a Slurm step, the numbers of an MPI take precedence where they differ: they count the ranks, and
/// Slurm's count the daemons that started the ranks. In a batch script, outside of all steps, Slurm's number
/// of processes is ignored: the script is one process, whatever was requested.
///
/// Throws InputError, naming the variable, if none of them is set or if they do not determine the shard.
[[nodiscard]] Shard shard_of_environment(const EnvironmentLookup& lookup);

}  // namespace modsweep
