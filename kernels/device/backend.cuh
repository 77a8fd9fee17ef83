// A CUDA device as a backend (pack/backend.h). It has one stream: operations run in the order of the calls;
// only copies wait.
#pragma once

#include "device/handles.h"
#include "device/kernel_timer.h"
#include "device/memory.h"
#include "pack/product.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <functional>
#include <vector>

#include <cub/device/device_segmented_reduce.cuh>
#include <thrust/iterator/counting_iterator.h>
#include <thrust/iterator/transform_iterator.h>

namespace modsweep::device {

/// Block (x, y) processes items blockDim.x * x + ... of the networks y, y + gridDim.y, ...; no shared memory,
/// no synchronization. Any number of networks and items.
template <typename F>
__global__ void apply(const F f, std::uint32_t networks, std::uint32_t items) {
  const std::uint32_t item = blockIdx.x * blockDim.x + threadIdx.x;
  if (item >= items) return;
  for (std::uint32_t p = blockIdx.y; p < networks; p += gridDim.y) f(p, item);
}

/// A function of (segment, item) as a function of the position in the concatenated segments.
template <typename F>
struct Flattened {
  F f;
  std::size_t length = 1;
  __host__ __device__ double operator()(std::size_t place) const { return f(place / length, place % length); }
};

struct Multiples {
  std::size_t factor = 1;
  __host__ __device__ std::size_t operator()(std::size_t n) const { return n * factor; }
};

/// For one thread at a time; several backends may share a device.
class Backend {
 public:
  template <typename U>
  using Array = device::Array<U>;
  /// Work to be repeated: a graph of one repetition and one of `row_length` repetitions, since a device
  /// pauses between graphs; with a timer, which has to see each launch, the work itself.
  struct Graph {
    static constexpr std::uint64_t row_length = 16;
    GraphExecutable once;
    GraphExecutable row;
    std::function<void()> work;
  };

  /// `timer`, if any, times all that for_each() and gemm() enqueue.
  explicit Backend(int device, KernelTimer* timer = nullptr) : device_(device), timer_(timer) {
    activate();
    stream_ = make_stream();
    staging_ = std::make_unique<PinnedBytes>(staging_bytes);
  }

  [[nodiscard]] cudaStream_t stream() const { return stream_.get(); }

  /// Selects TensorFloat-32 or plain single precision for later products of floats.
  void use_tf32(bool on) {
    MODSWEEP_CHECK(cublasSetMathMode(blas(), on ? CUBLAS_TF32_TENSOR_OP_MATH : CUBLAS_DEFAULT_MATH));
  }

  template <typename U>
  [[nodiscard]] Array<U> allocate(std::size_t count) {
    activate();
    return Array<U>(count, stream_.get());
  }

  template <typename U>
  void upload(Array<U>& to, const U* from, std::size_t count, std::size_t offset = 0) {
    check_range(offset + count, to.size());
    activate();
    in_pieces(count * sizeof(U), [&](std::size_t first, std::size_t bytes) {
      std::memcpy(staging_->data(), reinterpret_cast<const std::byte*>(from) + first, bytes);
      auto* device =
          reinterpret_cast<std::byte*>(const_cast<std::remove_const_t<U>*>(to.data() + offset)) + first;
      MODSWEEP_CHECK(cudaMemcpyAsync(device, staging_->data(), bytes, cudaMemcpyHostToDevice, stream_.get()));
      synchronize();
    });
  }

  template <typename U>
  void download(U* to, const Array<U>& from, std::size_t count, std::size_t offset = 0) {
    check_range(offset + count, from.size());
    activate();
    in_pieces(count * sizeof(U), [&](std::size_t first, std::size_t bytes) {
      const auto* device = reinterpret_cast<const std::byte*>(from.data() + offset) + first;
      MODSWEEP_CHECK(cudaMemcpyAsync(staging_->data(), device, bytes, cudaMemcpyDeviceToHost, stream_.get()));
      synchronize();
      std::memcpy(reinterpret_cast<std::byte*>(to) + first, staging_->data(), bytes);
    });
  }

  template <typename F>
  void for_each(std::uint32_t networks, std::uint32_t items, const F& f) {
    if (networks == 0 || items == 0) return;
    activate();
    constexpr std::uint32_t max_threads = 256;
    constexpr std::uint32_t warp = 32;
    constexpr std::uint32_t max_rows = 65535;
    const std::uint32_t blocks = (items + max_threads - 1) / max_threads;
    const std::uint32_t share = (items + blocks - 1) / blocks;  // evenly, so that few threads have no item
    const std::uint32_t threads = (share + warp - 1) / warp * warp;
    const dim3 grid((items + threads - 1) / threads, std::min(networks, max_rows));
    if (timer_ != nullptr) timer_->begin(stream_.get());
    const cudaLaunchConfig_t config = launch_config(grid, threads, 0);
    MODSWEEP_CHECK(cudaLaunchKernelEx(&config, apply<F>, f, networks, items));
    if (timer_ != nullptr) timer_->end(stream_.get(), f);
  }

  void gemm(const pack::BatchedProduct<float>& g) {
    gemm(g, [](auto... arguments) { return cublasSgemmStridedBatched(arguments...); });
  }
  void gemm(const pack::BatchedProduct<double>& g) {
    gemm(g, [](auto... arguments) { return cublasDgemmStridedBatched(arguments...); });
  }

  /// results[s] = f(s, 0) ... f(s, length - 1), joined from 0 on, in an order that depends only on the
  /// length.
  template <typename F, typename Operation>
  void reduce(std::size_t segments, std::size_t length, const F& f, const Operation& join, double* results) {
    if (segments == 0) return;
    activate();
    const thrust::counting_iterator<std::size_t> places(0);
    const auto values = thrust::make_transform_iterator(places, Flattened<F>{f, length});
    const auto begins = thrust::make_transform_iterator(places, Multiples{length});
    const auto count = static_cast<std::int64_t>(segments);
    std::size_t bytes = 0;
    MODSWEEP_CHECK(cub::DeviceSegmentedReduce::Reduce(nullptr, bytes, values, results, count, begins,
                                                      begins + 1, join, 0.0, stream_.get()));
    if (reduce_workspace_.size() < bytes) {
      reduce_workspace_ = {};
      reduce_workspace_ = allocate<std::byte>(bytes);
    }
    MODSWEEP_CHECK(cub::DeviceSegmentedReduce::Reduce(reduce_workspace_.data(), bytes, values, results, count,
                                                      begins, begins + 1, join, 0.0, stream_.get()));
  }

  /// Eigenvalues of symmetric matrices [count][n][n], which are overwritten; ascending, [count][n]. Throws
  /// IoError where the solver fails.
  void eigenvalues(double* matrices, double* values, std::uint32_t n, std::size_t count) {
    activate();
    const auto order = static_cast<std::int64_t>(n);
    const auto batch = static_cast<std::int64_t>(count);
    if (!solver_) {
      solver_ = make_solver(stream_.get());
      cusolverDnParams_t parameters = nullptr;
      MODSWEEP_CHECK(cusolverDnCreateParams(&parameters));
      solver_parameters_.reset(parameters);
    }
    const auto lock = lock_capture();
    std::size_t device_bytes = 0;
    std::size_t host_bytes = 0;
    MODSWEEP_CHECK(cusolverDnXsyevBatched_bufferSize(
        solver_.get(), solver_parameters_.get(), CUSOLVER_EIG_MODE_NOVECTOR, CUBLAS_FILL_MODE_LOWER, order,
        CUDA_R_64F, matrices, order, CUDA_R_64F, values, CUDA_R_64F, &device_bytes, &host_bytes, batch));
    if (solver_workspace_.size() < device_bytes) {
      solver_workspace_ = {};
      solver_workspace_ = allocate<std::byte>(device_bytes);
    }
    if (solver_info_.size() < count) solver_info_ = allocate<int>(count);
    solver_host_workspace_.resize(std::max(solver_host_workspace_.size(), host_bytes));
    MODSWEEP_CHECK(cusolverDnXsyevBatched(
        solver_.get(), solver_parameters_.get(), CUSOLVER_EIG_MODE_NOVECTOR, CUBLAS_FILL_MODE_LOWER, order,
        CUDA_R_64F, matrices, order, CUDA_R_64F, values, CUDA_R_64F, solver_workspace_.data(), device_bytes,
        solver_host_workspace_.data(), host_bytes, solver_info_.data(), batch));
    std::vector<int> info(count);
    download(info.data(), solver_info_, count);
    for (std::size_t i = 0; i < count; ++i)
      if (info[i] != 0)
        throw IoError("cusolverDnXsyevBatched: no eigenvalues of matrix " + std::to_string(i) + " of " +
                      std::to_string(count) + ", order " + std::to_string(n) + " (info " +
                      std::to_string(info[i]) + "); run the same command with --engine cpu");
  }

  /// `work` also runs once beforehand, so that nothing is loaded or set up for the first time during the
  /// capture; with a timer it is stored, and must not outlive the objects that it refers to.
  template <typename Work>
  [[nodiscard]] Graph capture(const Work& work) {
    if (timer_ != nullptr) return {.once = {}, .row = {}, .work = work};
    const auto lock = lock_capture();
    activate();
    work();
    synchronize();
    return {.once = instantiate(work, 1), .row = instantiate(work, Graph::row_length), .work = {}};
  }

  void launch(const Graph& graph, std::uint64_t times) {
    activate();
    if (timer_ != nullptr) {
      for (std::uint64_t i = 0; i < times; ++i) graph.work();
      return;
    }
    const auto repeat = [this](const GraphExecutable& executable, std::uint64_t count) {
      for (std::uint64_t i = 0; i < count; ++i)
        MODSWEEP_CHECK(cudaGraphLaunch(executable.get(), stream_.get()));
    };
    repeat(graph.row, times / Graph::row_length);
    repeat(graph.once, times % Graph::row_length);
  }

  void synchronize() { MODSWEEP_CHECK(cudaStreamSynchronize(stream_.get())); }

 protected:
  [[nodiscard]] cudaLaunchConfig_t launch_config(dim3 grid, std::uint32_t threads,
                                                 std::size_t shared_bytes) const {
    cudaLaunchConfig_t config{};
    config.gridDim = grid;
    config.blockDim = threads;
    config.dynamicSmemBytes = shared_bytes;
    config.stream = stream_.get();
    return config;
  }

 private:
  static constexpr std::size_t workspace_bytes = std::size_t{32} << 20;  // as cuBLAS recommends for Hopper
  static constexpr std::size_t staging_bytes = std::size_t{8} << 20;

  /// Selects the calling thread's device: different threads may use a backend one after another.
  void activate() const { MODSWEEP_CHECK(cudaSetDevice(device_)); }

  /// Created at first use, with a workspace of its own: cuBLAS then does not allocate, which a graph could
  /// not capture.
  [[nodiscard]] cublasHandle_t blas() {
    if (!blas_) {
      workspace_ = allocate<std::byte>(workspace_bytes);
      blas_ = make_blas(stream_.get());
      MODSWEEP_CHECK(cublasSetWorkspace(blas_.get(), workspace_.data(), workspace_.size()));
    }
    return blas_.get();
  }

  static void check_range(std::size_t end, std::size_t size) {
    if (end > size)
      throw LogicError("a copy that ends at " + std::to_string(end) + " of " + std::to_string(size) +
                       " values");
  }

  /// A graph of `times` repetitions of `work`.
  template <typename Work>
  [[nodiscard]] GraphExecutable instantiate(const Work& work, std::uint64_t times) {
    cudaGraph_t graph = nullptr;
    MODSWEEP_CHECK(cudaStreamBeginCapture(stream_.get(), cudaStreamCaptureModeThreadLocal));
    try {
      for (std::uint64_t i = 0; i < times; ++i) work();
    } catch (...) {
      ignore(cudaStreamEndCapture(stream_.get(), &graph));
      const GraphHandle dropped(graph);
      throw;
    }
    MODSWEEP_CHECK(cudaStreamEndCapture(stream_.get(), &graph));
    const GraphHandle owned(graph);
    cudaGraphExec_t executable = nullptr;
    MODSWEEP_CHECK(cudaGraphInstantiate(&executable, graph, 0));
    return GraphExecutable(executable);
  }

  template <typename Copy>
  static void in_pieces(std::size_t bytes, const Copy& copy) {
    for (std::size_t first = 0; first < bytes; first += staging_bytes)
      copy(first, std::min(staging_bytes, bytes - first));
  }

  /// Row-major C = A B is column-major C^T = B^T A^T, and a row-major matrix is its column-major transpose.
  template <typename T, typename Gemm>
  void gemm(const pack::BatchedProduct<T>& g, const Gemm& gemm) {
    activate();
    const auto as_int = [](std::size_t n) { return static_cast<int>(n); };
    const auto stride = [](std::size_t n) { return static_cast<long long>(n); };
    const auto operation = [](bool transposed) { return transposed ? CUBLAS_OP_T : CUBLAS_OP_N; };
    const T one = T(1);
    const T zero = T(0);
    if (timer_ != nullptr) timer_->begin(stream_.get());
    MODSWEEP_CHECK(gemm(blas(), operation(g.b.transposed), operation(g.a.transposed), as_int(g.columns),
                        as_int(g.rows), as_int(g.inner), &one, g.b.data, as_int(g.b.row), stride(g.b.network),
                        g.a.data, as_int(g.a.row), stride(g.a.network), &zero, g.c.data, as_int(g.c.row),
                        stride(g.c.network), as_int(g.networks)));
    if (timer_ != nullptr) timer_->end(stream_.get(), g);
  }

  int device_;
  KernelTimer* timer_;
  Stream stream_;
  Array<std::byte> workspace_;
  Blas blas_;
  std::unique_ptr<PinnedBytes> staging_;
  Array<std::byte> reduce_workspace_;
  Solver solver_;  ///< created at first use, as are its parameters and workspaces
  SolverParameters solver_parameters_;
  Array<std::byte> solver_workspace_;
  std::vector<std::byte> solver_host_workspace_;
  Array<int> solver_info_;
};

}  // namespace modsweep::device
