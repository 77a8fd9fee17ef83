// A CUDA device as the machine of kernels/fused/fused_training.h.
#pragma once

#include "device/machine.cuh"
#include "fused/block.h"
#include "fused/block_plan.h"

#include <algorithm>
#include <string>

namespace modsweep::fused {

/// A thread block of the device, as block.h wants it.
class DeviceBlock {
 public:
  MODSWEEP_HD explicit DeviceBlock(std::byte* shared) : shared_(shared) {}

  [[nodiscard]] MODSWEEP_HD std::byte* shared() const { return shared_; }

  template <typename... Parts>
  MODSWEEP_HD void phase(const Parts&... parts) {
#if defined(__CUDA_ARCH__)
    deal(threadIdx.x, blockDim.x, parts...);
    __syncthreads();
#endif
  }

 private:
  std::byte* shared_;
};

/// Threads of a block, at most.
constexpr std::uint32_t most_threads = 256;

/// Block x works on the networks x, x + gridDim.x, ... one after another, each alone in the dynamic shared
/// memory, which every thread writes; f synchronizes, at last after its last access. Up to `most_threads`
/// threads, a power of two, in one dimension.
template <typename F>
__global__ void __launch_bounds__(most_threads) work(const __grid_constant__ F f, std::uint32_t networks) {
  extern __shared__ __align__(16) std::byte shared[];
  DeviceBlock block(shared);
  for (std::uint32_t p = blockIdx.x; p < networks; p += gridDim.x) f(block, p);
}

/// Not for several threads at once; several machines may share a device.
class BlockMachine : public device::Machine {
 public:
  explicit BlockMachine(int device) : Machine(device), device_(device), limits_(limits_of(device)) {}

  /// Throws IoError where the device does not answer.
  [[nodiscard]] static BlockLimits limits_of(int device) {
    const auto bytes = [device](cudaDeviceAttr attribute) {
      int value = 0;
      MODSWEEP_CHECK(cudaDeviceGetAttribute(&value, attribute, device));
      return static_cast<std::size_t>(value);
    };
    return {.block = bytes(cudaDevAttrMaxSharedMemoryPerBlockOptin),
            .multiprocessor = bytes(cudaDevAttrMaxSharedMemoryPerMultiprocessor),
            .reserved = bytes(cudaDevAttrReservedSharedMemoryPerBlock)};
  }

  [[nodiscard]] const BlockLimits& limits() const { return limits_; }

  /// As many blocks as the device holds at once, or as there are networks if those are fewer.
  template <typename F>
  void for_each_block(std::uint32_t networks, std::uint32_t threads, std::size_t bytes, const F& f) {
    if (networks == 0) return;
    if (bytes > limits_.block || threads > most_threads)
      throw LogicError("a block of " + std::to_string(bytes) + " bytes and " + std::to_string(threads) +
                       " threads; there are " + std::to_string(limits_.block) + " and " +
                       std::to_string(most_threads));
    MODSWEEP_CHECK(cudaSetDevice(device_));
    MODSWEEP_CHECK(
        cudaFuncSetAttribute(work<F>, cudaFuncAttributeMaxDynamicSharedMemorySize, static_cast<int>(bytes)));
    // The plan counts on several blocks sharing a multiprocessor: all of its memory that can be shared.
    MODSWEEP_CHECK(cudaFuncSetAttribute(work<F>, cudaFuncAttributePreferredSharedMemoryCarveout,
                                        cudaSharedmemCarveoutMaxShared));
    int blocks = 0;
    int multiprocessors = 0;
    MODSWEEP_CHECK(
        cudaOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, work<F>, static_cast<int>(threads), bytes));
    MODSWEEP_CHECK(cudaDeviceGetAttribute(&multiprocessors, cudaDevAttrMultiProcessorCount, device_));
    const auto resident = static_cast<std::uint32_t>(std::max(1, blocks) * multiprocessors);
    work<<<std::min(networks, resident), threads, bytes, stream()>>>(f, networks);
    MODSWEEP_CHECK(cudaGetLastError());
  }

 private:
  int device_;
  BlockLimits limits_;
};

}  // namespace modsweep::fused
