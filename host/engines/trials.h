// Which engine carries a sweep where a machine has several: each is tried with some of its cells.
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

/// What they are tried with.
struct TrialWork {
  const Sweep& sweep;
  const std::unordered_set<std::uint64_t>& finished;
  DatasetCache& datasets;
  std::size_t max_pack = 0;
  std::size_t threads = 1;
  const ShardCells* shard = nullptr;  ///< nullptr: all cells
};

/// How fast an engine is with the cells of that plan.
using Timing = std::function<Calibration(const PlanSummary& plan, Engine& engine)>;

struct TrialResult {
  std::size_t fastest = 0;  ///< of the contenders
  std::string why;          ///< what came out for each of them
};

/// The contender that would be through first. Passed over are those that refuse a cell, run out of memory,
/// fail, or do not compute what the first one does: losses and gradients of a cell's first steps are
/// compared. The first contender, at least one, is also the answer where none can carry the sweep.
[[nodiscard]] TrialResult try_engines(const TrialWork& work, std::span<const Contender> contenders,
                                      const Timing& timing);

}  // namespace modsweep
