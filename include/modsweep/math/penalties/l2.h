// l2: sum of W^2.
#pragma once

#include "modsweep/math/penalties/base.h"

namespace modsweep::math {

struct L2 : PenaltyOfWeights {
  static constexpr std::string_view doc = "coefficient of the sum of W^2";
  static constexpr std::string_view column = "sum_w2";
  static constexpr std::int32_t since = 1;

  template <typename T>
  MODSWEEP_HD static T value(const WeightNorms<T>& norms) {
    return norms.square;
  }
  template <typename T>
  MODSWEEP_HD static void add_factors(T c, WeightFactors<T>& factors) {
    factors.quadratic += c;
  }
};

}  // namespace modsweep::math
