// The kernels of tiles alone: nvcc takes seconds for them, minutes for the whole engine.
#include "fused/tile_machine.cuh"
#include "fused/tile_network.h"

namespace modsweep::fused {

#define MODSWEEP_KERNEL(...) \
  template __global__ void work_on_tiles<__VA_ARGS__>(const __grid_constant__ __VA_ARGS__ f);
MODSWEEP_KERNEL(TrainTiles<false, Multiplier::threads, 32>)
MODSWEEP_KERNEL(TrainTiles<true, Multiplier::threads, 32>)
MODSWEEP_KERNEL(TrainTiles<false, Multiplier::threads, 64>)
MODSWEEP_KERNEL(TrainTiles<true, Multiplier::threads, 64>)
MODSWEEP_KERNEL(TrainTiles<false, Multiplier::threads, 128>)
MODSWEEP_KERNEL(TrainTiles<true, Multiplier::threads, 128>)
MODSWEEP_KERNEL(TrainTiles<false, Multiplier::tensor_cores>)
MODSWEEP_KERNEL(TrainTiles<true, Multiplier::tensor_cores>)
#undef MODSWEEP_KERNEL

}  // namespace modsweep::fused
