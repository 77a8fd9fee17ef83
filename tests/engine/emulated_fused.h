// The fused engine on the host: kernels/fused with plain loops for thread blocks.
#pragma once

#include <memory>

#include "modsweep/engine.h"

namespace modsweep::test {

/// `backwards`: threads of a block take their turns in the opposite order.
[[nodiscard]] std::unique_ptr<Engine> make_emulated_fused_engine(bool backwards = false);

}  // namespace modsweep::test
