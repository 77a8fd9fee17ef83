// activity: mean over the batch of the sum of |a|^p over hidden units.
#pragma once

#include "modsweep/math/penalties/base.h"

namespace modsweep::math {

struct Activity : PenaltyOfPower {
  static constexpr std::string_view doc = "coefficient of each unit's |a|^exponent";
  static constexpr PenaltySetting settings[] = {
      {"activity_exponent", 0.0, largest_activity_exponent, "exponent of |a| in activity"}};
  static constexpr std::int32_t since = 1;

  template <typename T, typename Settings>
  static constexpr void set(PowerRule<T>& rule, const Settings& settings) {
    set_exponent(rule, settings.activity_exponent);
  }
  template <typename T>
  MODSWEEP_HD static T unit_weight(const UnitSums<T>& /*unit*/) {
    return T(1);
  }
  template <typename T>
  MODSWEEP_HD static void add_gradient(T /*c*/, const UnitSums<T>& /*unit*/, T /*mean*/,
                                       UnitSums<T>& /*by*/) {}
};

}  // namespace modsweep::math
