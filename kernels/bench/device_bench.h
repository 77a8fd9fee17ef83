// How fast the engines are on a device.
#pragma once

#include <vector>

#include "modsweep/gpu.h"

namespace modsweep {

/// Throws IoError where CUDA fails, LogicError for an unknown engine.
[[nodiscard]] std::vector<GpuBenchRow> bench_device(const GpuDevice& device, const GpuBenchOptions& options);

}  // namespace modsweep
