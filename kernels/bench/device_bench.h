// How fast the engines are on a device.
#pragma once

#include "modsweep/gpu.h"

namespace modsweep {

/// Throws IoError where CUDA fails, LogicError for an unknown engine.
void bench_device(const GpuDevice& device, const GpuBenchOptions& options, const GpuBenchWatcher& watcher);

}  // namespace modsweep
