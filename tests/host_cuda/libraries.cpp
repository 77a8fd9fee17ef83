// Stand-ins for cuBLAS and cuSOLVER.
#include "host_cuda/runtime.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include <Eigen/Dense>
#include <cublas_v2.h>
#include <cusolverDn.h>

namespace modsweep::host_cuda {

struct Blas {
  cudaStream_t stream = nullptr;
  void* workspace = nullptr;
  bool tf32 = false;
};
struct Solver {
  cudaStream_t stream = nullptr;
};
struct SolverParameters {};

namespace {

/// The effect of creating or destroying a library's handle.
void use_handle() {
  break_recordings();
  const std::lock_guard lock(runtime().mutex);
  ++runtime().counts.handles;
}

/// cuSOLVER's workspace for a matrix of a batch.
std::size_t solver_bytes(std::int64_t n) {
  return setting("MODSWEEP_HOST_CUDA_SOLVER_BYTES", 65536) + static_cast<std::size_t>(n) * sizeof(double);
}
/// cuSOLVER refuses larger batches.
constexpr std::int64_t max_solver_batch = 32000;

/// A batch of column-major matrices, or their transposes.
template <typename T>
struct Operand {
  const T* data = nullptr;
  int stride = 0;
  long long batch_stride = 0;
  bool transposed = false;

  [[nodiscard]] T at(int p, int row, int column) const {
    const long long r = transposed ? column : row;
    const long long c = transposed ? row : column;
    return data[p * batch_stride + c * stride + r];
  }
  /// Number of values from the first to the last, inclusive.
  [[nodiscard]] std::size_t extent(int rows, int columns, int batch) const {
    const long long r = transposed ? columns : rows;
    const long long c = transposed ? rows : columns;
    return static_cast<std::size_t>((batch - 1) * batch_stride + (c - 1) * stride + r);
  }
  [[nodiscard]] bool valid(int rows, int columns) const {
    return stride >= std::max(1, transposed ? columns : rows);
  }
};

/// Rounded to 10 fraction bits, halves away from zero.
double rounded(double x) {
  return x;
}
float rounded(float x) {
  if (!std::isfinite(x)) return x;
  return std::bit_cast<float>((std::bit_cast<std::uint32_t>(x) + 0x1000U) & ~0x1fffU);
}

/// Whether cuBLAS can read and write the matrices of this product in units of 16 bytes.
void count_product(std::initializer_list<const void*> data, std::initializer_list<long long> strides,
                   std::size_t bytes) {
  const bool aligned = std::all_of(data.begin(), data.end(),
                                   [](auto* p) { return std::bit_cast<std::uintptr_t>(p) % 16 == 0; }) &&
                       std::all_of(strides.begin(), strides.end(),
                                   [bytes](auto s) { return static_cast<std::size_t>(s) * bytes % 16 == 0; });
  const std::lock_guard lock(runtime().mutex);
  ++runtime().counts.products;
  if (!aligned) ++runtime().counts.unaligned_products;
}

template <typename T>
cublasStatus_t multiply(Blas& blas, int m, int n, int k, T alpha, const Operand<T>& a, const Operand<T>& b,
                        T beta, T* c, int ldc, long long c_stride, int batch) {
  const Operand<T> result{c, ldc, c_stride, false};
  if (m < 1 || n < 1 || k < 1 || batch < 1 || !a.valid(m, k) || !b.valid(k, n) || !result.valid(m, n))
    return CUBLAS_STATUS_INVALID_VALUE;
  const auto there = [&blas](const Operand<T>& o, int rows, int columns, int count) {
    return on_device(blas.stream, o.data, o.extent(rows, columns, count) * sizeof(T));
  };
  // Without a workspace from the caller, cuBLAS would allocate one.
  if (blas.workspace == nullptr || !there(a, m, k, batch) || !there(b, k, n, batch) ||
      !there(result, m, n, batch))
    return CUBLAS_STATUS_EXECUTION_FAILED;
  count_product({a.data, b.data, c}, {a.batch_stride, b.batch_stride, c_stride}, sizeof(T));
  const cudaError_t status = enqueue(blas.stream, [=, tf32 = blas.tf32] {
    const auto factor = [tf32](T x) { return tf32 ? rounded(x) : x; };
    for (int p = 0; p < batch; ++p)
      for (int column = 0; column < n; ++column)
        for (int row = 0; row < m; ++row) {
          T sum = T(0);
          for (int i = 0; i < k; ++i) sum += factor(a.at(p, row, i)) * factor(b.at(p, i, column));
          T& out = c[p * c_stride + static_cast<long long>(column) * ldc + row];
          out = alpha * sum + (beta == T(0) ? T(0) : beta * out);
        }
  });
  return status == cudaSuccess ? CUBLAS_STATUS_SUCCESS : CUBLAS_STATUS_EXECUTION_FAILED;
}

}  // namespace
}  // namespace modsweep::host_cuda

using namespace modsweep::host_cuda;

const char* cublasGetStatusString(cublasStatus_t status) {
  switch (status) {
    case CUBLAS_STATUS_SUCCESS:
      return "CUBLAS_STATUS_SUCCESS";
    case CUBLAS_STATUS_ALLOC_FAILED:
      return "CUBLAS_STATUS_ALLOC_FAILED";
    case CUBLAS_STATUS_INVALID_VALUE:
      return "CUBLAS_STATUS_INVALID_VALUE";
    case CUBLAS_STATUS_EXECUTION_FAILED:
      return "CUBLAS_STATUS_EXECUTION_FAILED";
  }
  return "unknown";
}

cublasStatus_t cublasCreate(cublasHandle_t* handle) {
  use_handle();
  *handle = new Blas;
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasDestroy(cublasHandle_t handle) {
  use_handle();
  delete handle;
  return CUBLAS_STATUS_SUCCESS;
}
/// Removes the workspace, as cuBLAS does.
cublasStatus_t cublasSetStream(cublasHandle_t handle, cudaStream_t stream) {
  handle->stream = stream;
  handle->workspace = nullptr;
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasSetWorkspace(cublasHandle_t handle, void* workspace, std::size_t bytes) {
  if (!on_device(handle->stream, workspace, bytes)) return CUBLAS_STATUS_INVALID_VALUE;
  handle->workspace = workspace;
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasSetMathMode(cublasHandle_t handle, cublasMath_t mode) {
  handle->tf32 = mode == CUBLAS_TF32_TENSOR_OP_MATH;
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasSgemmStridedBatched(cublasHandle_t handle, cublasOperation_t a_operation,
                                         cublasOperation_t b_operation, int m, int n, int k,
                                         const float* alpha, const float* a, int lda, long long a_stride,
                                         const float* b, int ldb, long long b_stride, const float* beta,
                                         float* c, int ldc, long long c_stride, int batch) {
  return multiply<float>(*handle, m, n, k, *alpha, {a, lda, a_stride, a_operation == CUBLAS_OP_T},
                         {b, ldb, b_stride, b_operation == CUBLAS_OP_T}, *beta, c, ldc, c_stride, batch);
}
cublasStatus_t cublasDgemmStridedBatched(cublasHandle_t handle, cublasOperation_t a_operation,
                                         cublasOperation_t b_operation, int m, int n, int k,
                                         const double* alpha, const double* a, int lda, long long a_stride,
                                         const double* b, int ldb, long long b_stride, const double* beta,
                                         double* c, int ldc, long long c_stride, int batch) {
  return multiply<double>(*handle, m, n, k, *alpha, {a, lda, a_stride, a_operation == CUBLAS_OP_T},
                          {b, ldb, b_stride, b_operation == CUBLAS_OP_T}, *beta, c, ldc, c_stride, batch);
}

cusolverStatus_t cusolverDnCreate(cusolverDnHandle_t* handle) {
  use_handle();
  *handle = new Solver;
  return CUSOLVER_STATUS_SUCCESS;
}
cusolverStatus_t cusolverDnDestroy(cusolverDnHandle_t handle) {
  use_handle();
  delete handle;
  return CUSOLVER_STATUS_SUCCESS;
}
cusolverStatus_t cusolverDnSetStream(cusolverDnHandle_t handle, cudaStream_t stream) {
  handle->stream = stream;
  return CUSOLVER_STATUS_SUCCESS;
}
cusolverStatus_t cusolverDnCreateParams(cusolverDnParams_t* parameters) {
  *parameters = new SolverParameters;
  return CUSOLVER_STATUS_SUCCESS;
}
cusolverStatus_t cusolverDnDestroyParams(cusolverDnParams_t parameters) {
  delete parameters;
  return CUSOLVER_STATUS_SUCCESS;
}

cusolverStatus_t cusolverDnXsyevBatched_bufferSize(cusolverDnHandle_t, cusolverDnParams_t, cusolverEigMode_t,
                                                   cublasFillMode_t, std::int64_t n, cudaDataType,
                                                   const void*, std::int64_t lda, cudaDataType, const void*,
                                                   cudaDataType, std::size_t* device_bytes,
                                                   std::size_t* host_bytes, std::int64_t batch) {
  if (n < 1 || lda < n || batch < 1 || batch > max_solver_batch) return CUSOLVER_STATUS_INVALID_VALUE;
  *device_bytes = static_cast<std::size_t>(batch) * solver_bytes(n);
  *host_bytes = 64;
  return CUSOLVER_STATUS_SUCCESS;
}

cusolverStatus_t cusolverDnXsyevBatched(cusolverDnHandle_t handle, cusolverDnParams_t parameters,
                                        cusolverEigMode_t, cublasFillMode_t, std::int64_t n, cudaDataType,
                                        void* matrices, std::int64_t lda, cudaDataType, void* values,
                                        cudaDataType, void* device_workspace, std::size_t device_bytes,
                                        void* host_workspace, std::size_t host_bytes, int* info,
                                        std::int64_t batch) {
  const auto count = [](std::int64_t a, std::int64_t b) { return static_cast<std::size_t>(a * b); };
  const auto there = [handle](const void* data, std::size_t bytes) {
    return on_device(handle->stream, data, bytes);
  };
  if (parameters == nullptr || n < 1 || lda < n || batch < 1 || batch > max_solver_batch ||
      device_bytes < static_cast<std::size_t>(batch) * solver_bytes(n) || host_bytes < 64 ||
      !there(matrices, count(lda * n, batch) * sizeof(double)) ||
      !there(values, count(n, batch) * sizeof(double)) || !there(device_workspace, device_bytes) ||
      !there(info, count(1, batch) * sizeof(int)))
    return CUSOLVER_STATUS_INVALID_VALUE;
  break_recordings();
  {
    const std::lock_guard lock(runtime().mutex);
    Counts& counts = runtime().counts;
    ++counts.solves;
    counts.largest_solve = std::max(counts.largest_solve, static_cast<std::size_t>(batch));
    counts.largest_solver_bytes = std::max(counts.largest_solver_bytes, device_bytes);
  }
  std::memset(host_workspace, 0, host_bytes);
  const cudaError_t status = enqueue(handle->stream, [=] {
    using Matrix = Eigen::Map<Eigen::MatrixXd, 0, Eigen::OuterStride<>>;
    // As cuSOLVER 11.7.1, whose results depend on what its workspace held before.
    const auto* workspace = static_cast<const std::byte*>(device_workspace);
    const bool clean =
        std::all_of(workspace, workspace + device_bytes, [](std::byte b) { return b == std::byte{0}; });
    for (std::int64_t i = 0; i < batch; ++i) {
      Matrix matrix(static_cast<double*>(matrices) + i * lda * n, n, n, Eigen::OuterStride<>(lda));
      const bool finite = matrix.triangularView<Eigen::Lower>().toDenseMatrix().allFinite();
      info[i] = finite ? 0 : 1;
      if (!finite) continue;
      // The solver reads the lower triangle only.
      const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(matrix, Eigen::EigenvaluesOnly);
      Eigen::Map<Eigen::VectorXd>(static_cast<double*>(values) + i * n, n) = solver.eigenvalues();
      if (!clean) Eigen::Map<Eigen::VectorXd>(static_cast<double*>(values) + i * n, n).array() += 1.0;
      matrix.setConstant(-1.0);  // it is overwritten
    }
    std::memset(device_workspace, 0x5a, device_bytes);
  });
  return status == cudaSuccess ? CUSOLVER_STATUS_SUCCESS : CUSOLVER_STATUS_INVALID_VALUE;
}
