// Activation functions (science.md section 1). A new one: an entry of `Activation` (settings.h, names.h) and
// a case in each of the functions below.
#pragma once

#include "modsweep/math/scalar.h"
#include "modsweep/settings.h"

namespace modsweep::math {

/// What a prelu slope starts at (PyTorch's default).
constexpr double initial_prelu_slope = 0.25;

/// f(z). `slope` is the negative-side slope of leaky_relu and prelu, unused by the others.
template <typename T>
MODSWEEP_HD T activate(Activation kind, T z, T slope) {
  switch (kind) {
    case Activation::linear:
      return z;
    case Activation::tanh:
      return hyperbolic_tangent(z);
    case Activation::sigmoid:
      return T(1) / (T(1) + exponential(T(0) - z));
    case Activation::leaky_relu:
    case Activation::prelu:
      break;
  }
  return select(z > T(0), z, slope * z);
}

/// f'(z), with a = f(z) at hand. At z = 0 the piecewise-linear ones take the negative side.
template <typename T>
MODSWEEP_HD T activation_derivative(Activation kind, T z, T a, T slope) {
  switch (kind) {
    case Activation::linear:
      return T(1);
    case Activation::tanh:
      return T(1) - a * a;
    case Activation::sigmoid:
      return a * (T(1) - a);
    case Activation::leaky_relu:
    case Activation::prelu:
      break;
  }
  return select(z > T(0), T(1), slope);
}

/// Whether f'(z) is a function of f(z) alone, so that nobody needs to keep z: not where a negative slope
/// folds the line.
constexpr bool derivative_of_value(Activation kind, double slope) {
  return kind != Activation::prelu && (kind != Activation::leaky_relu || slope >= 0.0);
}

/// f'(z) from a = f(z); only where derivative_of_value holds.
template <typename T>
MODSWEEP_HD T activation_derivative(Activation kind, T a, T slope) {
  return activation_derivative(kind, a, a, slope);  // a has the sign of z
}

/// df/dslope of prelu.
template <typename T>
MODSWEEP_HD T activation_slope_derivative(T z) {
  return select(z > T(0), T(0), z);
}

}  // namespace modsweep::math
