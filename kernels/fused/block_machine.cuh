// A CUDA device as the backend of kernels/fused/fused_training.h.
#pragma once

#include "device/backend.cuh"
#include "fused/block.h"
#include "fused/block_plan.h"
#include "fused/device_code.cuh"
#include "fused/launch_bounds.h"
#include "fused/tile_machine.cuh"

#include <algorithm>
#include <string>

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

/// Threads of a block, at most.
constexpr std::uint32_t max_threads = 256;
/// Blocks of a cluster that every device with clusters runs.
constexpr std::uint32_t portable_ranks = 8;

/// Block x works on the networks x, x + gridDim.x, ... one after another, each alone in the dynamic shared
/// memory, which every thread writes; f synchronizes, at last after its last access. Up to `max_threads`
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

/// Not for several threads at once; several backends may share a device.
class BlockBackend : public device::Backend {
 public:
  explicit BlockBackend(const std::shared_ptr<device::DeviceResources>& resources)
      : Backend(resources), device_(resources->index()), limits_(limits_of(device_)) {}

  /// Throws IoError where the device does not answer.
  [[nodiscard]] static BlockLimits limits_of(int device) {
    const auto value_of = [device](cudaDeviceAttr attribute) {
      int value = 0;
      MODSWEEP_CHECK(cudaDeviceGetAttribute(&value, attribute, device));
      return static_cast<std::size_t>(value);
    };
    return {.block = value_of(cudaDevAttrMaxSharedMemoryPerBlockOptin),
            .multiprocessor = value_of(cudaDevAttrMaxSharedMemoryPerMultiprocessor),
            .reserved = value_of(cudaDevAttrReservedSharedMemoryPerBlock),
            .max_ranks = value_of(cudaDevAttrClusterLaunch) == 0 ? 1 : portable_ranks};
  }

  [[nodiscard]] const BlockLimits& limits() const { return limits_; }

  [[nodiscard]] std::uint32_t multiprocessors() const {
    int value = 0;
    MODSWEEP_CHECK(cudaDeviceGetAttribute(&value, cudaDevAttrMultiProcessorCount, device_));
    return static_cast<std::uint32_t>(value);
  }

  /// Resident blocks per multiprocessor with this register limit; at least 1.
  template <typename F>
  [[nodiscard]] std::uint32_t blocks_of_multiprocessor(std::uint32_t threads, std::size_t bytes,
                                                       std::uint32_t registers) const {
    MODSWEEP_CHECK(cudaSetDevice(device_));
    auto* const kernel = kernel_with<F>(registers);
    allow_shared_memory(kernel);
    int blocks = 0;
    MODSWEEP_CHECK(
        cudaOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, kernel, static_cast<int>(threads), bytes));
    return static_cast<std::uint32_t>(std::max(1, blocks));
  }

  /// Device time of the work that `launch` enqueues. It is called twice, and the second call is timed: the
  /// first keeps the device busy until the second is enqueued.
  template <typename Launch>
  [[nodiscard]] double milliseconds(const Launch& launch) {
    MODSWEEP_CHECK(cudaSetDevice(device_));
    const device::Event begin = device::make_event();
    const device::Event end = device::make_event();
    launch();
    MODSWEEP_CHECK(cudaEventRecord(begin.get(), stream()));
    launch();
    MODSWEEP_CHECK(cudaEventRecord(end.get(), stream()));
    MODSWEEP_CHECK(cudaEventSynchronize(end.get()));
    float time = 0.0F;
    MODSWEEP_CHECK(cudaEventElapsedTime(&time, begin.get(), end.get()));
    return static_cast<double>(time);
  }

  /// A block or cluster for each network: the device begins one where another ends, whatever their lengths,
  /// and other streams' work gets in between.
  template <typename F>
  void for_each_block(std::uint32_t networks, std::uint32_t ranks, std::uint32_t threads, std::size_t bytes,
                      const F& f, std::uint32_t registers = max_registers) {
    if (networks == 0) return;
    if (bytes > limits_.block || threads > max_threads || ranks > limits_.max_ranks)
      throw LogicError(std::to_string(ranks) + " blocks of " + std::to_string(bytes) + " bytes and " +
                       std::to_string(threads) + " threads; there are " + std::to_string(limits_.max_ranks) +
                       " of " + std::to_string(limits_.block) + " and " + std::to_string(max_threads));
    MODSWEEP_CHECK(cudaSetDevice(device_));
    if (ranks == 1)
      launch_blocks(networks, threads, bytes, f, registers);
    else
      launch_clusters(networks, ranks, threads, bytes, f);
  }

  /// A block of tile_threads threads for each item.
  template <typename F>
  void for_each_tile_block(std::uint32_t items, std::size_t bytes, const F& f) {
    if (items == 0) return;
    if (bytes > limits_.block)
      throw LogicError("blocks of " + std::to_string(bytes) + " bytes; there are " +
                       std::to_string(limits_.block));
    MODSWEEP_CHECK(cudaSetDevice(device_));
    allow_shared_memory(work_on_tiles<F>);
    const cudaLaunchConfig_t config = launch_config(items, tile_threads, bytes);
    MODSWEEP_CHECK(cudaLaunchKernelEx(&config, work_on_tiles<F>, f));
  }

 private:
  /// `work` for so many registers, which it must be compiled for.
  template <typename F>
  [[nodiscard]] static auto* kernel_with(std::uint32_t registers) {
    auto* kernel = work<F, max_registers>;
    if constexpr (F::chooses_registers)
      if (registers == fewer_registers) kernel = work<F, fewer_registers>;
    return kernel;
  }

  template <typename F>
  void launch_blocks(std::uint32_t networks, std::uint32_t threads, std::size_t bytes, const F& f,
                     std::uint32_t registers) {
    auto* const kernel = kernel_with<F>(registers);
    allow_shared_memory(kernel);
    const cudaLaunchConfig_t config = launch_config(networks, threads, bytes);
    MODSWEEP_CHECK(cudaLaunchKernelEx(&config, kernel, f, networks));
  }

  template <typename F>
  void launch_clusters(std::uint32_t networks, std::uint32_t ranks, std::uint32_t threads, std::size_t bytes,
                       const F& f) {
    allow_shared_memory(work_in_clusters<F>);
    cudaLaunchAttribute attribute{};
    attribute.id = cudaLaunchAttributeClusterDimension;
    attribute.val.clusterDim = {ranks, 1, 1};
    cudaLaunchConfig_t config = launch_config(ranks, threads, bytes);
    config.attrs = &attribute;
    config.numAttrs = 1;
    config.gridDim = ranks * networks;
    MODSWEEP_CHECK(cudaLaunchKernelEx(&config, work_in_clusters<F>, f, networks, ranks));
  }

  /// All that a block may have, whatever this launch wants: the attribute is the kernel's, and another thread
  /// may be about to launch it with more.
  template <typename Kernel>
  void allow_shared_memory(Kernel* kernel) const {
    MODSWEEP_CHECK(cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize,
                                        static_cast<int>(limits_.block)));
    // The plan counts on several blocks sharing a multiprocessor: all of its memory that can be shared.
    MODSWEEP_CHECK(cudaFuncSetAttribute(kernel, cudaFuncAttributePreferredSharedMemoryCarveout,
                                        cudaSharedmemCarveoutMaxShared));
  }

  int device_;
  BlockLimits limits_;
};

}  // namespace modsweep::fused
