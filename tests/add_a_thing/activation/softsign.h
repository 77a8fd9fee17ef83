// softsign: f(z) = z / (1 + |z|).
#pragma once

#include "modsweep/math/activations/base.h"

namespace modsweep::math {

struct Softsign : ActivationBase {
  template <typename T>
  MODSWEEP_HD static T value(T z, T /*slope*/) {
    return z / (T(1) + absolute(z));
  }
  template <typename T>
  MODSWEEP_HD static T derivative(T z, T /*a*/, T /*slope*/) {
    const T root = T(1) + absolute(z);
    return T(1) / (root * root);
  }
  static constexpr bool derivative_of_value(double /*slope*/) { return false; }
};

}  // namespace modsweep::math
