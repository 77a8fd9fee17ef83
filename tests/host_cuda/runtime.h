// The state behind the stand-in's handles.
#pragma once

#include "cuda_runtime_api.h"

#include <chrono>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace modsweep::host_cuda {

using Work = std::function<void()>;

/// Work that can be launched repeatedly.
class Graph {
 public:
  int device = 0;
  std::vector<Work> works;
};

class Stream {
 public:
  int device = 0;
  std::mutex running;      ///< held while the stream's work runs
  std::deque<Work> queue;  ///< guarded by the runtime's mutex, like the members below
  std::unique_ptr<Graph> recording;
  std::thread::id recorder;
  bool broken = false;  ///< the capture is invalid
};

class Event {
 public:
  struct State {
    bool done = false;
    std::chrono::steady_clock::time_point time;
  };
  int device = 0;
  Stream* stream = nullptr;
  std::shared_ptr<State> state = std::make_shared<State>();
};

struct Block {
  std::size_t bytes = 0;
  int device = 0;
  struct MemoryPool* pool = nullptr;  ///< null: of cudaMalloc
};

/// Its arrays are allocations of their own of the host, each of the requested length, so that a sanitizer
/// finds accesses past their end; only the sums are a pool's.
struct MemoryPool {
  int device = 0;
  std::size_t used = 0;
  std::size_t reserved = 0;
};

/// Calls that may wait for the whole device or for the driver.
struct Counts {
  std::size_t allocations = 0;           ///< cudaMalloc, cudaMallocHost, and growths of a pool
  std::size_t frees = 0;                 ///< cudaFree, cudaFreeHost, and pools that shrink
  std::size_t handles = 0;               ///< of libraries, created and destroyed
  std::size_t streams = 0;               ///< created
  std::size_t captures = 0;              ///< of streams, begun
  std::size_t solves = 0;                ///< calls of cuSOLVER
  std::size_t largest_solve = 0;         ///< matrices
  std::size_t largest_solver_bytes = 0;  ///< workspace

  std::size_t products = 0;            ///< calls of cuBLAS
  std::size_t unaligned_products = 0;  ///< with an operand or a result that is at no multiple of 16 bytes

  [[nodiscard]] std::size_t waits() const { return allocations + frees + handles + streams; }
};

/// The properties of a small device similar to sm_90. Environment variables set some of them.
struct Properties {
  static constexpr int multiprocessors = 2;
  static constexpr std::size_t shared_of_multiprocessor = 233472;
  static constexpr std::size_t shared_of_block = 232448;
  static constexpr std::size_t shared_reserved = 1024;
  static constexpr std::size_t shared_unasked = 49152;
  static constexpr int threads_of_multiprocessor = 2048;
  static constexpr int registers_of_multiprocessor = 65536;
  static constexpr int registers_of_thread = 168;
  int count = 1;                               ///< MODSWEEP_HOST_CUDA_DEVICES
  std::size_t memory = std::size_t{1} << 30U;  ///< bytes; MODSWEEP_HOST_CUDA_MEMORY
  std::size_t launches = ~std::size_t{0};      ///< the last that succeeds; MODSWEEP_HOST_CUDA_LAUNCHES
  std::size_t captures = ~std::size_t{0};      ///< the last that succeeds; MODSWEEP_HOST_CUDA_CAPTURES
  int cluster_blocks = 8;                      ///< at most
  bool pools = true;                           ///< MODSWEEP_HOST_CUDA_POOLS
  int broken_device = -1;                      ///< that nobody can use; MODSWEEP_HOST_CUDA_BROKEN
  int old_device = -1;                         ///< of architecture sm_75; MODSWEEP_HOST_CUDA_OLD
};

/// There is one for the process, as with CUDA.
class Runtime {
 public:
  Runtime();

  std::mutex mutex;
  Properties properties;
  std::vector<std::size_t> used;             ///< bytes, [device]
  std::map<const std::byte*, Block> memory;  ///< device memory
  std::map<const std::byte*, std::size_t> pinned;
  std::map<Stream*, std::shared_ptr<Stream>> streams;
  std::map<const void*, std::size_t> dynamic_memory;  ///< a kernel's limit of it, if it was set
  std::set<const void*> loaded;                       ///< kernels that were launched before
  std::size_t launches = 0;
  Counts counts;  ///< guarded by the mutex
};

[[nodiscard]] Runtime& runtime();

[[nodiscard]] int current_device();
/// The value of an environment variable, or the usual one.
[[nodiscard]] std::size_t setting(const char* name, std::size_t usual);
/// Stores the error for cudaGetLastError and returns it.
cudaError_t report(cudaError_t error);
/// Whether the calling thread is capturing a stream; this call invalidates the capture.
[[nodiscard]] bool breaks_own_recording();
/// Runs the work in the stream.
[[nodiscard]] cudaError_t drain(const std::shared_ptr<Stream>& stream);
[[nodiscard]] std::shared_ptr<Stream> find(cudaStream_t stream);

}  // namespace modsweep::host_cuda
