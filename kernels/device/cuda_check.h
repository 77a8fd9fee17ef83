// Every call of CUDA's libraries is checked, with its own text in the message.
#pragma once

#include <new>
#include <string>

#include <cublas_v2.h>
#include <cuda_runtime_api.h>
#include <cusolverDn.h>

#include "modsweep/error.h"

/// Throws as `check` where a call failed: OutOfMemory, or IoError with the call's text.
#define MODSWEEP_CHECK(call) ::modsweep::device::check((call), #call)

namespace modsweep::device {

/// A device's memory does not suffice: the planner splits the pack.
class OutOfMemory : public std::bad_alloc {
 public:
  [[nodiscard]] const char* what() const noexcept override { return "out of device memory"; }
};

/// A stream's capture was not possible, or was invalidated: its work can still be launched.
class CaptureFailed : public IoError {
 public:
  using IoError::IoError;
};

/// Whether an error concerns a stream's capture only.
[[nodiscard]] inline bool of_capture(cudaError_t status) {
  return status >= cudaErrorStreamCaptureUnsupported && status <= cudaErrorStreamCaptureWrongThread;
}

inline void check(cudaError_t status, const char* call) {
  if (status == cudaSuccess) return;
  (void)cudaGetLastError();  // an error of one call must not be reported by the next
  if (status == cudaErrorMemoryAllocation) throw OutOfMemory();
  if (of_capture(status)) throw CaptureFailed(std::string(call) + ": " + cudaGetErrorName(status));
  throw IoError(std::string(call) + " failed: " + cudaGetErrorString(status) + " (" +
                cudaGetErrorName(status) + "); run the same command again, or with --engine cpu");
}

inline void check(cublasStatus_t status, const char* call) {
  if (status == CUBLAS_STATUS_SUCCESS) return;
  if (status == CUBLAS_STATUS_ALLOC_FAILED) throw OutOfMemory();
  throw IoError(std::string(call) + " failed: " + cublasGetStatusString(status) +
                "; run the same command again, or with --engine cpu");
}

inline void check(cusolverStatus_t status, const char* call) {
  if (status == CUSOLVER_STATUS_SUCCESS) return;
  if (status == CUSOLVER_STATUS_ALLOC_FAILED) throw OutOfMemory();
  throw IoError(std::string(call) + " failed with cuSOLVER status " +
                std::to_string(static_cast<int>(status)) +
                "; run the same command again, or with --engine cpu");
}

/// For destructors: discards an error, so that the next call does not report it.
template <typename Status>
void ignore(Status status) {
  if (status != Status{}) (void)cudaGetLastError();
}

}  // namespace modsweep::device
