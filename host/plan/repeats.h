// Cells of a sweep that differ from another of its cells only in settings without effect: one network for
// all.
#pragma once

#include "plan/shard_cells.h"

#include <cstddef>
#include <cstdint>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "modsweep/sweep.h"

namespace modsweep {

/// Which unfinished cells of a sweep, or of a shard, repeat another one. Of cells that are the same network a
/// finished one is the source, else the first; the others get its results.
class Repeats {
 public:
  /// None.
  Repeats() = default;
  /// Examines the cells on `threads` threads, but only where an axis may have no effect. `finished`: numbers
  /// of cells that need no training. Throws InputError for the first invalid cell found.
  Repeats(const Sweep& sweep, const std::unordered_set<std::uint64_t>& finished, std::size_t threads,
          const ShardCells* shard = nullptr);

  [[nodiscard]] std::uint64_t size() const { return indices_.size(); }
  /// Whether the cell with this index in the grid is not to be trained.
  [[nodiscard]] bool contains(std::uint64_t index) const { return indices_.contains(index); }
  /// Indices of the cells that repeat the unfinished cell with this number, in grid order.
  [[nodiscard]] std::span<const std::uint64_t> of(std::uint64_t cell_number) const;
  /// Cells that repeat a finished one: their indices, and the ids of their sources.
  [[nodiscard]] const std::vector<std::pair<std::uint64_t, std::string>>& of_finished() const {
    return of_finished_;
  }
  /// "2 of 6 cells repeat another: noise.exponent has no effect where noise.strength = 0"; empty where there
  /// are none. `cells`: of the sweep or shard.
  [[nodiscard]] std::string note(std::uint64_t cells) const;

 private:
  std::unordered_set<std::uint64_t> indices_;
  std::unordered_map<std::uint64_t, std::vector<std::uint64_t>> by_source_;  // by the source's number
  std::vector<std::pair<std::uint64_t, std::string>> of_finished_;
  std::set<std::size_t> rules_;  // of inert_rules(): why
};

}  // namespace modsweep
