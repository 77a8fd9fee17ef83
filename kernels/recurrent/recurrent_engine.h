// The engines of recurrent networks on a CUDA device.
#pragma once

#include <memory>

#include "modsweep/gpu.h"

namespace modsweep {

/// Throws IoError where the device cannot be used.
[[nodiscard]] std::unique_ptr<Engine> make_recurrent_engine(const GpuDevice& device, bptt::Method method,
                                                            StartGrowing start);

}  // namespace modsweep
