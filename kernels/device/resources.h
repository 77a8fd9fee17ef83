// What packs in training share of a device, and what each has for itself. Both are kept from pack to pack:
// streams, library handles and pinned memory take long to create, and to destroy them waits for the device.
#pragma once

#include "device/eigenvalue_solver.h"
#include "device/handles.h"
#include "device/memory.h"

#include <memory>
#include <mutex>
#include <shared_mutex>
#include <utility>
#include <vector>

#include "modsweep/gpu.h"

namespace modsweep::device {

class DeviceResources;

/// Stream, handles and scratch memory of one pack at a time.
class StreamResources {
 public:
  /// Selects the device for the calling thread. The device's resources must outlive it.
  explicit StreamResources(DeviceResources& device);
  ~StreamResources();
  StreamResources(const StreamResources&) = delete;
  StreamResources& operator=(const StreamResources&) = delete;

  [[nodiscard]] DeviceResources& device() const { return device_; }
  [[nodiscard]] cudaStream_t stream() const { return stream_.get(); }
  [[nodiscard]] PinnedBytes& staging() { return staging_; }

  template <typename U>
  [[nodiscard]] Array<U> allocate(std::size_t count);  ///< throws OutOfMemory

  /// Created at first use, with a workspace of its own: cuBLAS then does not allocate, which a graph could
  /// not capture.
  [[nodiscard]] cublasHandle_t blas();
  /// Created at first use.
  [[nodiscard]] EigenvalueSolver& solver();
  /// At least `bytes` bytes, kept until more are needed.
  [[nodiscard]] std::byte* scratch(std::size_t bytes) {
    if (scratch_.size() < bytes) {
      scratch_ = {};
      scratch_ = allocate<std::byte>(bytes);
    }
    return scratch_.data();
  }

 private:
  static constexpr std::size_t workspace_bytes = std::size_t{32} << 20;  // as cuBLAS recommends for Hopper
  static constexpr std::size_t staging_bytes = std::size_t{8} << 20;

  DeviceResources& device_;
  Stream stream_;
  PinnedBytes staging_;
  Array<std::byte> workspace_;
  Blas blas_;
  std::unique_ptr<EigenvalueSolver> solver_;
  Array<std::byte> scratch_;
};

/// One for all engines of a device. For several threads at once.
class DeviceResources {
 public:
  explicit DeviceResources(int index) : index_(index), memory_(index) {}

  [[nodiscard]] int index() const { return index_; }
  [[nodiscard]] DeviceMemory& memory() { return memory_; }
  /// Held exclusively during the capture of a graph, and shared by calls of libraries that may wait for the
  /// whole device, which would invalidate the captures of its streams, in whatever thread.
  [[nodiscard]] std::shared_mutex& captures() { return captures_; }

  /// One that was given back, or a new one.
  [[nodiscard]] std::unique_ptr<StreamResources> take() {
    {
      const std::lock_guard lock(mutex_);
      if (!idle_.empty()) {
        std::unique_ptr<StreamResources> resources = std::move(idle_.back());
        idle_.pop_back();
        return resources;
      }
    }
    return std::make_unique<StreamResources>(*this);
  }
  /// Keeps them for the next pack. The arrays of the last one were freed before.
  void give_back(std::unique_ptr<StreamResources> resources) {
    const std::lock_guard lock(mutex_);
    idle_.push_back(std::move(resources));
  }
  /// Destroys those that no pack uses, and frees their scratch memory.
  void free_idle() {
    std::vector<std::unique_ptr<StreamResources>> dropped;
    const std::lock_guard lock(mutex_);
    dropped.swap(idle_);
  }

 private:
  int index_;
  DeviceMemory memory_;
  std::shared_mutex captures_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<StreamResources>> idle_;
};

/// The resources of a device as the module lists it, or new ones for a device that is only named.
[[nodiscard]] inline std::shared_ptr<DeviceResources> resources_of(const GpuDevice& device) {
  return device.resources ? device.resources : std::make_shared<DeviceResources>(device.index);
}

inline StreamResources::StreamResources(DeviceResources& device)
    : device_(device),
      stream_([&device] {
        MODSWEEP_CHECK(cudaSetDevice(device.index()));
        return make_stream();
      }()),
      staging_(staging_bytes) {}

inline StreamResources::~StreamResources() {
  {
    const std::shared_lock lock(device_.captures());
    solver_.reset();
    blas_.reset();
  }
  scratch_ = {};
  workspace_ = {};
  ignore(cudaStreamSynchronize(stream_.get()));  // their memory is then free for all streams
}

template <typename U>
Array<U> StreamResources::allocate(std::size_t count) {
  try {
    return Array<U>(count, device_.memory(), stream_.get());
  } catch (const OutOfMemory&) {
    device_.free_idle();
    return Array<U>(count, device_.memory(), stream_.get());
  }
}

inline cublasHandle_t StreamResources::blas() {
  if (!blas_) {
    if (workspace_.size() == 0) workspace_ = allocate<std::byte>(workspace_bytes);
    const std::shared_lock lock(device_.captures());
    blas_ = make_blas(stream_.get());
    MODSWEEP_CHECK(cublasSetWorkspace(blas_.get(), workspace_.data(), workspace_.size()));
  }
  return blas_.get();
}

inline EigenvalueSolver& StreamResources::solver() {
  if (!solver_) {
    const std::shared_lock lock(device_.captures());
    solver_ = std::make_unique<EigenvalueSolver>(device_.memory(), stream_.get());
  }
  return *solver_;
}

}  // namespace modsweep::device
