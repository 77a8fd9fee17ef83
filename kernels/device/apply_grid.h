// How apply.cuh's kernel is launched.
#pragma once

#include <cstdint>

namespace modsweep::device {

/// Blocks, and threads of a block, for all items of all networks.
struct ApplyGrid {
  std::uint32_t x = 1, y = 1;
  std::uint32_t threads = 0;  ///< of a block
};

[[nodiscard]] inline ApplyGrid apply_grid(std::uint32_t networks, std::uint32_t items) {
  constexpr std::uint32_t max_threads = 256;
  constexpr std::uint32_t warp = 32;
  constexpr std::uint32_t max_rows = 65535;
  const std::uint32_t blocks = (items + max_threads - 1) / max_threads;
  const std::uint32_t share = (items + blocks - 1) / blocks;  // evenly, so that few threads have no item
  const std::uint32_t threads = (share + warp - 1) / warp * warp;
  return {(items + threads - 1) / threads, networks < max_rows ? networks : max_rows, threads};
}

}  // namespace modsweep::device
