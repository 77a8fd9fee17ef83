// The kernels of blocks and of clusters alone: doubles, tensor cores, evaluation, networks that several
// blocks share.
#include "fused/block_kernels.cuh"
#include "fused/block_work.h"

namespace modsweep::fused {

#define MODSWEEP_BLOCK(...)                                                                      \
  template __global__ void work<__VA_ARGS__, max_registers>(const __grid_constant__ __VA_ARGS__, \
                                                            std::uint32_t);
#define MODSWEEP_CLUSTER(...)                                                                                \
  template __global__ void work_in_clusters<__VA_ARGS__>(const __grid_constant__ __VA_ARGS__, std::uint32_t, \
                                                         std::uint32_t);

using Tensor = TrainNetwork<float, Multiplier::tensor_cores>;
#if defined(MODSWEEP_DOUBLE)
MODSWEEP_BLOCK(TrainNetwork<double>)
MODSWEEP_BLOCK(EvaluateNetwork<double>)
MODSWEEP_CLUSTER(TrainNetwork<double>)
MODSWEEP_CLUSTER(EvaluateNetwork<double>)
#else
MODSWEEP_BLOCK(TrainNetwork<float>)
MODSWEEP_BLOCK(EvaluateNetwork<float>)
MODSWEEP_CLUSTER(TrainNetwork<float>)
MODSWEEP_CLUSTER(EvaluateNetwork<float>)
MODSWEEP_BLOCK(Tensor)
#endif

}  // namespace modsweep::fused
