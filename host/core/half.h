// 16-bit floating-point numbers in files.
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>

namespace modsweep {

/// IEEE binary16: 1 sign, 5 exponent and 10 fraction bits. Exact.
[[nodiscard]] inline double double_of_half(std::uint16_t bits) {
  const int exponent = (bits >> 10) & 0x1f;
  const int fraction = bits & 0x3ff;
  double magnitude = 0.0;
  if (exponent == 0x1f)
    magnitude =
        fraction == 0 ? std::numeric_limits<double>::infinity() : std::numeric_limits<double>::quiet_NaN();
  else if (exponent == 0)
    magnitude = std::ldexp(fraction, -24);  // zero and subnormals
  else
    magnitude = std::ldexp(fraction + 0x400, exponent - 25);
  return (bits & 0x8000) != 0 ? -magnitude : magnitude;
}

}  // namespace modsweep
