// Wavefronts of accesses to shared memory.
#pragma once

#include <cstdint>

namespace ptx {

/// Wavefronts of a warp's access to shared memory, offsets by lane. 32 banks of 4 bytes; what lanes have in
/// common is read once.
struct Wavefronts {
  std::uint32_t ideal = 0, strict = 0, merged = 0;
};
[[nodiscard]] Wavefronts wavefronts(const std::uint64_t* address, std::uint32_t mask, std::uint32_t width,
                                    bool load);

}  // namespace ptx
