// Base of the files in this folder. Each defines one activation function f (science.md section 1) as static
// function templates over the type T of the computation:
//   value(z, slope): f(z),
//   derivative(z, a, slope): f'(z), given a = f(z); at a kink, the derivative of the negative side,
//   derivative_of_value(slope): whether f'(z) equals derivative(a, a, slope), so that z need not be stored.
// `slope` is network.leaky_slope, or the layer's trained slope; most functions ignore it.
#pragma once

#include "modsweep/math/scalar.h"

namespace modsweep::math {

struct ActivationBase {
  /// Whether each hidden layer has a slope of its own that is trained with the weights.
  static constexpr bool trains_slope = false;
};

}  // namespace modsweep::math
