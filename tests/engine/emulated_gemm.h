// The batched-GEMM engine on the host: kernels/gemm with plain loops for a device.
#pragma once

#include <memory>

#include "modsweep/engine.h"

namespace modsweep::test {

/// `backwards`: kernels take their items in the opposite order.
[[nodiscard]] std::unique_ptr<Engine> make_emulated_gemm_engine(bool backwards = false);

}  // namespace modsweep::test
