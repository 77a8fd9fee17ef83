// Memory of a device, and pinned memory of the host to copy through.
#pragma once

#include "device/cuda_check.h"

#include <cstddef>
#include <memory>
#include <type_traits>

namespace modsweep::device {

/// Zeroed values in device memory, [size]. Move-only. Plain cudaMalloc: freed memory is available at once.
template <typename U>
class Array {
 public:
  Array() = default;
  /// Later work on `stream` sees the zeros. Throws OutOfMemory.
  Array(std::size_t count, cudaStream_t stream) : size_(count) {
    if (count == 0) return;
    void* data = nullptr;
    MODSWEEP_CHECK(cudaMalloc(&data, count * sizeof(U)));
    values_.reset(static_cast<U*>(data));
    MODSWEEP_CHECK(cudaMemsetAsync(data, 0, count * sizeof(U), stream));
  }
  [[nodiscard]] U* data() { return values_.get(); }
  [[nodiscard]] const U* data() const { return values_.get(); }
  [[nodiscard]] std::size_t size() const { return size_; }

 private:
  struct Free {
    void operator()(U* p) const { ignore(cudaFree(const_cast<std::remove_const_t<U>*>(p))); }
  };
  std::unique_ptr<U, Free> values_;
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
