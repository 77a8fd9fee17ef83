// Bases of the files in this folder. Each defines one penalty: a term of the loss with a coefficient of its
// own (science.md section 3). Its formulas omit the coefficient. A penalty is of one of four kinds and has
// these static members:
//   doc: the line of its coefficient in the list of settings,
//   since: the format of stores that first has a column for its value (docs/CHANGELOG.md). The settings of a
//     penalty of format 1 are part of every cell's id; those of a later one only where they differ from their
//     defaults,
//   and, by its kind,
//   PenaltyOfWeights: a multiple of |w| or w^2 of every weight:
//     value(norms): of some weights, from their WeightNorms,
//     add_factors(c, factors): adds c times its factors of 2W and sign(W) in the gradient;
//   PenaltyOfEnds: depends on every weight and on the two units that it connects:
//     value(rule, w, ends), of one weight,
//     factors(rule, w, ends): factors of 2W and sign(W), coefficient included;
//   PenaltyOfSums: depends on the four sums over the weights of each hidden unit:
//     sums: the ones that it depends on,
//     value(unit), of one unit's UnitSums,
//     add_gradient(c, unit, by): adds c times the derivatives of value(unit) with respect to the sums to
//     `by`;
//   PenaltyOfActivity: the mean over a batch of g(unit) h(a) of every hidden unit's clean activation a:
//     sums: the sums that g depends on,
//     activity(rule, a) and activity_derivative(rule, a): h and h',
//     unit_weight(unit): g of a unit's UnitSums,
//     add_gradient(c, unit, mean, by): adds c times the derivatives of g(unit) * mean with respect to the
//     sums to `by`.
// A penalty with more settings than its coefficient names them in the list (penalties.h), and has
//   settings[]: their limits and docs, and a Rule of its own with a set(rule, settings).
// T is the type of the computation; it may be a vector of the rule's scalar type.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "modsweep/math/power.h"
#include "modsweep/math/scalar.h"
#include "modsweep/math/weight_sums.h"

namespace modsweep::math {

/// Factors of 2W and sign(W) in the gradient of a weight.
template <typename T>
struct WeightFactors {
  T quadratic{};
  T absolute{};
};

/// The units that a weight W^l_jk connects.
template <typename T>
struct WeightEnds {
  std::uint32_t layer = 0;  ///< l
  T from{};                 ///< k, a unit of layer l; an input where l = 0
  T to{};                   ///< j, a unit of layer l + 1
  T from_units{};           ///< d_l
  T to_units{};             ///< d_{l+1}

  /// Position of a unit in its layer, in (0, 1): the middle of interval i of d equal intervals.
  [[nodiscard]] MODSWEEP_HD T from_position() const { return (from + T(0.5)) / from_units; }
  [[nodiscard]] MODSWEEP_HD T to_position() const { return (to + T(0.5)) / to_units; }
  [[nodiscard]] MODSWEEP_HD T length() const { return absolute(to_position() - from_position()); }
};

/// A setting of a penalty other than its coefficient: a number or, where its default is of an enumeration
/// with names (names.h), a choice without limits.
struct PenaltySetting {
  std::string_view name;  ///< "activity_exponent"
  double low = 0.0;
  double high = 0.0;
  std::string_view doc;
};

/// A penalty's settings in the scalar type of a computation.
template <typename T>
struct PenaltyRule {
  T coefficient{};
};

struct PenaltyBase {
  /// Name of its column in results; empty: the penalty's name.
  static constexpr std::string_view column = {};
  static constexpr std::array<PenaltySetting, 0> settings{};
  /// Whether a measure of its own records its value, where it is on; false: it is recorded always.
  static constexpr bool measured_alone = false;
  static constexpr SumsWanted sums{};
  template <typename T>
  using Rule = PenaltyRule<T>;
  /// Sets the members of a rule other than the coefficient.
  template <typename T, typename Settings>
  static constexpr void set(PenaltyRule<T>& /*rule*/, const Settings& /*settings*/) {}
};

struct PenaltyOfWeights : PenaltyBase {};
struct PenaltyOfEnds : PenaltyBase {};
struct PenaltyOfSums : PenaltyBase {};
struct PenaltyOfActivity : PenaltyBase {};

/// The exponent p of |a|^p.
template <typename T>
struct PowerRule : PenaltyRule<T> {
  PowerKind kind = PowerKind::two;
  T exponent{};
};
/// The largest p; the smallest is 0.
constexpr double largest_activity_exponent = 16.0;

/// A penalty of activity whose h(a) is |a|^p.
struct PenaltyOfPower : PenaltyOfActivity {
  template <typename T>
  using Rule = PowerRule<T>;
  template <typename T>
  static constexpr void set_exponent(PowerRule<T>& rule, double exponent) {
    rule.kind = power_kind(exponent);
    rule.exponent = T(exponent);
  }

  template <typename T>
  MODSWEEP_HD static T activity(const PowerRule<scalar_of<T>>& rule, T a) {
    return absolute_power(a, rule.kind, T(rule.exponent));
  }
  template <typename T>
  MODSWEEP_HD static T activity_derivative(const PowerRule<scalar_of<T>>& rule, T a) {
    return absolute_power_derivative(a, rule.kind, T(rule.exponent));
  }
};

}  // namespace modsweep::math
