// The clock by which work is timed: it never jumps.
#pragma once

#include <chrono>

namespace modsweep {

/// Seconds of std::chrono::steady_clock since its epoch.
[[nodiscard]] inline double steady_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

}  // namespace modsweep
