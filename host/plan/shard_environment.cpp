#include "plan/shard_environment.h"

#include "core/text.h"

#include <array>
#include <charconv>
#include <cstdint>
#include <cstdlib>

#include <fmt/format.h>

#include "modsweep/error.h"

namespace modsweep {
namespace {

/// The rank of a process, from 0, among `count`.
struct Place {
  std::uint64_t rank = 0;
  std::uint64_t count = 1;
};

/// The variables in which a launcher gives each process its rank and their number.
struct Launcher {
  const char* rank;
  const char* count;
};

constexpr std::array<Launcher, 2> mpis = {
    {{"OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"}, {"PMI_RANK", "PMI_SIZE"}}};
constexpr const char* pmix_rank = "PMIX_RANK";  // has no variable for the number of processes

class Environment {
 public:
  explicit Environment(const EnvironmentLookup& lookup) : lookup_(lookup) {}

  /// None if no variable states a rank.
  [[nodiscard]] std::optional<Place> place() const;

 private:
  [[nodiscard]] bool has(const char* name) const {
    const auto text = lookup_(name);
    return text && !text->empty();
  }
  [[nodiscard]] std::optional<std::uint64_t> number(const char* name) const;
  [[nodiscard]] std::uint64_t required(const char* name, const char* beside) const;
  [[nodiscard]] std::uint64_t count(const char* name, const char* beside) const;
  [[nodiscard]] Place checked(const char* rank_name, const char* count_name) const;

  [[nodiscard]] std::optional<Place> array_task() const;
  [[nodiscard]] std::uint64_t array_step(std::optional<std::uint64_t> first, std::uint64_t gaps) const;
  [[nodiscard]] Place array_place(std::uint64_t id, std::uint64_t tasks) const;
  [[nodiscard]] bool in_batch_script() const { return has("SLURM_JOB_ID") && !has("SLURM_STEP_ID"); }
  [[nodiscard]] std::optional<Place> slurm_process() const;
  [[nodiscard]] std::optional<Place> mpi_process() const;
  [[nodiscard]] std::optional<Place> process() const;
  [[nodiscard]] std::optional<Place> pod() const;

  const EnvironmentLookup& lookup_;
};

std::optional<std::uint64_t> Environment::number(const char* name) const {
  if (!has(name)) return std::nullopt;
  const std::string text = *lookup_(name);
  std::uint64_t value = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc{} || stop != end || value > UINT32_MAX)
    throw InputError(
        fmt::format("--shard auto: {} is '{}', which is not a number from 0 to {}; give --shard I/N", name,
                    one_line(text), UINT32_MAX));
  return value;
}

std::uint64_t Environment::required(const char* name, const char* beside) const {
  if (const auto value = number(name)) return *value;
  throw InputError(
      fmt::format("--shard auto: {} is set, but {} is not; set it, or give --shard I/N", beside, name));
}

/// Reads a number of processes.
std::uint64_t Environment::count(const char* name, const char* beside) const {
  const std::uint64_t value = required(name, beside);
  if (value == 0 || value > Shard::most)
    throw InputError(fmt::format("--shard auto: {} is {}, but can be 1 to {}; give --shard I/N", name, value,
                                 Shard::most));
  return value;
}

Place Environment::checked(const char* rank_name, const char* count_name) const {
  const Place place{required(rank_name, count_name), count(count_name, rank_name)};
  if (place.rank >= place.count)
    throw InputError(
        fmt::format("--shard auto: {} is {}, but with {} = {} it can be 0 to {}; give --shard I/N", rank_name,
                    place.rank, count_name, place.count, place.count - 1));
  return place;
}

/// The difference between adjacent numbers of an array, which has `gaps` such steps.
std::uint64_t Environment::array_step(std::optional<std::uint64_t> first, std::uint64_t gaps) const {
  if (const auto given = number("SLURM_ARRAY_TASK_STEP")) return *given;
  const auto last = number("SLURM_ARRAY_TASK_MAX");
  return first && last && *last > *first ? (*last - *first) / gaps : 1;
}

Place Environment::array_place(std::uint64_t id, std::uint64_t tasks) const {
  const auto first = number("SLURM_ARRAY_TASK_MIN");
  const auto last = number("SLURM_ARRAY_TASK_MAX");
  const std::uint64_t gaps = tasks - 1;
  const std::uint64_t step = array_step(first, gaps);
  const std::uint64_t begin = first ? *first : last && *last >= gaps * step ? *last - gaps * step : 1;
  const std::string range = fmt::format("from {}{}", begin, last ? fmt::format(" to {}", *last) : "");
  if (step == 0 || (last && *last != begin + gaps * step))
    throw InputError(fmt::format(
        "--shard auto: the {} numbers of this job array {} are not {} apart, so that they tell no parts "
        "(SLURM_ARRAY_TASK_COUNT, _MIN, _MAX, _STEP); give --shard I/N",
        tasks, range, step));
  if (id < begin || (id - begin) % step != 0 || (id - begin) / step > gaps)
    throw InputError(fmt::format(
        "--shard auto: SLURM_ARRAY_TASK_ID is {}, which is none of {} numbers {} that are {} apart "
        "(SLURM_ARRAY_TASK_COUNT, _MIN, _MAX, _STEP); give --shard I/N",
        id, tasks, range, step));
  return {(id - begin) / step, tasks};
}

std::optional<Place> Environment::array_task() const {
  constexpr const char* id_name = "SLURM_ARRAY_TASK_ID";
  constexpr const char* count_name = "SLURM_ARRAY_TASK_COUNT";
  if (!has(id_name) && !has(count_name)) return std::nullopt;
  const std::uint64_t id = required(id_name, count_name);
  const std::uint64_t tasks = count(count_name, id_name);
  return tasks == 1 ? Place{} : array_place(id, tasks);
}

std::optional<Place> Environment::slurm_process() const {
  constexpr const char* rank = "SLURM_PROCID";
  constexpr const char* of_step = "SLURM_STEP_NUM_TASKS";
  constexpr const char* processes = "SLURM_NTASKS";
  // Without a rank, the number is what the job requested, as in the shell of salloc.
  if (in_batch_script() || !has(rank)) return std::nullopt;
  return checked(rank, has(processes) || !has(of_step) ? processes : of_step);
}

std::optional<Place> Environment::mpi_process() const {
  std::optional<Place> found;
  for (const Launcher& mpi : mpis) {
    if (!has(mpi.rank) && !has(mpi.count)) continue;
    const Place place = checked(has(mpi.rank) || !has(pmix_rank) ? mpi.rank : pmix_rank, mpi.count);
    if (!found || found->count == 1) found = place;
  }
  return found;
}

/// The rank of this process among those of one array task, or among all that were started.
std::optional<Place> Environment::process() const {
  const auto by_slurm = slurm_process();
  const auto by_mpi = mpi_process();
  // mpirun starts its daemons with srun, one per node, and these start the ranks.
  const bool in_step = has("SLURM_STEP_ID");
  if (by_mpi && by_mpi->count > 1 && (in_step || !by_slurm || by_slurm->count == 1)) return by_mpi;
  if (by_slurm) return by_slurm;
  if (by_mpi) return by_mpi;
  if (has(pmix_rank))
    throw InputError(
        "--shard auto: PMIX_RANK is set, but none of OMPI_COMM_WORLD_SIZE, PMI_SIZE and SLURM_NTASKS that "
        "tell "
        "how many there are; give --shard I/N");
  return std::nullopt;
}

std::optional<Place> Environment::pod() const {
  constexpr const char* rank = "JOB_COMPLETION_INDEX";
  constexpr const char* completions = "JOB_COMPLETIONS";
  if (!has(rank)) return std::nullopt;
  if (!has(completions))
    throw InputError(
        "--shard auto: JOB_COMPLETION_INDEX is set, but JOB_COMPLETIONS is not, which Kubernetes does not "
        "set by "
        "itself; set it to the job's spec.completions in the pod's env, or give --shard I/N");
  return checked(rank, completions);
}

std::optional<Place> Environment::place() const {
  const auto task = array_task();
  const auto started = process();
  if (task && started)
    return Place{task->rank * started->count + started->rank, task->count * started->count};
  if (task) return task;
  if (started) return started;
  return pod();
}

}  // namespace

std::optional<std::string> process_environment(const char* name) {
  const char* value = std::getenv(name);
  if (value == nullptr) return std::nullopt;
  return value;
}

Shard shard_of_environment(const EnvironmentLookup& lookup) {
  const auto place = Environment(lookup).place();
  if (!place) {
    const auto job = lookup("SLURM_JOB_ID");
    throw InputError(fmt::format(
        "--shard auto: {}; set are none of SLURM_ARRAY_TASK_ID and _COUNT, SLURM_PROCID and SLURM_NTASKS, "
        "OMPI_COMM_WORLD_RANK and _SIZE, PMI_RANK and PMI_SIZE, JOB_COMPLETION_INDEX and JOB_COMPLETIONS; "
        "give "
        "--shard I/N",
        job && !job->empty() ? "this is a job of Slurm with one process; start it with srun or as a job array"
                             : "nothing in the environment says which part this is"));
  }
  if (place->count > Shard::most)
    throw InputError(
        fmt::format("--shard auto: array tasks and processes make {} shards, more than {}; start fewer",
                    place->count, Shard::most));
  return {static_cast<std::uint32_t>(place->rank + 1), static_cast<std::uint32_t>(place->count)};
}

}  // namespace modsweep
