// The `gemm` engine: batched matrix products over a pack, fused element-wise kernels around them.
#pragma once

#include <memory>

#include "modsweep/gpu.h"

namespace modsweep {

/// Throws IoError where the device cannot be used.
[[nodiscard]] std::unique_ptr<Engine> make_gemm_engine(const GpuDevice& device);

}  // namespace modsweep
