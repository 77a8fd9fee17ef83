// Runs a whole sweep: each worker trains pack after pack until no cell remains. The same for every engine.
#pragma once

#include "plan/parents.h"
#include "plan/summary.h"
#include "plan/workers.h"
#include "run/pack_run.h"

#include <cstdint>
#include <functional>
#include <unordered_set>
#include <vector>

#include "modsweep/session.h"
#include "modsweep/store.h"
#include "modsweep/sweep.h"
#include "modsweep/task.h"

namespace modsweep {

/// The outcome of a run; counts cover this run alone.
struct RunResult {
  std::uint64_t done = 0;
  std::uint64_t diverged = 0;
  bool interrupted = false;
};

/// What a run needs; everything outlives it.
struct RunJob {
  const Sweep& sweep;
  const std::unordered_set<std::uint64_t>& finished;  ///< cells of the store that are not run again
  const PlanSummary& plan;                            ///< of the same sweep, finished cells and workers
  Store& store;                                       ///< open for writing, the sweep added
  std::vector<Worker> workers;                        ///< at least one, all of one kind of engine
  DatasetCache& datasets;
  SessionWatcher& progress;           ///< receives `update`, `note` and `finish`
  std::function<bool()> stop;         ///< true ends the run with all state saved; may be empty
  const ShardCells* shard = nullptr;  ///< the cells of the plan; nullptr: all
  /// Receives the time, on the steady clock, up to which the training of all workers is in the store;
  /// infinity: none trains. Called by another thread. May be empty.
  std::function<void(double until)> saved = {};
  const Repeats* repeats = nullptr;  ///< cells of the plan that get the results of others; nullptr: none
  Parents* parents = nullptr;        ///< of cells that have some; nullptr: none has
};

/// Trains all unfinished cells and marks the sweep finished, or stops on request. A pack that does not fit in
/// memory is split; throws IoError if even one network does not fit. Passes on an IoError of a commit.
///
/// A single worker runs in the calling thread, several in a thread each; results do not depend on their
/// number. Everything in the job except engines and datasets is used by one thread at a time. If a worker
/// throws, the others end as for a stop, and its exception is passed on.
[[nodiscard]] RunResult run_sweep(const RunJob& job, const RunOptions& options);

}  // namespace modsweep
