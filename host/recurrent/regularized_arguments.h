// What the kernels of recurrent networks with noise or penalties of activity take (science.md section 8.8).
// Matrices are row-major here, not packed. See kernels.h for layouts.
#pragma once

#include "modsweep/math/power.h"

namespace modsweep::recurrent {

template <typename T>
struct ForwardArguments;
template <typename T>
struct BackwardArguments;

template <typename T>
struct RegularizedForward {
  const ForwardArguments<T>& module;  ///< `below`: what is read of the module below
  T* read = nullptr;    ///< [steps + 1][units][S]: standard normals, in their place g; null: states are read
  T* slopes = nullptr;  ///< [steps + 1][units][S]: dg/dr; null: not wanted
  T strength{};         ///< sigma
  math::PowerKind power{};
  T exponent{};  ///< alpha / 2
  bool detached = false;
};

template <typename T>
struct RegularizedBackward {
  /// `below` as above; `arriving`, and `lambda` on entry, are derivatives by what is read of the module;
  /// `deltas` has room for all steps.
  const BackwardArguments<T>& module;
  const T* read = nullptr;      ///< g; null: states are read
  const T* slopes = nullptr;    ///< dg/dr; null: 1
  const T* injected = nullptr;  ///< [steps + 1][units][S]: what penalties add to dL/dr; null: nothing
};

/// sums[i] += sum over samples and times t = 1, 2, ... of weight |r_i|^exponent.
template <typename T>
struct ActivityArguments {
  std::size_t units = 0;
  std::size_t steps = 0;
  const T* states = nullptr;   ///< [steps + 1][units][S]
  const T* weights = nullptr;  ///< [steps][S]
  const T* factors = nullptr;  ///< [units]: derivative of the loss by the weighted sum
  math::PowerKind power{};
  T exponent{};
  T* injected =
      nullptr;  ///< [steps + 1][units][S], from time 1: factor weight d|r|^exponent/dr; null: not wanted
  double* sums = nullptr;
};

}  // namespace modsweep::recurrent
