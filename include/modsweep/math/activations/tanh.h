// tanh: the hyperbolic tangent.
#pragma once

#include "modsweep/math/activations/base.h"

namespace modsweep::math {

struct Tanh : ActivationBase {
  template <typename T>
  MODSWEEP_HD static T value(T z, T /*slope*/) {
    return hyperbolic_tangent(z);
  }
  template <typename T>
  MODSWEEP_HD static T derivative(T /*z*/, T a, T /*slope*/) {
    return T(1) - a * a;
  }
  static constexpr bool derivative_of_value(double /*slope*/) { return true; }
};

}  // namespace modsweep::math
