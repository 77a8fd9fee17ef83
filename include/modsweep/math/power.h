// |x|^q and its derivative, with special cases for the most used exponents, which need no logarithm.
#pragma once

#include <cstdint>

#include "modsweep/math/scalar.h"

namespace modsweep::math {

enum class PowerKind : std::uint8_t { zero, half, one, two, general };

/// Which special case an exponent is.
constexpr PowerKind power_kind(double q) {
  if (q == 0.0) return PowerKind::zero;
  if (q == 0.5) return PowerKind::half;
  if (q == 1.0) return PowerKind::one;
  if (q == 2.0) return PowerKind::two;
  return PowerKind::general;
}

/// Below this magnitude an unbounded derivative (q < 1) and any noise gradient are taken as 0 (science.md
/// section 2).
constexpr double kink_radius = 1e-12;

/// |x|^q for q >= 0; |x|^0 is 1 everywhere.
template <typename T>
MODSWEEP_HD T absolute_power(T x, PowerKind kind, T q) {
  const T magnitude = absolute(x);
  switch (kind) {
    case PowerKind::zero:
      return T(1);
    case PowerKind::half:
      return square_root(magnitude);
    case PowerKind::one:
      return magnitude;
    case PowerKind::two:
      return x * x;
    case PowerKind::general:
      break;
  }
  return select(magnitude > T(0), exponential(q * logarithm(magnitude)), T(0));
}

/// d|x|^q/dx = q |x|^(q-1) sign(x), and 0 at the kink: at x = 0, for q < 1 within kink_radius of it.
template <typename T>
MODSWEEP_HD T absolute_power_derivative(T x, PowerKind kind, T q) {
  const T magnitude = absolute(x);
  switch (kind) {
    case PowerKind::zero:
      return T(0);
    case PowerKind::half:
      return select(magnitude < T(kink_radius), T(0), T(0.5) * sign_of(x) / square_root(magnitude));
    case PowerKind::one:
      return sign_of(x);
    case PowerKind::two:
      return T(2) * x;
    case PowerKind::general:
      break;
  }
  const T power = q * exponential((q - T(1)) * logarithm(magnitude)) * sign_of(x);
  const T radius = select(q < T(1), T(kink_radius), T(0));
  return select(magnitude > radius, power, T(0));
}

}  // namespace modsweep::math
