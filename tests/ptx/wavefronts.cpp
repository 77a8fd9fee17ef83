// How many wavefronts an access takes.
#include "wavefronts.h"

#include "run.h"

#include <algorithm>

namespace ptx {

Wavefronts wavefronts(const std::uint64_t* address, std::uint32_t mask, std::uint32_t width, bool load) {
  const auto degree = [&](std::uint32_t lanes) -> std::uint32_t {
    std::uint32_t words[128];
    std::uint32_t n = 0;
    each_lane(lanes, [&](int l) {
      const auto first = static_cast<std::uint32_t>(address[l] / 4);
      const std::uint32_t count = width <= 4 ? 1 : width / 4;
      for (std::uint32_t k = 0; k < count; ++k) words[n++] = first + k;
    });
    std::sort(words, words + n);
    const auto end = std::unique(words, words + n);
    std::uint8_t banks[32] = {};
    std::uint32_t most = 0;
    for (const std::uint32_t* p = words; p != end; ++p)
      most = std::max<std::uint32_t>(most, ++banks[*p % 32]);
    return most;
  };
  const std::uint32_t lanes = width == 16 ? 8 : width == 8 ? 16 : 32;
  const std::uint32_t group = lanes == 32 ? all_lanes : (1U << lanes) - 1;
  Wavefronts w;
  for (std::uint32_t first = 0; first < 32; first += lanes) {
    const std::uint32_t part = mask & (group << first);
    if (part == 0) continue;
    ++w.ideal;
    w.strict += degree(part);
  }
  w.merged = w.strict;
  if (load && lanes < 32) {
    // Pairs of lanes l and l^1, or l and l^2, that load the same: registers are packed, two parts at once.
    const auto paired = [&](int x) {
      bool same = true;
      each_lane(mask, [&](int l) {
        if ((mask >> (l ^ x) & 1U) != 0 && address[l] != address[l ^ x]) same = false;
      });
      return same;
    };
    if (paired(1) || paired(2)) {
      w.merged = 0;
      for (std::uint32_t first = 0; first < 32; first += 2 * lanes) {
        const std::uint32_t wide = 2 * lanes == 32 ? all_lanes : ((1U << (2 * lanes)) - 1) << first;
        if ((mask & wide) != 0) w.merged += degree(mask & wide);
      }
      w.merged = std::min(w.merged, w.strict);
    }
  }
  return w;
}

}  // namespace ptx
