// What a sweep will cost: for `modsweep plan`, for the remaining time of a run, and to check that every cell
// can be trained.
#pragma once

#include "plan/planner.h"
#include "plan/workers.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <unordered_set>
#include <vector>

#include "modsweep/sweep.h"

namespace modsweep {

/// The unfinished cells of one shape, batch size and precision.
struct ShapePlan {
  PackKey key;
  std::uint64_t first_index = 0;  ///< of its first unfinished cell in grid order
  std::uint64_t cells = 0;
  std::size_t pack_size = 0;          ///< networks of a full pack
  std::size_t bytes_per_network = 0;  ///< in training, without datasets
  std::size_t parameters = 0;         ///< of one network
  std::size_t weights = 0;            ///< of one network, entries of all W
  double steps = 0.0;                 ///< optimizer steps of all these cells
  double flop = 0.0;

  [[nodiscard]] std::uint64_t packs() const {
    return pack_size == 0 ? 0 : (cells + pack_size - 1) / pack_size;
  }
  [[nodiscard]] double pack_bytes() const;  ///< of its largest pack
};

/// Totals cover the unfinished cells, without regard to checkpoints; `shapes` are in grid order.
struct PlanSummary {
  std::uint64_t cells = 0;     ///< of the grid, or of the shard
  std::uint64_t finished = 0;  ///< done or diverged already
  std::uint64_t patient = 0;   ///< unfinished ones that may stop before their last step
  std::uint64_t growing = 0;   ///< unfinished ones whose work grows with the tasks that they solve
  std::uint64_t repeated = 0;  ///< unfinished, but the same network as another cell: not in `shapes`
  std::vector<ShapePlan> shapes;
  double measurements = 0.0;
  double store_bytes = 0.0;  ///< estimate of the store's growth
  double state_bytes = 0.0;  ///< of these, final states (measure.state)

  [[nodiscard]] std::uint64_t left() const { return cells - finished; }
  [[nodiscard]] std::uint64_t to_train() const { return left() - repeated; }
  [[nodiscard]] std::uint64_t packs() const;
  [[nodiscard]] double steps() const;
  [[nodiscard]] double flop() const;
  [[nodiscard]] double memory_bytes() const;  ///< of the largest pack, without datasets
  /// The shape with the most operations; nullptr if nothing remains.
  [[nodiscard]] const ShapePlan* most_work() const;
  /// Training time at a rate of `flop_per_second`; infinite for rate 0.
  [[nodiscard]] double seconds(double flop_per_second) const;
};

/// Plans a run on `workers`, of `shard` if there is one, without the cells in `repeats`. Walks through all
/// its cells on `threads` threads. Throws InputError for the first cell found that cannot be trained, so that
/// nothing is run or written for such a sweep.
[[nodiscard]] PlanSummary summarize(const Sweep& sweep, const std::unordered_set<std::uint64_t>& finished,
                                    std::span<const Worker> workers, std::size_t max_pack,
                                    std::size_t threads, const ShardCells* shard = nullptr,
                                    const Repeats* repeats = nullptr);

}  // namespace modsweep
