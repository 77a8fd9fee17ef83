// Which cells of a sweep a shard trains.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "modsweep/shard.h"
#include "modsweep/sweep.h"

namespace modsweep {

/// Cells that cost the same, those of one pack key and one length of training (to 1/16), are dealt in turn,
/// in grid order; each such kind goes on where the one before it ended, those of one key one after the other.
/// So of every kind, of every key and in all, no shard has more than one cell more than another. It is so for
/// everybody: it depends on the sweep's grid alone, not on what is finished.
class ShardCells {
 public:
  /// Walks what the kinds of cells depend on, on `threads` threads. Throws InputError for the first cell
  /// found that cannot be.
  ShardCells(const Sweep& sweep, const Shard& shard, std::size_t threads);

  [[nodiscard]] const Shard& shard() const { return shard_; }
  /// How many it has; none is possible.
  [[nodiscard]] std::uint64_t size() const { return size_; }
  /// Whether the cell with this index in grid order is one of them.
  [[nodiscard]] bool contains(std::uint64_t index) const {
    return bits_.empty() || ((bits_[static_cast<std::size_t>(index / 64)] >> (index % 64)) & 1U) != 0;
  }

 private:
  Shard shard_;
  std::uint64_t size_;
  std::vector<std::uint64_t> bits_;  // one for each cell; none for a shard that has all
};

}  // namespace modsweep
