// The kernels of the gemm engine and of spectra alone, without the libraries that the engine uses.
#include "device/apply.cuh"
#include "gemm/sum_kernels.h"
#include "gemm/unit_kernels.h"
#include "pack/batch.h"
#include "pack/sums.h"
#include "pack/update.h"
#include "spectrum/laplacian_kernels.h"

namespace modsweep::device {

#define MODSWEEP_KERNEL(...) \
  template __global__ void apply<__VA_ARGS__>(const __VA_ARGS__, std::uint32_t, std::uint32_t);
#define MODSWEEP_KERNELS(T)                             \
  MODSWEEP_KERNEL(pack::DrawOrder<T>)                   \
  MODSWEEP_KERNEL(pack::BeginStep<T>)                   \
  MODSWEEP_KERNEL(pack::BeginEvaluation<T>)             \
  MODSWEEP_KERNEL(pack::FetchBatch<T>)                  \
  MODSWEEP_KERNEL(pack::ForwardUnits<T, true>)          \
  MODSWEEP_KERNEL(pack::ForwardUnits<T, false>)         \
  MODSWEEP_KERNEL(pack::OutputError<T, true>)           \
  MODSWEEP_KERNEL(pack::OutputError<T, false>)          \
  MODSWEEP_KERNEL(pack::BackwardUnits<T, true, true>)   \
  MODSWEEP_KERNEL(pack::BackwardUnits<T, true, false>)  \
  MODSWEEP_KERNEL(pack::BackwardUnits<T, false, true>)  \
  MODSWEEP_KERNEL(pack::BackwardUnits<T, false, false>) \
  MODSWEEP_KERNEL(pack::SumBatch<T>)                    \
  MODSWEEP_KERNEL(pack::SumLoss<T>)                     \
  MODSWEEP_KERNEL(pack::Update<T>)                      \
  MODSWEEP_KERNEL(spectrum::UnitRows<T>)                \
  MODSWEEP_KERNEL(spectrum::DeadRows<T>)                \
  MODSWEEP_KERNEL(spectrum::Degrees<T>)                 \
  MODSWEEP_KERNEL(spectrum::Laplacian<T>)
#if defined(MODSWEEP_DOUBLE)
MODSWEEP_KERNELS(double)
#else
MODSWEEP_KERNELS(float)
#endif

}  // namespace modsweep::device
