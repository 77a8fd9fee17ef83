// Thread blocks and clusters of a CUDA device as block.h wants them, and the kernels that run them.
#pragma once

#include "fused/block.h"
#include "fused/block_plan.h"
#include "fused/device_code.cuh"

#include <cooperative_groups.h>

namespace modsweep::fused {

/// A warp of the device, as block.h wants it: every lane has its own values in registers.
struct DeviceWarp {
  template <typename U>
  struct Lanes {
    U own;
    MODSWEEP_HD U& operator[](std::uint32_t) { return own; }
    MODSWEEP_HD const U& operator[](std::uint32_t) const { return own; }
  };

  [[nodiscard]] MODSWEEP_HD static bool begins(std::uint32_t) {
#if defined(MODSWEEP_DEVICE_CODE)
    __syncwarp();  // lanes that part over an item before
#endif
    return true;
  }
  template <typename F>
  MODSWEEP_HD void each([[maybe_unused]] const F& f) const {
#if defined(MODSWEEP_DEVICE_CODE)
    f(threadIdx.x % warp_lanes);
#endif
  }
  MODSWEEP_HD void multiply_add([[maybe_unused]] Lanes<SumFragment>& sums,
                                [[maybe_unused]] const Lanes<RowFragment>& rows,
                                [[maybe_unused]] const Lanes<ColumnFragment>& columns) const {
#if defined(MODSWEEP_DEVICE_CODE)
    multiply_add_tf32(sums.own, rows.own, columns.own);
#endif
  }
};

/// A thread block of the device that has its network for itself, as block.h wants it.
class DeviceBlock {
 public:
  MODSWEEP_HD explicit DeviceBlock(std::byte* shared) : shared_(shared) {}

  [[nodiscard]] MODSWEEP_HD std::byte* shared() const { return shared_; }
  [[nodiscard]] MODSWEEP_HD static Alone peers() { return {}; }

  template <typename... Parts>
  MODSWEEP_HD void phase(Wait, const Parts&... parts) {
#if defined(MODSWEEP_DEVICE_CODE)
    distribute(threadIdx.x, blockDim.x, DeviceWarp(), parts...);
    __syncthreads();
#endif
  }

 private:
  std::byte* shared_;
};

/// The blocks of a cluster of the device.
struct DevicePeers {
  static constexpr bool several = true;

#if defined(MODSWEEP_HAS_CLUSTERS)
  [[nodiscard]] __device__ __forceinline__ static std::uint32_t count() {
    return cooperative_groups::this_cluster().num_blocks();
  }
  [[nodiscard]] __device__ __forceinline__ static std::uint32_t rank() {
    return cooperative_groups::this_cluster().block_rank();
  }
  template <typename U>
  [[nodiscard]] __device__ __forceinline__ static U* at(std::uint32_t rank, U* here) {
    return cooperative_groups::this_cluster().map_shared_rank(here, static_cast<int>(rank));
  }
#else  // never called: what is compiled for the host or for older devices only has to compile
  [[nodiscard]] MODSWEEP_HD static std::uint32_t count() {
    return 1;
  }
  [[nodiscard]] MODSWEEP_HD static std::uint32_t rank() {
    return 0;
  }
  template <typename U>
  [[nodiscard]] MODSWEEP_HD static U* at(std::uint32_t, U* here) {
    return here;
  }
#endif
};

/// A thread block that shares its network with the others of its cluster.
class DeviceClusterBlock {
 public:
  MODSWEEP_HD explicit DeviceClusterBlock(std::byte* shared) : shared_(shared) {}

  [[nodiscard]] MODSWEEP_HD std::byte* shared() const { return shared_; }
  [[nodiscard]] MODSWEEP_HD static DevicePeers peers() { return {}; }

  template <typename... Parts>
  MODSWEEP_HD void phase([[maybe_unused]] Wait wait, const Parts&... parts) {
#if defined(MODSWEEP_HAS_CLUSTERS)
    distribute(threadIdx.x, blockDim.x, DeviceWarp(), parts...);
    if (wait == Wait::cluster)
      cooperative_groups::this_cluster().sync();
    else
      __syncthreads();
#endif
  }

 private:
  std::byte* shared_;
};

/// Blocks of a cluster that every device with clusters runs.
constexpr std::uint32_t portable_ranks = 8;

/// Block x works on the networks x, x + gridDim.x, ... one after another, each alone in the dynamic shared
/// memory, which every thread writes; f synchronizes, at last after its last access. Up to `most_threads`
/// threads, a power of two, in one dimension.
template <typename F, std::uint32_t registers>
__global__ void __maxnreg__(registers) work(const __grid_constant__ F f, std::uint32_t networks) {
  DeviceBlock block(block_memory());
  for (std::uint32_t p = blockIdx.x; p < networks; p += gridDim.x) f(block, p);
}

/// The same with clusters of `ranks` blocks: cluster c works on the networks c, c + clusters, ... Every block
/// writes into the dynamic shared memory of the others; f synchronizes the cluster after its last access to
/// another's. Nothing where there are no clusters: such networks are refused there.
template <typename F>
__global__ void __maxnreg__(max_registers)
    work_in_clusters([[maybe_unused]] const __grid_constant__ F f, [[maybe_unused]] std::uint32_t networks,
                     [[maybe_unused]] std::uint32_t ranks) {
#if defined(MODSWEEP_HAS_CLUSTERS)
  DeviceClusterBlock block(block_memory());
  for (std::uint32_t p = blockIdx.x / ranks; p < networks; p += gridDim.x / ranks) f(block, p);
#endif
}

}  // namespace modsweep::fused
