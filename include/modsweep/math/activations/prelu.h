// prelu: leaky_relu with one trained slope per hidden layer.
#pragma once

#include "modsweep/math/activations/leaky_relu.h"

namespace modsweep::math {

/// Initial value of a prelu slope (PyTorch's default).
constexpr double initial_prelu_slope = 0.25;

struct Prelu : LeakyRelu {
  static constexpr bool trains_slope = true;
  /// A slope may become negative in training.
  static constexpr bool derivative_of_value(double /*slope*/) { return false; }
};

/// df/dslope of prelu.
template <typename T>
MODSWEEP_HD T activation_slope_derivative(T z) {
  return select(z > T(0), T(0), z);
}

}  // namespace modsweep::math
