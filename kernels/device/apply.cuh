// The kernel that runs functions of (network, item).
#pragma once

#include "device/apply_grid.h"

#include <cuda_runtime_api.h>

namespace modsweep::device {

/// Block (x, y) processes items blockDim.x * x + ... of the networks y, y + gridDim.y, ...; no shared memory,
/// no synchronization. Any number of networks and items.
template <typename F>
__global__ void apply(const F f, std::uint32_t networks, std::uint32_t items) {
  const std::uint32_t item = blockIdx.x * blockDim.x + threadIdx.x;
  if (item >= items) return;
  for (std::uint32_t p = blockIdx.y; p < networks; p += gridDim.y) f(p, item);
}

}  // namespace modsweep::device
