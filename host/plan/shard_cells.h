// Which cells of a sweep a shard trains.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "modsweep/shard.h"
#include "modsweep/sweep.h"

namespace modsweep {

/// Cells of equal cost, that is of one pack key and one length of training (to 1/16), form a kind. They are
/// dealt in turn, in grid order; each kind starts at the shard where the one before ended, the kinds of one
/// key in sequence. So in every kind, in every key and in total, no shard has more than one cell more than
/// another. All processes agree: it depends on the sweep's grid alone, not on what is finished.
class ShardCells {
 public:
  /// Examines the settings that the kinds of cells depend on, on `threads` threads. Throws InputError for the
  /// first invalid cell found.
  ShardCells(const Sweep& sweep, const Shard& shard, std::size_t threads);

  [[nodiscard]] const Shard& shard() const { return shard_; }
  /// The number of its cells; may be 0.
  [[nodiscard]] std::uint64_t size() const { return size_; }
  /// Whether the cell with this index in grid order is in the shard.
  [[nodiscard]] bool contains(std::uint64_t index) const {
    return bits_.empty() || ((bits_[static_cast<std::size_t>(index / 64)] >> (index % 64)) & 1U) != 0;
  }

 private:
  Shard shard_;
  std::uint64_t size_;
  std::vector<std::uint64_t> bits_;  // one per cell; empty for a shard that has all
};

}  // namespace modsweep
