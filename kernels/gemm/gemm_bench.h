// How fast the gemm engine is on a device.
#pragma once

#include <vector>

#include "modsweep/gpu.h"

namespace modsweep {

[[nodiscard]] std::vector<GpuBenchRow> bench_gemm(const GpuDevice& device, const GpuBenchOptions& options);

}  // namespace modsweep
