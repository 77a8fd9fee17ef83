// wiring: sum over all weights of (base + length) |W|. The length of a weight is the distance between the
// positions of its two units in their layers.
#pragma once

#include "modsweep/math/penalties/base.h"

namespace modsweep::math {

struct Wiring : PenaltyOfEnds {
  static constexpr std::string_view doc = "coefficient of |W| times the distance of its units";
  static constexpr std::int32_t since = 6;
  static constexpr PenaltySetting settings[] = {
      {"wiring_base", 0.0, 1e30, "what a weight of length 0 costs"}};

  template <typename T>
  struct Rule : PenaltyRule<T> {
    T base{};
  };
  template <typename T, typename Settings>
  static constexpr void set(Rule<T>& rule, const Settings& settings) {
    rule.base = T(settings.wiring_base);
  }

  template <typename T>
  MODSWEEP_HD static T value(const Rule<scalar_of<T>>& rule, T w, const WeightEnds<T>& ends) {
    return (T(rule.base) + ends.length()) * absolute(w);
  }
  template <typename T>
  MODSWEEP_HD static WeightFactors<T> factors(const Rule<scalar_of<T>>& rule, T /*w*/,
                                              const WeightEnds<T>& ends) {
    return {T(0), T(rule.coefficient) * (T(rule.base) + ends.length())};
  }
};

}  // namespace modsweep::math
