// weighted_activity: mean over the batch of the sum over hidden units of |a|^p times the unit's outgoing W^2,
// which is the cost to the next layer of noise that grows with |a|^p.
#pragma once

#include "modsweep/math/penalties/base.h"

namespace modsweep::math {

struct WeightedActivity : PenaltyOfPower {
  static constexpr std::string_view doc =
      "coefficient of each unit's |a|^exponent times its outgoing W^2 (WA)";
  static constexpr PenaltySetting settings[] = {
      {"weighted_activity_exponent", 0.0, largest_activity_exponent, "exponent of |a| in weighted_activity"}};
  static constexpr std::int32_t since = 1;
  static constexpr SumsWanted sums = {.out_square = true};

  template <typename T, typename Settings>
  static constexpr void set(PowerRule<T>& rule, const Settings& settings) {
    set_exponent(rule, settings.weighted_activity_exponent);
  }
  template <typename T>
  MODSWEEP_HD static T unit_weight(const UnitSums<T>& unit) {
    return unit.out_square;
  }
  template <typename T>
  MODSWEEP_HD static void add_gradient(T c, const UnitSums<T>& /*unit*/, T mean, UnitSums<T>& by) {
    by.out_square += c * mean;
  }
};

}  // namespace modsweep::math
