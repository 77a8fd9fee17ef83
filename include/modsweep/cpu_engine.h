// The CPU engine: own vectorized kernels for AVX-512, AVX2 and plain x86-64, many networks over all cores.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "modsweep/engine.h"

namespace modsweep {

struct CpuEngineOptions {
  std::size_t threads = 0;      ///< 0: all hardware threads
  std::string instruction_set;  ///< "avx512", "avx2" or "x86-64"; empty: the best that the machine has
};

/// Throws InputError for an instruction set that is unknown or that this machine lacks.
///
/// A network's result does not depend on the pack, the number of threads or interruptions, bit for bit; it
/// does depend, within rounding, on the instruction set.
[[nodiscard]] std::unique_ptr<Engine> make_cpu_engine(const CpuEngineOptions& options = {});

/// The same for recurrent networks.
[[nodiscard]] std::unique_ptr<Engine> make_recurrent_cpu_engine(const CpuEngineOptions& options = {});

}  // namespace modsweep
