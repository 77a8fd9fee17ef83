// Tiles on a CUDA device: a thread of a block, and the kernel.
#pragma once

#include "fused/device_code.cuh"
#include "fused/tile_plan.h"

namespace modsweep::fused {

/// A thread of the device, as tile_lanes.h wants it.
struct DeviceThread {
#if defined(MODSWEEP_DEVICE_CODE)
  /// From the first lane, so that the compiler knows that all lanes have the same.
  [[nodiscard]] __device__ __forceinline__ std::uint32_t warp() const {
    return __shfl_sync(~0U, threadIdx.x / warp_lanes, 0);
  }
  [[nodiscard]] __device__ __forceinline__ std::uint32_t lane() const {
    return threadIdx.x % warp_lanes;
  }
  __device__ __forceinline__ void wait_for_warp() const {
    __syncwarp();
  }
  __device__ __forceinline__ void wait_for_block() const {
    __syncthreads();
  }
  [[nodiscard]] __device__ __forceinline__ float of_lane(float v, std::uint32_t mask) const {
    return __shfl_xor_sync(~0U, v, static_cast<int>(mask));
  }
  [[nodiscard]] __device__ __forceinline__ std::uint32_t of_first_lane(std::uint32_t v) const {
    return __shfl_sync(~0U, v, 0);
  }
  [[nodiscard]] __device__ __forceinline__ SumFragment multiply_add(SumFragment sums, const RowFragment& rows,
                                                                    const ColumnFragment& columns) const {
    multiply_add_tf32(sums, rows, columns);
    return sums;
  }
#else  // never called: what is compiled for the host only has to compile
  [[nodiscard]] MODSWEEP_HD std::uint32_t warp() const {
    return 0;
  }
  [[nodiscard]] MODSWEEP_HD std::uint32_t lane() const {
    return 0;
  }
  MODSWEEP_HD void wait_for_warp() const {}
  MODSWEEP_HD void wait_for_block() const {}
  [[nodiscard]] MODSWEEP_HD float of_lane(float v, std::uint32_t) const {
    return v;
  }
  [[nodiscard]] MODSWEEP_HD std::uint32_t of_first_lane(std::uint32_t v) const {
    return v;
  }
  [[nodiscard]] MODSWEEP_HD SumFragment multiply_add(const SumFragment& sums, const RowFragment&,
                                                     const ColumnFragment&) const {
    return sums;
  }
#endif
};

/// Block x works on item x, alone in the dynamic shared memory: at most 255 registers a thread, so that two
/// blocks share a multiprocessor where its memory holds them.
template <typename F>
__global__ void __launch_bounds__(tile_threads, 2) work_on_tiles(const __grid_constant__ F f) {
  f(DeviceThread(), block_memory(), blockIdx.x);
}

}  // namespace modsweep::fused
