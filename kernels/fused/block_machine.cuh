// A CUDA device as the backend of kernels/fused/fused_training.h.
#pragma once

#include "device/backend.cuh"
#include "fused/block_kernels.cuh"
#include "fused/block_plan.h"
#include "fused/launch_bounds.h"
#include "fused/tile_machine.cuh"

#include <algorithm>
#include <bit>
#include <string>

namespace modsweep::fused {

/// Work of a cluster that takes as much as any: a multiprocessor holds one block with all the shared memory.
struct AnyClusterWork {
  MODSWEEP_HD void operator()(DeviceClusterBlock&, std::uint32_t) const {}
};

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
    const std::size_t block = value_of(cudaDevAttrMaxSharedMemoryPerBlockOptin);
    return {.block = block,
            .multiprocessor = value_of(cudaDevAttrMaxSharedMemoryPerMultiprocessor),
            .reserved = value_of(cudaDevAttrReservedSharedMemoryPerBlock),
            .max_ranks = value_of(cudaDevAttrClusterLaunch) == 0 ? 1 : ranks_of_cluster(device, block)};
  }

  /// Blocks of a cluster, 1, 2, 4 or 8: as many as the device runs at once where each has all the memory that
  /// a block may have. Parts of a device (MIG) may have less than portable_ranks.
  [[nodiscard]] static std::uint32_t ranks_of_cluster(int device, std::size_t block) {
    MODSWEEP_CHECK(cudaSetDevice(device));
    auto* const kernel = work_in_clusters<AnyClusterWork>;
    MODSWEEP_CHECK(
        cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, static_cast<int>(block)));
    cudaLaunchConfig_t config{};
    config.gridDim = portable_ranks;
    config.blockDim = most_threads;
    config.dynamicSmemBytes = block;
    int ranks = 0;
    MODSWEEP_CHECK(cudaOccupancyMaxPotentialClusterSize(&ranks, kernel, &config));
    return std::bit_floor(std::clamp(static_cast<std::uint32_t>(std::max(ranks, 1)), 1U, portable_ranks));
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
    if (bytes > limits_.block || threads > most_threads || ranks > limits_.max_ranks)
      throw LogicError(std::to_string(ranks) + " blocks of " + std::to_string(bytes) + " bytes and " +
                       std::to_string(threads) + " threads; there are " + std::to_string(limits_.max_ranks) +
                       " of " + std::to_string(limits_.block) + " and " + std::to_string(most_threads));
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
