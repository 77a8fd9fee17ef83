// l21: sum over hidden units of (sum of incoming W^2) (sum of outgoing |W|).
#pragma once

#include "modsweep/math/penalties/base.h"

namespace modsweep::math {

struct L21 : PenaltyOfSums {
  static constexpr std::string_view doc = "coefficient of incoming W^2 times outgoing |W|";
  static constexpr std::int32_t since = 1;
  static constexpr SumsWanted sums = {.in_square = true, .out_absolute = true};

  template <typename T>
  MODSWEEP_HD static T value(const UnitSums<T>& unit) {
    return unit.in_square * unit.out_absolute;
  }
  template <typename T>
  MODSWEEP_HD static void add_gradient(T c, const UnitSums<T>& unit, UnitSums<T>& by) {
    by.in_square += c * unit.out_absolute;
    by.out_absolute += c * unit.in_square;
  }
};

}  // namespace modsweep::math
