// activity: mean over the batch of the sum of |a|^p over hidden units.
#pragma once

#include "modsweep/math/penalties/base.h"

namespace modsweep::math {

struct Activity : PenaltyOfActivity {
  static constexpr std::string_view doc = "coefficient of each unit's |a|^exponent";
  static constexpr PenaltySetting settings[] = {
      {"activity_exponent", 0.0, largest_activity_exponent, "exponent of |a| in activity"}};
  static constexpr std::int32_t since = 1;

  template <typename T>
  using Rule = PowerRule<T>;
  template <typename T, typename Settings>
  static constexpr void set(Rule<T>& rule, const Settings& settings) {
    rule.kind = power_kind(settings.activity_exponent);
    rule.exponent = T(settings.activity_exponent);
  }

  template <typename T>
  MODSWEEP_HD static T activity(const Rule<scalar_of<T>>& rule, T a) {
    return absolute_power(a, rule.kind, T(rule.exponent));
  }
  template <typename T>
  MODSWEEP_HD static T activity_derivative(const Rule<scalar_of<T>>& rule, T a) {
    return absolute_power_derivative(a, rule.kind, T(rule.exponent));
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
