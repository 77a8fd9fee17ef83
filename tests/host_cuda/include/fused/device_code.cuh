// Stands in for kernels/fused/device_code.cuh (see cuda_runtime_api.h).
#pragma once

#include "fused/block.h"

#include <cstddef>

#define MODSWEEP_DEVICE_CODE 1
#define MODSWEEP_HAS_CLUSTERS 1

namespace modsweep::fused {

std::byte* block_memory();
void multiply_add_tf32(SumFragment& sums, const RowFragment& rows, const ColumnFragment& columns);

}  // namespace modsweep::fused
