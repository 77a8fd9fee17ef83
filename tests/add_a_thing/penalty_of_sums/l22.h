// l22: sum over hidden units of (sum of incoming W^2) (sum of outgoing W^2).
#pragma once

#include "modsweep/math/penalties/base.h"

namespace modsweep::math {

struct L22 : PenaltyOfSums {
  static constexpr std::string_view doc = "coefficient of incoming W^2 times outgoing W^2";
  static constexpr std::int32_t since = 6;
  static constexpr SumsWanted sums = {.in_square = true, .out_square = true};

  template <typename T>
  MODSWEEP_HD static T value(const UnitSums<T>& unit) {
    return unit.in_square * unit.out_square;
  }
  template <typename T>
  MODSWEEP_HD static void add_gradient(T c, const UnitSums<T>& unit, UnitSums<T>& by) {
    by.in_square += c * unit.out_square;
    by.out_square += c * unit.in_square;
  }
};

}  // namespace modsweep::math
