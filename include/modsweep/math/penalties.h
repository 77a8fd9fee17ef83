// The penalties (science.md section 3; paper eq. 15, 18-20): each has a file in penalties/ (base.h describes
// its members), an include here and a line in the list. The settings of [regularizer], the values in results,
// the engines' computations and the tests follow from the list.
#pragma once

#include <cstddef>
#include <type_traits>

#include "modsweep/math/penalties/activity.h"
#include "modsweep/math/penalties/base.h"
#include "modsweep/math/penalties/connection_cost.h"
#include "modsweep/math/penalties/l1.h"
#include "modsweep/math/penalties/l12.h"
#include "modsweep/math/penalties/l2.h"
#include "modsweep/math/penalties/l21.h"
#include "modsweep/math/penalties/weighted_activity.h"

// The list, one penalty per line: its name in sweep files, which is the key of its coefficient, and its type;
// then its other settings with their defaults. New penalties come last.
// clang-format off
#define MODSWEEP_PENALTIES(PENALTY, SETTING)                                                              \
  PENALTY(l1, L1)                                                                                         \
  PENALTY(l2, L2)                                                                                         \
  PENALTY(weighted_activity, WeightedActivity) SETTING(WeightedActivity, weighted_activity_exponent, 2.0) \
  PENALTY(activity, Activity) SETTING(Activity, activity_exponent, 2.0)                                   \
  PENALTY(l12, L12)                                                                                       \
  PENALTY(l21, L21)                                                                                       \
  PENALTY(connection_cost, ConnectionCost)                                                                \
  SETTING(ConnectionCost, connection_form, math::ConnectionForm::abs)                                     \
  SETTING(ConnectionCost, connection_base, 0.1)                                                           \
  SETTING(ConnectionCost, connection_length, 1.0)                                                         \
  SETTING(ConnectionCost, connection_exponent, 1.0)                                                       \
  SETTING(ConnectionCost, connection_scale, 0.1)                                                          \
  /* the end of the list */
// clang-format on

/// For users of the list that need only the penalties, or only the settings.
#define MODSWEEP_NOTHING(...)

namespace modsweep::math {

template <typename Penalty>
constexpr bool is_of_weights = std::is_base_of_v<PenaltyOfWeights, Penalty>;
template <typename Penalty>
constexpr bool is_of_ends = std::is_base_of_v<PenaltyOfEnds, Penalty>;
template <typename Penalty>
constexpr bool is_of_sums = std::is_base_of_v<PenaltyOfSums, Penalty>;
template <typename Penalty>
constexpr bool is_of_activity = std::is_base_of_v<PenaltyOfActivity, Penalty>;

/// All penalties together, as engines compute them. Sums over penalties are in the order of the list.
template <typename... Penalty>
struct PenaltySet {
  static constexpr std::size_t count = sizeof...(Penalty);
  /// Number of penalties of activity. They have a numbering of their own, from 0 in the order of the list.
  static constexpr std::size_t activities = (std::size_t{is_of_activity<Penalty>} + ... + 0);
  /// Whether any penalty depends on the ends of a weight.
  static constexpr bool any_of_ends = (is_of_ends<Penalty> || ...);
  static_assert(activities > 0);

  template <typename One, typename T>
  struct RuleOf {
    typename One::template Rule<T> rule;
  };
  /// The settings of all penalties in the scalar type of a computation. A plain value: devices receive
  /// copies.
  template <typename T>
  struct Rules : RuleOf<Penalty, T>... {
    template <typename One>
    [[nodiscard]] MODSWEEP_HD typename One::template Rule<T>& of() {
      return static_cast<RuleOf<One, T>&>(*this).rule;
    }
    template <typename One>
    [[nodiscard]] MODSWEEP_HD const typename One::template Rule<T>& of() const {
      return static_cast<const RuleOf<One, T>&>(*this).rule;
    }

    /// The sums over weights that the penalties with a nonzero coefficient depend on.
    [[nodiscard]] SumsWanted sums_wanted() const {
      return ((of<Penalty>().coefficient != T(0) ? Penalty::sums : SumsWanted{}) | ...);
    }
    /// Whether a penalty of ends has a nonzero coefficient.
    [[nodiscard]] bool ends_wanted() const {
      return ((is_of_ends<Penalty> && of<Penalty>().coefficient != T(0)) || ...);
    }
    /// Whether a penalty of activity has a nonzero coefficient.
    [[nodiscard]] bool any_activity() const {
      return ((is_of_activity<Penalty> && of<Penalty>().coefficient != T(0)) || ...);
    }
    /// on[i]: whether the coefficient of penalty i of activity is not 0.
    void activities_on(bool (&on)[activities]) const { (set_activity_on<Penalty>(on), ...); }
    /// Factors of 2W and sign(W) of all penalties of weights.
    [[nodiscard]] MODSWEEP_HD WeightFactors<T> weight_factors() const {
      WeightFactors<T> factors;
      (add_weight_factors<Penalty>(factors), ...);
      return factors;
    }
    /// Derivatives of all penalties with respect to a hidden unit's sums; means[i]: mean of h_i(a) over the
    /// batch.
    [[nodiscard]] MODSWEEP_HD UnitSums<T> unit_gradient(const UnitSums<T>& unit,
                                                        const T (&means)[activities]) const {
      UnitSums<T> by;
      (add_unit_gradient<Penalty>(unit, means, by), ...);
      return by;
    }
    /// Factors of 2W and sign(W) of all penalties that depend on the weight's ends; U: T, or a vector of it.
    template <typename U>
    [[nodiscard]] MODSWEEP_HD WeightFactors<U> end_factors(U w, const WeightEnds<U>& ends) const {
      WeightFactors<U> factors{U(T(0)), U(T(0))};
      (add_end_factors<Penalty>(w, ends, factors), ...);
      return factors;
    }

   private:
    template <typename One>
    void set_activity_on(bool (&on)[activities]) const {
      if constexpr (is_of_activity<One>) on[number<One>] = of<One>().coefficient != T(0);
    }
    template <typename One>
    MODSWEEP_HD void add_weight_factors(WeightFactors<T>& factors) const {
      if constexpr (is_of_weights<One>) One::add_factors(of<One>().coefficient, factors);
    }
    template <typename One>
    MODSWEEP_HD void add_unit_gradient(const UnitSums<T>& unit, const T (&means)[activities],
                                       UnitSums<T>& by) const {
      if constexpr (is_of_sums<One>) One::add_gradient(of<One>().coefficient, unit, by);
      if constexpr (is_of_activity<One>)
        One::add_gradient(of<One>().coefficient, unit, means[number<One>], by);
    }
    template <typename One, typename U>
    MODSWEEP_HD void add_end_factors(U w, const WeightEnds<U>& ends, WeightFactors<U>& factors) const {
      if constexpr (is_of_ends<One>) {
        const WeightFactors<U> own = One::factors(of<One>(), w, ends);
        factors = {factors.quadratic + own.quadratic, factors.absolute + own.absolute};
      }
    }
  };

  /// The number of a penalty of activity.
  template <typename One>
  static constexpr std::size_t number = [] {
    std::size_t found = 0;
    std::size_t next = 0;
    ((std::is_same_v<One, Penalty> ? void(found = next) : void(), next += is_of_activity<Penalty> ? 1 : 0),
     ...);
    return found;
  }();

  // ---- Hidden units' activities. Arrays have one entry for each penalty of activity; `on`: whether its
  // coefficient is not 0.

  /// sums[i] += weight * h_i(a) for the penalties that are on; U: T, or a vector of it.
  template <typename T, typename U>
  MODSWEEP_HD static void add_activities(const Rules<T>& rules, const bool (&on)[activities], U a, U weight,
                                         U (&sums)[activities]) {
    (add_activity<Penalty>(rules, on, a, weight, sums), ...);
  }

  /// Gradient with respect to one clean activation; factors[i]: as computed by activity_factors().
  template <typename T, typename U>
  [[nodiscard]] MODSWEEP_HD static U activity_gradient(const Rules<T>& rules, const bool (&on)[activities],
                                                       U a, const U (&factors)[activities]) {
    U gradient(T(0));
    (add_activity_gradient<Penalty>(rules, on, a, factors, gradient), ...);
    return gradient;
  }

  /// factors[i] = coefficient g(unit) / B, from 1 / B, the inverse of a batch's size.
  template <typename T>
  MODSWEEP_HD static void activity_factors(const Rules<T>& rules, const UnitSums<T>& unit, T inverse_count,
                                           T (&factors)[activities]) {
    (set_activity_factor<Penalty>(rules, unit, inverse_count, factors), ...);
  }

  /// values[i] += g_i(unit) times the unit's sum of h_i over a batch, for the penalties that are on.
  template <typename T>
  MODSWEEP_HD static void add_activity_values(const bool (&on)[activities], const UnitSums<T>& unit,
                                              const T (&sums)[activities], T (&values)[activities]) {
    (add_activity_value<Penalty>(on, unit, sums, values), ...);
  }

 private:
  template <typename One, typename T, typename U>
  MODSWEEP_HD static void add_activity(const Rules<T>& rules, const bool (&on)[activities], U a, U weight,
                                       U (&sums)[activities]) {
    if constexpr (is_of_activity<One>)
      if (on[number<One>])
        sums[number<One>] =
            multiply_add(weight, One::activity(rules.template of<One>(), a), sums[number<One>]);
  }
  template <typename One, typename T, typename U>
  MODSWEEP_HD static void add_activity_gradient(const Rules<T>& rules, const bool (&on)[activities], U a,
                                                const U (&factors)[activities], U& gradient) {
    if constexpr (is_of_activity<One>)
      if (on[number<One>]) {
        const U derivative = One::activity_derivative(rules.template of<One>(), a);
        const U factor = factors[number<One>];
        gradient = number<One> == 0 ? factor * derivative : multiply_add(factor, derivative, gradient);
      }
  }
  template <typename One, typename T>
  MODSWEEP_HD static void set_activity_factor(const Rules<T>& rules, const UnitSums<T>& unit, T inverse_count,
                                              T (&factors)[activities]) {
    if constexpr (is_of_activity<One>)
      factors[number<One>] = rules.template of<One>().coefficient * One::unit_weight(unit) * inverse_count;
  }
  template <typename One, typename T>
  MODSWEEP_HD static void add_activity_value(const bool (&on)[activities], const UnitSums<T>& unit,
                                             const T (&sums)[activities], T (&values)[activities]) {
    if constexpr (is_of_activity<One>)
      if (on[number<One>]) values[number<One>] += One::unit_weight(unit) * sums[number<One>];
  }
};

/// The list as types. Every entry begins with a comma, hence the unused first argument.
template <typename /*before the first comma*/, typename... Penalty>
using PenaltiesOf = PenaltySet<Penalty...>;
#define MODSWEEP_TYPE(name, Penalty) , Penalty
using Penalties = PenaltiesOf<void MODSWEEP_PENALTIES(MODSWEEP_TYPE, MODSWEEP_NOTHING)>;
#undef MODSWEEP_TYPE

template <typename T>
using PenaltyRules = Penalties::Rules<T>;
constexpr std::size_t activity_penalties = Penalties::activities;

/// Gradient of all penalties with respect to one weight, from their total factors of 2W and sign(W).
template <typename T>
MODSWEEP_HD T weight_gradient(T w, T quadratic, T absolute_factor) {
  return multiply_add(T(2) * w, quadratic, sign_of(w) * absolute_factor);
}
/// The same where no penalty that is on has a factor of sign(W).
template <typename T>
MODSWEEP_HD T weight_gradient(T w, T quadratic) {
  return T(2) * w * quadratic;
}

}  // namespace modsweep::math
