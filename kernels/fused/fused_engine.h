// The `fused` engine: a thread block, or a cluster of them, owns a network, and one kernel takes many steps.
#pragma once

#include <memory>

#include "modsweep/gpu.h"

namespace modsweep {

/// Throws IoError where the device cannot be used.
[[nodiscard]] std::unique_ptr<Engine> make_fused_engine(const GpuDevice& device);
/// The same with tensor cores for the products of wide layers, in single precision (tensor_products.h).
[[nodiscard]] std::unique_ptr<Engine> make_fused_3xtf32_engine(const GpuDevice& device);

}  // namespace modsweep
