// One hidden unit on one sample: activation, dropout and noise put together (science.md sections 1 and 2).
#pragma once

#include "modsweep/math/activations.h"
#include "modsweep/math/noise.h"

namespace modsweep::math {

/// Hyperparameters that all units of a layer share on all samples.
template <typename T>
struct UnitHyperparameters {
  Activation activation = Activation::leaky_relu;
  NoiseSite site = NoiseSite::post;
  PowerKind noise_power = PowerKind::zero;  ///< special case of alpha/2
  bool detached = false;
  T slope{};           ///< leaky_relu's, or the layer's prelu slope
  T noise_exponent{};  ///< alpha/2
};

/// Values and the derivatives that the backward pass needs.
template <typename T>
struct UnitValues {
  T clean;           ///< a = f(z): the regularizers' input
  T clean_by_z;      ///< da/dz
  T clean_by_slope;  ///< da/dslope (prelu)
  T out;             ///< g: the next layer's input
  T out_by_z;        ///< dg/dz
  T out_by_slope;    ///< dg/dslope (prelu)
};

/// Without noise and dropout: out = clean.
template <typename T>
MODSWEEP_HD UnitValues<T> forward_unit(const UnitHyperparameters<T>& hyper, T z) {
  const T a = activate(hyper.activation, z, hyper.slope);
  const T by_z = activation_derivative(hyper.activation, z, a, hyper.slope);
  const T by_slope = activation_slope_derivative(z);
  return {a, by_z, by_slope, a, by_z, by_slope};
}

/// With noise (scaled_eps = sigma * eps, 0 for none) and dropout (keep from dropout_scale, 1 for none), both
/// at hyper.site: on a (`post`), or on z before f (`pre`). Dropout comes before noise.
template <typename T>
MODSWEEP_HD UnitValues<T> forward_noisy_unit(const UnitHyperparameters<T>& hyper, T z, T scaled_eps, T keep) {
  UnitValues<T> u = forward_unit(hyper, z);
  if (hyper.site == NoiseSite::post) {
    const auto noisy =
        add_noise(u.clean * keep, scaled_eps, hyper.noise_power, hyper.noise_exponent, hyper.detached);
    const T by_clean = noisy.derivative * keep;
    u.out = noisy.value;
    u.out_by_z = by_clean * u.clean_by_z;
    u.out_by_slope = by_clean * u.clean_by_slope;
  } else {
    const auto noisy =
        add_noise(z * keep, scaled_eps, hyper.noise_power, hyper.noise_exponent, hyper.detached);
    u.out = activate(hyper.activation, noisy.value, hyper.slope);
    u.out_by_z =
        activation_derivative(hyper.activation, noisy.value, u.out, hyper.slope) * noisy.derivative * keep;
    u.out_by_slope = activation_slope_derivative(noisy.value);
  }
  return u;
}

}  // namespace modsweep::math
