// Owners of CUDA's handles. Destructors do not throw: an error in one was already reported by an earlier
// call. Libraries may wait for the whole device when a handle is created or destroyed: resources.h has the
// lock.
#pragma once

#include "device/cuda_check.h"

#include <memory>
#include <type_traits>

namespace modsweep::device {

/// Deletes a handle with a function of CUDA.
template <auto destroy>
struct Destroy {
  template <typename Handle>
  void operator()(Handle* handle) const {
    ignore(destroy(handle));
  }
};

template <typename Handle, auto destroy>
using Owner = std::unique_ptr<std::remove_pointer_t<Handle>, Destroy<destroy>>;

using Stream = Owner<cudaStream_t, cudaStreamDestroy>;
using Event = Owner<cudaEvent_t, cudaEventDestroy>;
using GraphHandle = Owner<cudaGraph_t, cudaGraphDestroy>;
using GraphExecutable = Owner<cudaGraphExec_t, cudaGraphExecDestroy>;

using Blas = Owner<cublasHandle_t, cublasDestroy>;
using Solver = Owner<cusolverDnHandle_t, cusolverDnDestroy>;
using SolverParameters = Owner<cusolverDnParams_t, cusolverDnDestroyParams>;

/// A stream that does not wait for others.
[[nodiscard]] inline Stream make_stream() {
  cudaStream_t stream = nullptr;
  MODSWEEP_CHECK(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
  return Stream(stream);
}

[[nodiscard]] inline Event make_event() {
  cudaEvent_t event = nullptr;
  MODSWEEP_CHECK(cudaEventCreate(&event));
  return Event(event);
}

[[nodiscard]] inline Blas make_blas(cudaStream_t stream) {
  cublasHandle_t handle = nullptr;
  MODSWEEP_CHECK(cublasCreate(&handle));
  Blas blas(handle);
  MODSWEEP_CHECK(cublasSetStream(handle, stream));
  return blas;
}

[[nodiscard]] inline Solver make_solver(cudaStream_t stream) {
  cusolverDnHandle_t handle = nullptr;
  MODSWEEP_CHECK(cusolverDnCreate(&handle));
  Solver solver(handle);
  MODSWEEP_CHECK(cusolverDnSetStream(handle, stream));
  return solver;
}

}  // namespace modsweep::device
