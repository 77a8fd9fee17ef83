// Eigenvalues of batches of symmetric matrices with cuSOLVER.
#pragma once

#include "device/handles.h"
#include "device/memory.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

namespace modsweep::device {

/// For one stream; its memory is kept from call to call.
class EigenvalueSolver {
 public:
  /// Limit on cuSOLVER's own memory, which takes hundreds of kilobytes a matrix.
  static constexpr std::size_t workspace_bytes = std::size_t{256} << 20;
  /// Limit on the matrices of a call: above 32,000 or so cuSOLVER refuses them.
  static constexpr std::size_t matrices_at_once = 16384;

  EigenvalueSolver(DeviceMemory& memory, cudaStream_t stream)
      : memory_(memory), stream_(stream), solver_(make_solver(stream)) {
    cusolverDnParams_t parameters = nullptr;
    MODSWEEP_CHECK(cusolverDnCreateParams(&parameters));
    parameters_.reset(parameters);
  }

  /// Enqueues the computation of the eigenvalues of matrices [count][n][n], which are overwritten, in as many
  /// calls as the limits ask for; ascending, [count][n]. Returns the outcomes, [count], on the device: 0
  /// where a matrix has eigenvalues. Throws OutOfMemory.
  [[nodiscard]] const Array<int>& enqueue(double* matrices, double* values, std::uint32_t n,
                                          std::size_t count) {
    if (outcomes_.size() < count) outcomes_ = Array<int>(count, memory_, stream_);
    const std::size_t at_once = most_at_once(matrices, values, n, count);
    for (std::size_t first = 0; first < count; first += at_once)
      solve(matrices + first * n * n, values + first * n, n, std::min(at_once, count - first),
            outcomes_.data() + first);
    return outcomes_;
  }

 private:
  struct Bytes {
    std::size_t device = 0;
    std::size_t host = 0;
  };

  [[nodiscard]] Bytes bytes_of(double* matrices, double* values, std::uint32_t n, std::size_t count) const {
    Bytes bytes;
    MODSWEEP_CHECK(cusolverDnXsyevBatched_bufferSize(
        solver_.get(), parameters_.get(), CUSOLVER_EIG_MODE_NOVECTOR, CUBLAS_FILL_MODE_LOWER, n, CUDA_R_64F,
        matrices, n, CUDA_R_64F, values, CUDA_R_64F, &bytes.device, &bytes.host,
        static_cast<std::int64_t>(count)));
    return bytes;
  }

  [[nodiscard]] std::size_t most_at_once(double* matrices, double* values, std::uint32_t n,
                                         std::size_t count) const {
    std::size_t at_once = std::clamp<std::size_t>(count, 1, matrices_at_once);
    while (at_once > 1 && bytes_of(matrices, values, n, at_once).device > workspace_bytes) at_once /= 2;
    return at_once;
  }

  void solve(double* matrices, double* values, std::uint32_t n, std::size_t count, int* outcomes) {
    const Bytes bytes = bytes_of(matrices, values, n, count);
    if (workspace_.size() < bytes.device) {
      workspace_ = {};
      workspace_ = Array<std::byte>(bytes.device, memory_, stream_);
    } else if (bytes.device > 0) {
      // cuSOLVER before 11.7.3 (CUDA 12.6) reads its workspace before it has written it.
      MODSWEEP_CHECK(cudaMemsetAsync(workspace_.data(), 0, bytes.device, stream_));
    }
    host_workspace_.resize(std::max(host_workspace_.size(), bytes.host));
    MODSWEEP_CHECK(cusolverDnXsyevBatched(
        solver_.get(), parameters_.get(), CUSOLVER_EIG_MODE_NOVECTOR, CUBLAS_FILL_MODE_LOWER, n, CUDA_R_64F,
        matrices, n, CUDA_R_64F, values, CUDA_R_64F, workspace_.data(), bytes.device, host_workspace_.data(),
        bytes.host, outcomes, static_cast<std::int64_t>(count)));
  }

  DeviceMemory& memory_;
  cudaStream_t stream_;
  Solver solver_;
  SolverParameters parameters_;
  Array<std::byte> workspace_;
  std::vector<std::byte> host_workspace_;
  Array<int> outcomes_;
};

}  // namespace modsweep::device
