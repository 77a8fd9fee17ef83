// A CUDA device as a backend (pack/backend.h). It has one stream: operations run in the order of the calls;
// only copies wait.
#pragma once

#include "device/apply.cuh"
#include "device/kernel_timer.h"
#include "device/resources.h"
#include "pack/product.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <shared_mutex>
#include <vector>

#include <cub/device/device_segmented_reduce.cuh>
#include <thrust/iterator/counting_iterator.h>
#include <thrust/iterator/transform_iterator.h>

namespace modsweep::device {

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
  /// pauses between graphs. Without graphs it is enqueued anew each time: with a timer, which has to see each
  /// launch, and where the capture failed.
  struct Graph {
    static constexpr std::uint64_t row_length = 16;
    GraphExecutable once;
    GraphExecutable row;
    std::function<void()> work;
  };

  /// `timer`, if any, times all that for_each() and gemm() enqueue.
  explicit Backend(std::shared_ptr<DeviceResources> device, KernelTimer* timer = nullptr)
      : device_resources_(std::move(device)),
        timer_(timer),
        resources_(device_resources_->take()),
        stream_(resources_->stream()) {}
  ~Backend() { device_resources_->give_back(std::move(resources_)); }
  Backend(const Backend&) = delete;
  Backend& operator=(const Backend&) = delete;

  [[nodiscard]] cudaStream_t stream() const { return stream_; }

  /// What the user should know of the work so far; empty: nothing.
  [[nodiscard]] const std::string& note() const { return note_; }

  /// Selects TensorFloat-32 or plain single precision for later products of floats.
  void use_tf32(bool on) {
    activate();
    MODSWEEP_CHECK(
        cublasSetMathMode(resources_->blas(), on ? CUBLAS_TF32_TENSOR_OP_MATH : CUBLAS_DEFAULT_MATH));
  }

  template <typename U>
  [[nodiscard]] Array<U> allocate(std::size_t count) {
    activate();
    return resources_->allocate<U>(count);
  }

  template <typename U>
  void upload(Array<U>& to, const U* from, std::size_t count, std::size_t offset = 0) {
    check_range(offset + count, to.size());
    activate();
    in_pieces(count * sizeof(U), [&](std::size_t first, std::size_t bytes) {
      std::memcpy(resources_->staging().data(), reinterpret_cast<const std::byte*>(from) + first, bytes);
      auto* device =
          reinterpret_cast<std::byte*>(const_cast<std::remove_const_t<U>*>(to.data() + offset)) + first;
      MODSWEEP_CHECK(
          cudaMemcpyAsync(device, resources_->staging().data(), bytes, cudaMemcpyHostToDevice, stream_));
      synchronize();
    });
  }

  template <typename U>
  void download(U* to, const Array<U>& from, std::size_t count, std::size_t offset = 0) {
    check_range(offset + count, from.size());
    activate();
    in_pieces(count * sizeof(U), [&](std::size_t first, std::size_t bytes) {
      const auto* device = reinterpret_cast<const std::byte*>(from.data() + offset) + first;
      MODSWEEP_CHECK(
          cudaMemcpyAsync(resources_->staging().data(), device, bytes, cudaMemcpyDeviceToHost, stream_));
      synchronize();
      std::memcpy(reinterpret_cast<std::byte*>(to) + first, resources_->staging().data(), bytes);
    });
  }

  template <typename F>
  void for_each(std::uint32_t networks, std::uint32_t items, const F& f) {
    if (networks == 0 || items == 0) return;
    activate();
    const ApplyGrid grid = apply_grid(networks, items);
    if (timer_ != nullptr) timer_->begin(stream_);
    const cudaLaunchConfig_t config = launch_config(dim3(grid.x, grid.y), grid.threads, 0);
    MODSWEEP_CHECK(cudaLaunchKernelEx(&config, apply<F>, f, networks, items));
    if (timer_ != nullptr) timer_->end(stream_, f);
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
    const auto count =
        static_cast<int>(segments);  // CUB before 3.0 takes no other type, later ones convert it
    std::size_t bytes = 0;
    MODSWEEP_CHECK(cub::DeviceSegmentedReduce::Reduce(nullptr, bytes, values, results, count, begins,
                                                      begins + 1, join, 0.0, stream_));
    MODSWEEP_CHECK(cub::DeviceSegmentedReduce::Reduce(resources_->scratch(bytes), bytes, values, results,
                                                      count, begins, begins + 1, join, 0.0, stream_));
  }

  /// Eigenvalues of symmetric matrices [count][n][n], which are overwritten; ascending, [count][n]. Throws
  /// IoError where the solver fails.
  void eigenvalues(double* matrices, double* values, std::uint32_t n, std::size_t count) {
    if (count == 0) return;
    activate();
    EigenvalueSolver& solver = resources_->solver();
    const Array<int>* outcomes = nullptr;
    {
      const std::shared_lock lock(device_resources_->captures());
      outcomes = &solver.enqueue(matrices, values, n, count);
    }
    std::vector<int> info(count);
    download(info.data(), *outcomes, count);
    for (std::size_t i = 0; i < count; ++i)
      if (info[i] != 0)
        throw IoError("cusolverDnXsyevBatched: no eigenvalues of matrix " + std::to_string(i) + " of " +
                      std::to_string(count) + ", order " + std::to_string(n) + " (info " +
                      std::to_string(info[i]) + "); run the same command with --engine cpu");
  }

  /// `work` also runs once beforehand, so that nothing is loaded or set up for the first time during the
  /// capture. It is stored, and must not outlive the objects that it refers to. A capture that fails is tried
  /// once more: another thread's first use of something may have been in its way.
  template <typename Work>
  [[nodiscard]] Graph capture(const Work& work) {
    Graph graph{.once = {}, .row = {}, .work = work};
    if (timer_ != nullptr) return graph;
    activate();
    work();
    synchronize();
    for (int attempt = 0; attempt < 2; ++attempt) {
      try {
        const std::unique_lock lock(device_resources_->captures());
        graph.once = instantiate(work, 1);
        graph.row = instantiate(work, Graph::row_length);
        note_.clear();
        return graph;
      } catch (const CaptureFailed& error) {
        note_ =
            std::string("a training step cannot be captured as a graph, so that its kernels are launched ") +
            "one by one: same results, slower (" + error.what() + ")";
      }
    }
    graph.once.reset();
    return graph;
  }

  void launch(const Graph& graph, std::uint64_t times) {
    activate();
    if (!graph.row) {
      for (std::uint64_t i = 0; i < times; ++i) graph.work();
      return;
    }
    const auto repeat = [this](const GraphExecutable& executable, std::uint64_t count) {
      for (std::uint64_t i = 0; i < count; ++i) MODSWEEP_CHECK(cudaGraphLaunch(executable.get(), stream_));
    };
    repeat(graph.row, times / Graph::row_length);
    repeat(graph.once, times % Graph::row_length);
  }

  void synchronize() { MODSWEEP_CHECK(cudaStreamSynchronize(stream_)); }

 protected:
  [[nodiscard]] cudaLaunchConfig_t launch_config(dim3 grid, std::uint32_t threads,
                                                 std::size_t shared_bytes) const {
    cudaLaunchConfig_t config{};
    config.gridDim = grid;
    config.blockDim = threads;
    config.dynamicSmemBytes = shared_bytes;
    config.stream = stream_;
    return config;
  }

 private:
  /// Selects the calling thread's device: different threads may use a backend one after another.
  void activate() const { MODSWEEP_CHECK(cudaSetDevice(device_resources_->index())); }

  static void check_range(std::size_t end, std::size_t size) {
    if (end > size)
      throw LogicError("a copy that ends at " + std::to_string(end) + " of " + std::to_string(size) +
                       " values");
  }

  /// A graph of `times` repetitions of `work`.
  template <typename Work>
  [[nodiscard]] GraphExecutable instantiate(const Work& work, std::uint64_t times) {
    cudaGraph_t graph = nullptr;
    MODSWEEP_CHECK(cudaStreamBeginCapture(stream_, cudaStreamCaptureModeThreadLocal));
    try {
      for (std::uint64_t i = 0; i < times; ++i) work();
    } catch (...) {
      const cudaError_t status = cudaStreamEndCapture(stream_, &graph);
      const GraphHandle dropped(graph);
      (void)cudaGetLastError();
      if (of_capture(status)) check(status, "cudaStreamEndCapture");  // what cuBLAS says is less exact
      throw;
    }
    MODSWEEP_CHECK(cudaStreamEndCapture(stream_, &graph));
    const GraphHandle owned(graph);
    cudaGraphExec_t executable = nullptr;
    MODSWEEP_CHECK(cudaGraphInstantiate(&executable, graph, 0));
    return GraphExecutable(executable);
  }

  template <typename Copy>
  void in_pieces(std::size_t bytes, const Copy& copy) {
    const std::size_t piece = resources_->staging().size();
    for (std::size_t first = 0; first < bytes; first += piece) copy(first, std::min(piece, bytes - first));
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
    if (timer_ != nullptr) timer_->begin(stream_);
    MODSWEEP_CHECK(gemm(resources_->blas(), operation(g.b.transposed), operation(g.a.transposed),
                        as_int(g.columns), as_int(g.rows), as_int(g.inner), &one, g.b.data, as_int(g.b.row),
                        stride(g.b.network), g.a.data, as_int(g.a.row), stride(g.a.network), &zero, g.c.data,
                        as_int(g.c.row), stride(g.c.network), as_int(g.networks)));
    if (timer_ != nullptr) timer_->end(stream_, g);
  }

  std::shared_ptr<DeviceResources> device_resources_;
  KernelTimer* timer_;
  std::unique_ptr<StreamResources> resources_;
  cudaStream_t stream_;
  std::string note_;
};

}  // namespace modsweep::device
