// Normals as a device draws them.
#pragma once

#include <cstdint>
#include <vector>

#include "modsweep/gpu.h"

namespace modsweep {

/// [blocks][4], of random_block(seed, Stream::noise, 0, 0, 0, i). Throws IoError where the device cannot be
/// used.
[[nodiscard]] std::vector<float> device_normals(const GpuDevice& device, std::uint32_t seed,
                                                std::uint32_t blocks);

}  // namespace modsweep
