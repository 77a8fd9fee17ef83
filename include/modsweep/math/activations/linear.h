// linear: z itself.
#pragma once

#include "modsweep/math/activations/base.h"

namespace modsweep::math {

struct Linear : ActivationBase {
  template <typename T>
  MODSWEEP_HD static T value(T z, T /*slope*/) {
    return z;
  }
  template <typename T>
  MODSWEEP_HD static T derivative(T /*z*/, T /*a*/, T /*slope*/) {
    return T(1);
  }
  static constexpr bool derivative_of_value(double /*slope*/) { return true; }
};

}  // namespace modsweep::math
