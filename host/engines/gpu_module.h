// Loads the GPU engines' module where the machine has a device.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "modsweep/gpu.h"

namespace modsweep {

/// The module and its devices, or why there are none.
struct GpuAccess {
  const GpuModule* module = nullptr;  ///< null where `reason` is not empty
  std::vector<GpuDevice> devices;     ///< at least one with a module
  std::vector<std::string> skipped;   ///< further ones: which, and why no engine uses them
  std::string reason;                 ///< one line: what is missing
  /// This machine has an NVIDIA driver, but the module for it is missing, or of no use, or there are
  /// devices that no engine uses: a GPU may stay idle.
  bool driver_idle = false;
};

/// The CUDA version that the GPU engines of this build were compiled with, "12.6"; empty: it has none.
[[nodiscard]] std::string_view cuda_version();

/// Loads a module and lists its devices. `path` empty: libmodsweep_gpu.so beside the program or in the
/// library folder of its installation. Does not throw where something is missing or fails: `reason` states
/// it. The module stays loaded.
[[nodiscard]] GpuAccess open_gpu(std::filesystem::path path = {});

/// Opens the usual module at first need, and once: that takes a second, and a context on every device.
class GpuOpener {
 public:
  [[nodiscard]] const GpuAccess& operator()() {
    if (!access_) access_ = open_gpu();
    return *access_;
  }

 private:
  std::optional<GpuAccess> access_;
};

}  // namespace modsweep
