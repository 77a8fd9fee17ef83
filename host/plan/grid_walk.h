// A walk over the cells of a grid by several threads.
#pragma once

#include "core/parallel.h"
#include "plan/shard_cells.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <utility>
#include <vector>

namespace modsweep {

/// Calls `examine(index)` once for every index in [0, grid), or for those of a shard, on `threads` threads at
/// once. Returns what its results hold, in no particular order.
template <typename Found, typename Examine>
[[nodiscard]] std::vector<Found> find_in_grid(std::uint64_t grid, const ShardCells* shard,
                                              std::size_t threads, const Examine& examine) {
  constexpr std::uint64_t stretch = 256;  // cells that a thread takes at once
  std::vector<std::vector<Found>> parts(std::max<std::size_t>(threads, 1));
  parallel_for(threads, static_cast<std::size_t>((grid + stretch - 1) / stretch),
               [&](std::size_t item, std::size_t thread) {
                 const std::uint64_t end = std::min((item + 1) * stretch, grid);
                 for (std::uint64_t index = item * stretch; index < end; ++index) {
                   if (shard != nullptr && !shard->contains(index)) continue;
                   if (std::optional<Found> found = examine(index))
                     parts[thread].push_back(std::move(*found));
                 }
               });
  std::vector<Found> all;
  for (std::vector<Found>& part : parts) std::ranges::move(part, std::back_inserter(all));
  return all;
}

}  // namespace modsweep
