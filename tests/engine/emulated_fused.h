// The fused engine on the host: kernels/fused with plain loops for thread blocks.
#pragma once

#include "fused/block_plan.h"

#include <memory>

#include "modsweep/engine.h"

namespace modsweep::test {

class BlockObserver;
struct HostRegisters;

/// The limits of blocks and clusters on an sm_90 device.
constexpr fused::BlockLimits sm_90 = {
    .block = 232448, .multiprocessor = 233472, .reserved = 1024, .max_ranks = 8, .fewest_ranks = 1};

struct EmulatedFusedOptions {
  bool backwards = false;          ///< threads and blocks run in the opposite order
  std::uint32_t fewest_ranks = 1;  ///< minimum of blocks per cluster, even if fewer would do
  fused::Multiplier multiplier = fused::Multiplier::threads;
  BlockObserver* observer = nullptr;
  HostRegisters* registers = nullptr;
};

[[nodiscard]] std::unique_ptr<Engine> make_emulated_fused_engine(const EmulatedFusedOptions& options = {});

}  // namespace modsweep::test
