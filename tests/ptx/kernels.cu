// The kernels of tiles alone: nvcc takes seconds for them, minutes for the whole engine.
#include "fused/tile_machine.cuh"
#include "fused/tile_network.h"

namespace modsweep::fused {

template __global__ void work_on_tiles<TrainTiles<false>>(const __grid_constant__ TrainTiles<false> f);
template __global__ void work_on_tiles<TrainTiles<true>>(const __grid_constant__ TrainTiles<true> f);

}  // namespace modsweep::fused
