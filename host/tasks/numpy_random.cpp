#include "tasks/numpy_random.h"

#include <algorithm>

namespace modsweep {

double NumpyRandom::uniform() {
  const auto high = static_cast<double>(bits_() >> 5);  // 27 bits; the order of the draws matters
  const auto low = static_cast<double>(bits_() >> 6);   // 26 bits
  return (high * 67108864.0 + low) / 9007199254740992.0;
}

std::uint32_t NumpyRandom::index(std::uint32_t count) {
  return std::min(static_cast<std::uint32_t>(uniform() * count), count - 1);
}

}  // namespace modsweep
