// How fast the engines are on a device.
#pragma once

#include <vector>

#include "modsweep/gpu.h"

namespace modsweep {

[[nodiscard]] std::vector<GpuBenchRow> bench_device(const GpuDevice& device, const GpuBenchOptions& options);

}  // namespace modsweep
