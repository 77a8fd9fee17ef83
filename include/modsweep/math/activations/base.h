// What the files of this folder are written with. Each is one activation function f (science.md section 1) as
// static function templates over the type T that is computed in:
//   value(z, slope): f(z),
//   derivative(z, a, slope): f'(z), with a = f(z) at hand; at a kink the negative side's,
//   derivative_of_value(slope): whether f'(z) is derivative(a, a, slope), too: nobody then needs to keep z.
// `slope` is that of network.leaky_slope, or the layer's trained one; most functions do not look at it.
#pragma once

#include "modsweep/math/scalar.h"

namespace modsweep::math {

struct ActivationBase {
  /// Whether each hidden layer has a slope of its own that is trained with the weights.
  static constexpr bool trains_slope = false;
};

}  // namespace modsweep::math
