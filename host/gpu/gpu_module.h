// Loads the GPU engines' module where the machine has a device.
#pragma once

#include <string>
#include <vector>

#include "modsweep/gpu.h"

namespace modsweep {

/// The module and its devices, or why there are none.
struct GpuAccess {
  const GpuModule* module = nullptr;  ///< null where `reason` is not empty
  std::vector<GpuDevice> devices;     ///< at least one with a module
  std::string reason;                 ///< one line: what is missing
};

/// Looks for libmodsweep_gpu.so beside the program and in the library folder of its installation, and for
/// devices. Does not throw for what is missing or fails: the reason says it. The module stays loaded.
[[nodiscard]] GpuAccess open_gpu();

}  // namespace modsweep
