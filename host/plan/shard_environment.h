// Which of several processes this one is, as schedulers and launchers say in the environment.
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

/// The shard of this process. A task of a Slurm job array is one, whatever its numbers (0-7, 1-8, 10-80:10),
/// a process that srun, Open MPI or another MPI started is one, and each process of each array task is one
/// where there are both; else the pod of a Kubernetes indexed job is one. Variables that are set to nothing
/// count as not set.
///
/// Within a step of Slurm the numbers of an MPI come first where they differ: they are of the ranks, and
/// Slurm's of the daemons that started them. In a batch script, outside of all steps, Slurm's number of
/// processes is left out: the script is one process, whatever was asked for.
///
/// Throws InputError where there is none of them, or for what does not tell the shard, naming the variable.
[[nodiscard]] Shard shard_of_environment(const EnvironmentLookup& lookup);

}  // namespace modsweep
