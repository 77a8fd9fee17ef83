// Sums over the weights of a unit, from which penalties and their gradients are computed (science.md section
// 3).
#pragma once

#include "modsweep/math/scalar.h"

namespace modsweep::math {

/// Sums of |w| and of w^2 over some weights, in the order in which they are added.
template <typename T>
struct WeightNorms {
  T absolute{};
  T square{};

  MODSWEEP_HD void add(T w) {
    absolute += math::absolute(w);
    square +=
        w * w;  // devices fuse this by themselves; a host without a fused multiply-add need not imitate one
  }
  /// Adds `count` weights that are `stride` apart.
  MODSWEEP_HD void add(const T* w, std::size_t count, std::size_t stride) {
    for (std::size_t i = 0; i < count; ++i) add(w[i * stride]);
  }
};

/// The four sums of a hidden unit k of layer l + 1: over its incoming weights W^l_ki and its outgoing ones
/// W^{l+1}_jk.
template <typename T>
struct UnitSums {
  T in_absolute{};   ///< U_k = sum_i |W^l_ki|
  T in_square{};     ///< P_k = sum_i (W^l_ki)^2
  T out_absolute{};  ///< Q_k = sum_j |W^{l+1}_jk|
  T out_square{};    ///< V_k = sum_j (W^{l+1}_jk)^2
};

/// A subset of the four sums.
struct SumsWanted {
  bool in_absolute = false;
  bool in_square = false;
  bool out_absolute = false;
  bool out_square = false;

  [[nodiscard]] MODSWEEP_HD constexpr bool in() const { return in_absolute || in_square; }
  [[nodiscard]] MODSWEEP_HD constexpr bool out() const { return out_absolute || out_square; }
  [[nodiscard]] MODSWEEP_HD constexpr bool any() const { return in() || out(); }
  /// The union of two subsets.
  [[nodiscard]] MODSWEEP_HD friend constexpr SumsWanted operator|(SumsWanted a, SumsWanted b) {
    return {a.in_absolute || b.in_absolute, a.in_square || b.in_square, a.out_absolute || b.out_absolute,
            a.out_square || b.out_square};
  }
};

}  // namespace modsweep::math
