// Standard normal numbers from uniform ones (Box and Muller 1958).
#pragma once

#include <type_traits>

#include "modsweep/math/scalar.h"

namespace modsweep::math {

/// Two independent normals.
template <typename T>
struct NormalPair {
  T first;
  T second;
};

/// ln(u) for u in (0, 1] in single precision: polynomial of Cephes' logf on [sqrt(1/2), sqrt(2)).
template <typename T>
MODSWEEP_HD T log_unit_interval(T u) {
  T m{};
  const T e = split_exponent(u, m);
  const T f = m - T(1);
  const T f2 = f * f;
  T p = T(7.0376836292e-2f);
  p = multiply_add(p, f, T(-1.1514610310e-1f));
  p = multiply_add(p, f, T(1.1676998740e-1f));
  p = multiply_add(p, f, T(-1.2420140846e-1f));
  p = multiply_add(p, f, T(1.4249322787e-1f));
  p = multiply_add(p, f, T(-1.6668057665e-1f));
  p = multiply_add(p, f, T(2.0000714765e-1f));
  p = multiply_add(p, f, T(-2.4999993993e-1f));
  p = multiply_add(p, f, T(3.3333331174e-1f));
  p = multiply_add(p * f, f2, T(-0.5f) * f2);
  return multiply_add(e, T(0.693147180559945f), f + p);
}

/// sin and cos of 2 pi t for t in [-1/2, 1/2] in single precision: a quarter turn at a time, Cephes'
/// polynomials.
template <typename T>
MODSWEEP_HD void sine_cosine_turn(T t, T& sine_out, T& cosine_out) {
  const T magic = T(12582912.0f);  // 1.5 * 2^23: adding it rounds to an integer
  const T quarter = (t * T(4) + magic) - magic;
  const T x = multiply_add(quarter, T(-0.25f), t) * T(6.283185307179586f);
  const T x2 = x * x;
  T s = T(-1.9515295891e-4f);
  s = multiply_add(s, x2, T(8.3321608736e-3f));
  s = multiply_add(s, x2, T(-1.6666654611e-1f));
  s = multiply_add(s * x2, x, x);
  T c = T(2.443315711809948e-5f);
  c = multiply_add(c, x2, T(-1.388731625493765e-3f));
  c = multiply_add(c, x2, T(4.166664568298827e-2f));
  c = multiply_add(c * x2, x2, multiply_add(x2, T(-0.5f), T(1)));
  const auto odd = absolute(quarter) == T(1);
  const T half_turn = select(absolute(quarter) == T(2), T(-1), T(1));
  sine_out = select(odd, quarter * c, half_turn * s);
  cosine_out = select(odd, T(0) - quarter * s, half_turn * c);
}

#if defined(__CUDA_ARCH__)
/// normal_pair in single precision by the device's own approximations: a quarter of the instructions.
/// Absolute errors of ln u (u above 1/2) and of sine and cosine are about 4e-7 (CUDA C++ Programming Guide,
/// "Mathematical Functions"), so those of normals are about 1e-6; only for a small radius r, which has
/// probability r^2 / 2, they reach 4e-7 / r, at most 1e-3.
MODSWEEP_HD NormalPair<float> approximate_normal_pair(float u, float turn) {
  float log2_u = 0.0F;
  float radius = 0.0F;
  asm("lg2.approx.ftz.f32 %0, %1;" : "=f"(log2_u) : "f"(u));
  const float square = log2_u * -1.386294361119890619F;  // -2 ln 2; below 0 only by the error of log2_u
  asm("sqrt.approx.ftz.f32 %0, %1;" : "=f"(radius) : "f"(square > 0.0F ? square : 0.0F));
  const float angle = turn * 6.283185307179586477F;
  return {radius * __cosf(angle), radius * __sinf(angle)};
}
#endif

/// Normals from u in (0, 1] and an angle in turns, in [-1/2, 1/2].
template <typename T>
MODSWEEP_HD NormalPair<T> normal_pair(T u, T turn) {
#if defined(__CUDA_ARCH__)
  if constexpr (std::is_same_v<T, float>) return approximate_normal_pair(u, turn);
#endif
  T s{};
  T c{};
  T log_u{};
  if constexpr (std::is_same_v<scalar_of<T>, float>) {
    log_u = log_unit_interval(u);
    sine_cosine_turn(turn, s, c);
  } else {
    log_u = logarithm(u);
    const T angle = turn * T(6.283185307179586476925);
    s = sine(angle);
    c = cosine(angle);
  }
  const T radius = square_root(T(-2) * log_u);
  return {radius * c, radius * s};
}

}  // namespace modsweep::math
