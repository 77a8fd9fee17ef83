// leaky_relu: z above 0, slope * z below.
#pragma once

#include "modsweep/math/activations/base.h"

namespace modsweep::math {

struct LeakyRelu : ActivationBase {
  template <typename T>
  MODSWEEP_HD static T value(T z, T slope) {
    return select(z > T(0), z, slope * z);
  }
  template <typename T>
  MODSWEEP_HD static T derivative(T z, T /*a*/, T slope) {
    return select(z > T(0), T(1), slope);
  }
  /// a has the sign of z, unless a negative slope folds the line.
  static constexpr bool derivative_of_value(double slope) { return slope >= 0.0; }
};

}  // namespace modsweep::math
