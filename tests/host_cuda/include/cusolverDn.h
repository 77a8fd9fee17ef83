// A stand-in for cuSOLVER: Eigen (see cuda_runtime_api.h).
#pragma once

#include "cublas_v2.h"
#include "cuda_runtime_api.h"

enum cusolverStatus_t {
  CUSOLVER_STATUS_SUCCESS = 0,
  CUSOLVER_STATUS_ALLOC_FAILED = 2,
  CUSOLVER_STATUS_INVALID_VALUE = 3,
};
enum cusolverEigMode_t { CUSOLVER_EIG_MODE_NOVECTOR };
enum cudaDataType { CUDA_R_64F = 1 };

namespace modsweep::host_cuda {
struct Solver;
struct SolverParameters;
}  // namespace modsweep::host_cuda
using cusolverDnHandle_t = modsweep::host_cuda::Solver*;
using cusolverDnParams_t = modsweep::host_cuda::SolverParameters*;

cusolverStatus_t cusolverDnCreate(cusolverDnHandle_t* handle);
cusolverStatus_t cusolverDnDestroy(cusolverDnHandle_t handle);
cusolverStatus_t cusolverDnSetStream(cusolverDnHandle_t handle, cudaStream_t stream);
cusolverStatus_t cusolverDnCreateParams(cusolverDnParams_t* parameters);
cusolverStatus_t cusolverDnDestroyParams(cusolverDnParams_t parameters);
cusolverStatus_t cusolverDnXsyevBatched_bufferSize(cusolverDnHandle_t handle, cusolverDnParams_t parameters,
                                                   cusolverEigMode_t mode, cublasFillMode_t triangle,
                                                   std::int64_t n, cudaDataType matrix_type,
                                                   const void* matrices, std::int64_t lda,
                                                   cudaDataType value_type, const void* values,
                                                   cudaDataType compute_type, std::size_t* device_bytes,
                                                   std::size_t* host_bytes, std::int64_t batch);
cusolverStatus_t cusolverDnXsyevBatched(cusolverDnHandle_t handle, cusolverDnParams_t parameters,
                                        cusolverEigMode_t mode, cublasFillMode_t triangle, std::int64_t n,
                                        cudaDataType matrix_type, void* matrices, std::int64_t lda,
                                        cudaDataType value_type, void* values, cudaDataType compute_type,
                                        void* device_workspace, std::size_t device_bytes,
                                        void* host_workspace, std::size_t host_bytes, int* info,
                                        std::int64_t batch);
