// Chooses the engine for a sweep where a machine has several: each is tried on some of the sweep's cells.
#pragma once

#include "engines/calibrate.h"
#include "plan/summary.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <unordered_set>
#include <vector>

#include "modsweep/engine.h"
#include "modsweep/sweep.h"
#include "modsweep/task.h"

namespace modsweep {

/// Engines of one kind, one for each device.
struct Contender {
  std::string name;
  std::vector<std::unique_ptr<Engine>> engines;
};

/// The work that contenders are tried on.
struct TrialWork {
  const Sweep& sweep;
  const std::unordered_set<std::uint64_t>& finished;
  DatasetCache& datasets;
  std::size_t max_pack = 0;
  std::size_t threads = 1;
  const ShardCells* shard = nullptr;  ///< nullptr: all cells
};

/// Determines how fast an engine is on the cells of a plan.
using Timing = std::function<Calibration(const PlanSummary& plan, Engine& engine)>;

struct TrialResult {
  std::size_t fastest = 0;  ///< of the contenders
  std::string why;          ///< the outcome for each of them
};

/// The contender that would finish first. Contenders that refuse a cell, run out of memory, fail, or do not
/// compute the same as the first one are skipped: losses and gradients of the first steps of networks like a
/// cell are compared, with the distance that rounding explains in these very networks.
/// There must be at least one contender; the first is also the answer where none can train the sweep.
[[nodiscard]] TrialResult try_engines(const TrialWork& work, std::span<const Contender> contenders,
                                      const Timing& timing);

}  // namespace modsweep
