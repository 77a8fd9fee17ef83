// The fused kernels of recurrent networks alone, in single precision: a pass with tiles of ten units, and the
// optimizer's step.
#include "fused/tile_machine.cuh"
#include "recurrent/fused_pass.h"
#include "recurrent/update.h"

namespace modsweep::fused {

using RecurrentPass = bptt::RunPass<float, 10>;
using RecurrentUpdate = bptt::UpdateNetwork<float>;
template __global__ void work_on_tiles<RecurrentPass>(const __grid_constant__ RecurrentPass f);
template __global__ void work_on_tiles<RecurrentUpdate>(const __grid_constant__ RecurrentUpdate f);

}  // namespace modsweep::fused
