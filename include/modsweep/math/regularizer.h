// Regularizers (science.md section 3; paper eq. 15, 18-20). All terms together act on a weight W^l_jk, from
// unit k to unit j, through two numbers only:
//
//   d/dW^l_jk = 2 W quadratic + sign(W) absolute
//   quadratic = l2 + wa m_k + l12 U_k + l21 Q_j        absolute = l1 + l12 V_j + l21 P_k
//
// with, of hidden unit k:  m_k = mean_b |a_bk|^p,  U_k = sum_i |W^{l-1}_ki|,  P_k = sum_i (W^{l-1}_ki)^2
// (incoming),
//                          V_k = sum_j (W^l_jk)^2,  Q_k = sum_j |W^l_jk| (outgoing).
// Terms of input units k and output units j are 0. And on an activation through
//
//   d/da_bk = (1/B) (wa V_k d|a|^p/da + activity d|a|^q/da)
//
// A new regularizer of weights adds its share to `sending_share` or `receiving_share`.
#pragma once

#include "modsweep/math/power.h"
#include "modsweep/math/scalar.h"
#include "modsweep/settings.h"

namespace modsweep::math {

/// Sums over the weights of one hidden unit, and the batch mean of its activity.
template <typename T>
struct UnitSums {
  T in_absolute{};    ///< U
  T in_square{};      ///< P
  T out_absolute{};   ///< Q
  T out_square{};     ///< V
  T mean_activity{};  ///< m, with WA's exponent
};

/// Coefficients in the scalar type of the computation.
template <typename T>
struct RegularizerCoefficients {
  T l1{}, l2{}, weighted_activity{}, activity{}, l12{}, l21{};
};

/// Factors of 2W and sign(W).
template <typename T>
struct WeightFactors {
  T quadratic{};
  T absolute{};
};

/// Share of a weight's factors that comes from its sending hidden unit k.
template <typename T>
MODSWEEP_HD WeightFactors<T> sending_share(const RegularizerCoefficients<T>& c, const UnitSums<T>& k) {
  return {c.weighted_activity * k.mean_activity + c.l12 * k.in_absolute, c.l21 * k.in_square};
}

/// Share that comes from its receiving hidden unit j.
template <typename T>
MODSWEEP_HD WeightFactors<T> receiving_share(const RegularizerCoefficients<T>& c, const UnitSums<T>& j) {
  return {c.l21 * j.out_absolute, c.l12 * j.out_square};
}

/// Gradient of all regularizers with respect to one weight; `quadratic` and `absolute` include l2 and l1.
template <typename T>
MODSWEEP_HD T weight_gradient(T w, T quadratic, T absolute_factor) {
  return multiply_add(T(2) * w, quadratic, sign_of(w) * absolute_factor);
}

/// Exponents of the two activity terms.
template <typename T>
struct ActivityRule {
  PowerKind weighted_kind = PowerKind::two;
  PowerKind plain_kind = PowerKind::two;
  T weighted_exponent{};
  T plain_exponent{};
};

/// Gradient of the activity terms with respect to one clean activation: `weighted` = wa V_k / B, `plain` =
/// activity / B.
template <typename T>
MODSWEEP_HD T activity_gradient(const ActivityRule<T>& rule, T a, T weighted, T plain, bool has_weighted,
                                bool has_plain) {
  T gradient = T(0);
  if (has_weighted)
    gradient = weighted * absolute_power_derivative(a, rule.weighted_kind, rule.weighted_exponent);
  if (has_plain)
    gradient =
        multiply_add(plain, absolute_power_derivative(a, rule.plain_kind, rule.plain_exponent), gradient);
  return gradient;
}

}  // namespace modsweep::math
