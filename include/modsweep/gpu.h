// The GPU engines. They live in a module of their own, libmodsweep_gpu.so, which is loaded when a device is
// there: CUDA's libraries take a second to load, and a machine without them runs the same program.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "modsweep/engine.h"

namespace modsweep {

/// One device of this machine.
struct GpuDevice {
  int index = 0;
  std::string name;             ///< "NVIDIA H200"
  std::string architecture;     ///< "sm_90"
  std::string driver;           ///< CUDA version of the driver, "13.0"
  std::size_t memory = 0;       ///< bytes
  std::size_t free_memory = 0;  ///< bytes, at present
  std::size_t multiprocessors = 0;
};

/// What the module offers. Its functions throw IoError where CUDA fails.
struct GpuModule {
  /// All devices that its engines run on.
  std::vector<GpuDevice> (*devices)();
  /// Batched matrix products with fused kernels around them, for networks of any shape.
  std::unique_ptr<Engine> (*make_gemm_engine)(const GpuDevice& device);
};

/// The symbol of the function in the module that returns its GpuModule.
inline constexpr const char* gpu_module_symbol = "modsweep_gpu_module";

}  // namespace modsweep
