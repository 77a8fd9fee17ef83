// The `gemm` engine: batched matrix products over a pack, fused element-wise kernels around them.
#pragma once

#include <memory>

#include "modsweep/gpu.h"

namespace modsweep::device {
class KernelTimer;
}

namespace modsweep {

/// Throws IoError where the device cannot be used.
[[nodiscard]] std::unique_ptr<Engine> make_gemm_engine(const GpuDevice& device);

/// Starts a training that waits for every kernel and times it with `timer`, which must outlive the training.
[[nodiscard]] std::unique_ptr<Training> start_timed_gemm(const GpuDevice& device, const Pack& pack,
                                                         device::KernelTimer& timer);

}  // namespace modsweep
