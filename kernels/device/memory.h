// Memory of a device, and pinned memory of the host to copy through.
#pragma once

#include "device/cuda_check.h"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <type_traits>

namespace modsweep::device {

/// The memory of one device for all streams that use it. What an array gives back is kept for the next one,
/// in the order of its stream: cudaMalloc and cudaFree would ask the driver each time, and cudaFree waits for
/// all work of the device, other packs' training included. Where the device has no memory pools it is these
/// two nevertheless. For several threads at once.
class DeviceMemory {
 public:
  /// Selects the device for the calling thread.
  explicit DeviceMemory(int device) {
    MODSWEEP_CHECK(cudaSetDevice(device));
    int pools = 0;
    MODSWEEP_CHECK(cudaDeviceGetAttribute(&pools, cudaDevAttrMemoryPoolsSupported, device));
    if (pools == 0) return;
    cudaMemPoolProps properties{};
    properties.allocType = cudaMemAllocationTypePinned;
    properties.location.type = cudaMemLocationTypeDevice;
    properties.location.id = device;
    cudaMemPool_t pool = nullptr;
    MODSWEEP_CHECK(cudaMemPoolCreate(&pool, &properties));
    pool_.reset(pool);
    std::uint64_t keep = std::numeric_limits<std::uint64_t>::max();
    MODSWEEP_CHECK(cudaMemPoolSetAttribute(pool, cudaMemPoolAttrReleaseThreshold, &keep));
    int wait = 0;  // no stream waits for another one's work to get its memory
    MODSWEEP_CHECK(cudaMemPoolSetAttribute(pool, cudaMemPoolReuseAllowInternalDependencies, &wait));
  }

  /// For later work of this stream of the device, which is the calling thread's. Throws OutOfMemory.
  [[nodiscard]] void* take(std::size_t bytes, cudaStream_t stream) {
    void* data = nullptr;
    if (!pool_) {
      MODSWEEP_CHECK(cudaMalloc(&data, bytes));
      return data;
    }
    if (cudaMallocFromPoolAsync(&data, bytes, pool_.get(), stream) == cudaSuccess) return data;
    (void)cudaGetLastError();  // what is kept may lie in pieces, or belong to work that has just ended
    MODSWEEP_CHECK(cudaStreamSynchronize(stream));
    MODSWEEP_CHECK(cudaMemPoolTrimTo(pool_.get(), 0));
    MODSWEEP_CHECK(cudaMallocFromPoolAsync(&data, bytes, pool_.get(), stream));
    return data;
  }

  /// After all work that the stream has by now.
  void give_back(void* data, cudaStream_t stream) noexcept {
    ignore(pool_ ? cudaFreeAsync(data, stream) : cudaFree(data));
  }

  /// Bytes that are kept for later arrays.
  [[nodiscard]] std::size_t idle_bytes() const {
    if (!pool_) return 0;
    std::uint64_t reserved = 0;
    std::uint64_t used = 0;
    MODSWEEP_CHECK(cudaMemPoolGetAttribute(pool_.get(), cudaMemPoolAttrReservedMemCurrent, &reserved));
    MODSWEEP_CHECK(cudaMemPoolGetAttribute(pool_.get(), cudaMemPoolAttrUsedMemCurrent, &used));
    return reserved > used ? static_cast<std::size_t>(reserved - used) : 0;
  }

 private:
  struct Destroy {
    void operator()(cudaMemPool_t pool) const { ignore(cudaMemPoolDestroy(pool)); }
  };
  std::unique_ptr<std::remove_pointer_t<cudaMemPool_t>, Destroy> pool_;
};

/// Zeroed values in device memory, [size]. Move-only. The memory and the stream must outlive it.
template <typename U>
class Array {
 public:
  Array() = default;
  /// Work on `stream`, which later uses it, sees the zeros. Throws OutOfMemory.
  Array(std::size_t count, DeviceMemory& memory, cudaStream_t stream) : size_(count) {
    if (count == 0) return;
    void* data = memory.take(count * sizeof(U), stream);
    values_ = Values(static_cast<U*>(data), GiveBack{&memory, stream});
    MODSWEEP_CHECK(cudaMemsetAsync(data, 0, count * sizeof(U), stream));
  }
  [[nodiscard]] U* data() { return values_.get(); }
  [[nodiscard]] const U* data() const { return values_.get(); }
  [[nodiscard]] std::size_t size() const { return size_; }

 private:
  struct GiveBack {
    DeviceMemory* memory = nullptr;
    cudaStream_t stream = nullptr;
    void operator()(U* p) const { memory->give_back(const_cast<std::remove_const_t<U>*>(p), stream); }
  };
  using Values = std::unique_ptr<U, GiveBack>;
  Values values_;
  std::size_t size_ = 0;
};

/// Pinned host memory, which devices copy to and from directly.
class PinnedBytes {
 public:
  explicit PinnedBytes(std::size_t count) : size_(count) {
    void* data = nullptr;
    MODSWEEP_CHECK(cudaMallocHost(&data, count));
    bytes_.reset(static_cast<std::byte*>(data));
  }
  [[nodiscard]] std::byte* data() { return bytes_.get(); }
  [[nodiscard]] std::size_t size() const { return size_; }

 private:
  struct Free {
    void operator()(std::byte* p) const { ignore(cudaFreeHost(p)); }
  };
  std::unique_ptr<std::byte, Free> bytes_;
  std::size_t size_ = 0;
};

}  // namespace modsweep::device
