// An interface for observing emulated thread blocks.
#pragma once

#include "fused/block.h"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace modsweep::test {

/// Ranks count the blocks of a cluster; a single block has rank 0.
class BlockObserver {
 public:
  virtual ~BlockObserver() = default;
  /// `memory`: the shared memory of every rank, `bytes` bytes each.
  virtual void begin(const std::vector<std::byte*>& memory, std::size_t bytes) = 0;
  virtual void thread(std::uint32_t rank, std::uint32_t thread) = 0;
  virtual void barrier(std::uint32_t rank, fused::Wait wait) = 0;
  /// The threads of warp `warp` of the only block waited for each other.
  virtual void warp_barrier(std::uint32_t warp) = 0;
  /// The accesses that follow are by all threads of this block.
  virtual void between_phases(std::uint32_t rank) = 0;
  virtual void end() = 0;
};

}  // namespace modsweep::test
