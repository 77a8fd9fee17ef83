// l1: sum of |W|.
#pragma once

#include "modsweep/math/penalties/base.h"

namespace modsweep::math {

struct L1 : PenaltyOfWeights {
  static constexpr std::string_view doc = "coefficient of the sum of |W|";
  static constexpr std::int32_t since = 1;

  template <typename T>
  MODSWEEP_HD static T value(const WeightNorms<T>& norms) {
    return norms.absolute;
  }
  template <typename T>
  MODSWEEP_HD static void add_factors(T c, WeightFactors<T>& factors) {
    factors.absolute += c;
  }
};

}  // namespace modsweep::math
