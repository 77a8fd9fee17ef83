// Cells that need not begin at step 0: a finished cell of a store is the same network after its last step.
// They differ in the length of the run and in what is measured, nothing else.
#pragma once

#include "plan/repeats.h"
#include "plan/shard_cells.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <unordered_set>
#include <vector>

#include "modsweep/store.h"
#include "modsweep/sweep.h"

namespace modsweep {

/// Where a cell starts.
struct Start {
  std::uint64_t index = 0;  ///< of the cell in the grid
  std::string from;         ///< id of the finished cell
  std::uint64_t step = 0;   ///< the steps that that one took
};

/// The starts of a sweep's cells, and what a user should know about them.
struct Starts {
  std::vector<Start> cells;          ///< in grid order
  std::uint64_t longer = 0;          ///< of these, with further steps to take; the others are only measured
  std::uint64_t missing_rows = 0;    ///< without some steps of their history, which nobody measured
  std::uint64_t missing_values = 0;  ///< with steps in their history that lack what was not asked for before
  std::uint64_t without_state = 0;   ///< cells that begin at step 0 because a finished one kept no state
  std::uint64_t unlike = 0;          ///< because a finished one is no beginning of them

  /// Cells that are only measured.
  [[nodiscard]] std::uint64_t measured() const { return cells.size() - longer; }
  /// A line each.
  [[nodiscard]] std::vector<std::string> notes() const;
};

/// All that a user should know about cells that are not trained from their first step on, a line each;
/// `cells`: of the sweep or shard.
[[nodiscard]] std::vector<std::string> notes_of(const Repeats& repeats, const Starts& starts,
                                                std::uint64_t cells);

/// What a plan or a run knows of the store.
struct StoredCells {
  const std::unordered_set<std::uint64_t>& finished;
  std::unordered_set<std::uint64_t> running;  ///< these go on from their own checkpoints
  std::vector<StoredSweep> sweeps;
  /// What is kept of a finished cell, by its id; none of one that diverged.
  std::function<std::optional<KeptNetwork>(const std::string&)> kept;
};

/// Those of an open store, which must outlive the result, as `finished` must.
[[nodiscard]] StoredCells stored_cells(const Store& store, const std::unordered_set<std::uint64_t>& finished);

/// Finds the starts of a sweep's unfinished cells, or of those of a shard, on `threads` threads.
[[nodiscard]] Starts find_starts(const Sweep& sweep, const StoredCells& stored, const Repeats& repeats,
                                 std::size_t threads, const ShardCells* shard = nullptr);

/// Whether a cell that starts there has the rows that were measured after `step` in its history: those of its
/// own schedule, but not that of its last step, which is measured anew.
[[nodiscard]] bool keeps_row(const CellSettings& cell, const Start& start, std::uint64_t step);

}  // namespace modsweep
