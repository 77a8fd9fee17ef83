// sigmoid: 1 / (1 + exp(-z)).
#pragma once

#include "modsweep/math/activations/base.h"

namespace modsweep::math {

struct Sigmoid : ActivationBase {
  template <typename T>
  MODSWEEP_HD static T value(T z, T /*slope*/) {
    return T(1) / (T(1) + exponential(T(0) - z));
  }
  template <typename T>
  MODSWEEP_HD static T derivative(T /*z*/, T a, T /*slope*/) {
    return a * (T(1) - a);
  }
  static constexpr bool derivative_of_value(double /*slope*/) { return true; }
};

}  // namespace modsweep::math
