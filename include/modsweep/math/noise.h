// Activity-dependent noise and dropout (science.md section 2; paper eq. 2-4).
#pragma once

#include <cstdint>

#include "modsweep/math/power.h"
#include "modsweep/math/scalar.h"

namespace modsweep {

/// Where noise and dropout enter: on the activation (`post`, the authors' code) or before it (`pre`, the
/// paper's text).
enum class NoiseSite : std::uint8_t { post, pre };

}  // namespace modsweep

namespace modsweep::math {

/// A function's value and its derivative with respect to the argument.
template <typename T>
struct WithDerivative {
  T value;
  T derivative;
};

/// g = v + scaled_eps |v|^q with q = alpha/2 and scaled_eps = sigma * eps, and dg/dv with eps held fixed. The
/// noise term contributes 0 to the derivative if `detached`, and within kink_radius of v = 0.
template <typename T>
MODSWEEP_HD WithDerivative<T> add_noise(T v, T scaled_eps, PowerKind kind, T q, bool detached) {
  const T value = multiply_add(scaled_eps, absolute_power(v, kind, q), v);
  if (detached || kind == PowerKind::zero) return {value, T(1)};
  const T slope = select(absolute(v) < T(kink_radius), T(0), absolute_power_derivative(v, kind, q));
  return {value, multiply_add(scaled_eps, slope, T(1))};
}

/// v and dg/dv back from g = v + scaled_eps |v|, add_noise with q = 1, where |scaled_eps| < 1: then g has v's
/// sign.
template <typename T>
MODSWEEP_HD WithDerivative<T> without_noise(T g, T scaled_eps) {
  const T noise_slope = select(g > T(0), scaled_eps, T(0) - scaled_eps);
  const T derivative = T(1) + select(absolute(g) < T(kink_radius), T(0), noise_slope);
  return {ratio(g, derivative), derivative};
}

/// Inverted dropout: the factor of a unit's value, 0 or 1 / (1 - rate); `uniform` in (0, 1).
template <typename T>
MODSWEEP_HD T dropout_scale(T uniform, T rate) {
  return select(uniform < rate, T(0), T(1) / (T(1) - rate));
}

}  // namespace modsweep::math
