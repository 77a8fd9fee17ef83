// Noise for made-up measurements.
#pragma once

#include "analysis/resampler.h"

#include <cmath>

namespace modsweep {

/// A standard normal from two uniforms (Box and Muller).
inline double normal(Resampler& bits) {
  const double radius = std::sqrt(-2.0 * std::log(1.0 - bits.uniform()));
  return radius * std::cos(6.283185307179586 * bits.uniform());
}

}  // namespace modsweep
