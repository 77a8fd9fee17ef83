// Vectors of float and double for the instruction set that a translation unit is compiled for, on GCC's
// vector extensions: the type T of the formulas in modsweep/math. Transcendental functions come from SLEEF.
//
// Included only by kernels_*.cpp, which define MODSWEEP_ISA (a namespace name) and MODSWEEP_SIMD_BYTES (64,
// 32 or 16). Everything is inlined, so nothing compiled for one instruction set can be linked into another.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include <immintrin.h>
#include <sleef.h>

#include "modsweep/math/scalar.h"

namespace modsweep::cpu::MODSWEEP_ISA {

template <typename S>
struct SimdTraits;
template <>
struct SimdTraits<float> {
  using Vector = float __attribute__((vector_size(MODSWEEP_SIMD_BYTES)));
  using Integers = std::int32_t __attribute__((vector_size(MODSWEEP_SIMD_BYTES)));
};
template <>
struct SimdTraits<double> {
  using Vector = double __attribute__((vector_size(MODSWEEP_SIMD_BYTES)));
  using Integers = std::int64_t __attribute__((vector_size(MODSWEEP_SIMD_BYTES)));
};

/// Result of a comparison, lane by lane.
template <typename S>
struct SimdMask {
  typename SimdTraits<S>::Integers lanes;
};

template <typename S>
struct Simd {
  using Scalar = S;
  using Vector = typename SimdTraits<S>::Vector;
  using Integers = typename SimdTraits<S>::Integers;
  static constexpr std::size_t lanes = MODSWEEP_SIMD_BYTES / sizeof(S);

  Vector v;

  MODSWEEP_HD Simd() : v{} {}
  MODSWEEP_HD explicit Simd(Vector value) : v(value) {}
  /// The same number in every lane.
  template <typename U>
  MODSWEEP_HD explicit Simd(U value) requires(std::is_arithmetic_v<U>)
      : v(static_cast<S>(value) - Vector{}) {}

  MODSWEEP_HD static Simd load(const S* aligned) { return Simd(*reinterpret_cast<const Vector*>(aligned)); }
  MODSWEEP_HD void store(S* aligned) const { *reinterpret_cast<Vector*>(aligned) = v; }

  MODSWEEP_HD static Simd load_unaligned(const S* p) {
    Simd x;
    __builtin_memcpy(&x.v, p, sizeof(Vector));
    return x;
  }
  MODSWEEP_HD void store_unaligned(S* p) const { __builtin_memcpy(p, &v, sizeof(Vector)); }

  MODSWEEP_HD friend Simd operator+(Simd a, Simd b) { return Simd(a.v + b.v); }
  MODSWEEP_HD friend Simd operator-(Simd a, Simd b) { return Simd(a.v - b.v); }
  MODSWEEP_HD friend Simd operator*(Simd a, Simd b) { return Simd(a.v * b.v); }
  MODSWEEP_HD friend Simd operator/(Simd a, Simd b) { return Simd(a.v / b.v); }
  MODSWEEP_HD friend SimdMask<S> operator<(Simd a, Simd b) { return {a.v < b.v}; }
  MODSWEEP_HD friend SimdMask<S> operator>(Simd a, Simd b) { return {a.v > b.v}; }
  MODSWEEP_HD friend SimdMask<S> operator==(Simd a, Simd b) { return {a.v == b.v}; }
};

template <typename S>
MODSWEEP_HD Simd<S> select(SimdMask<S> condition, Simd<S> a, Simd<S> b) {
  return Simd<S>(condition.lanes ? a.v : b.v);
}

template <typename S>
MODSWEEP_HD Simd<S> absolute(Simd<S> x) {
  using I = typename Simd<S>::Integers;
  const I sign_bit = I{} + (static_cast<std::make_signed_t<decltype(I{}[0] + 0)>>(1) << (sizeof(S) * 8 - 1));
  return Simd<S>(reinterpret_cast<typename Simd<S>::Vector>(reinterpret_cast<I>(x.v) & ~sign_bit));
}

// What differs between instruction sets: fused multiply-add, square root, and the names of SLEEF's functions.
#if MODSWEEP_SIMD_BYTES == 64
#define MODSWEEP_SLEEF(name, accuracy) \
  Sleef_##name##f16_##accuracy##avx512f, Sleef_##name##d8_##accuracy##avx512f
MODSWEEP_HD Simd<float> multiply_add(Simd<float> a, Simd<float> b, Simd<float> c) {
  return Simd<float>(_mm512_fmadd_ps(a.v, b.v, c.v));
}
MODSWEEP_HD Simd<double> multiply_add(Simd<double> a, Simd<double> b, Simd<double> c) {
  return Simd<double>(_mm512_fmadd_pd(a.v, b.v, c.v));
}
MODSWEEP_HD Simd<float> square_root(Simd<float> x) {
  return Simd<float>(_mm512_sqrt_ps(x.v));
}
MODSWEEP_HD Simd<double> square_root(Simd<double> x) {
  return Simd<double>(_mm512_sqrt_pd(x.v));
}
#elif MODSWEEP_SIMD_BYTES == 32
#define MODSWEEP_SLEEF(name, accuracy) Sleef_##name##f8_##accuracy##avx2, Sleef_##name##d4_##accuracy##avx2
MODSWEEP_HD Simd<float> multiply_add(Simd<float> a, Simd<float> b, Simd<float> c) {
  return Simd<float>(_mm256_fmadd_ps(a.v, b.v, c.v));
}
MODSWEEP_HD Simd<double> multiply_add(Simd<double> a, Simd<double> b, Simd<double> c) {
  return Simd<double>(_mm256_fmadd_pd(a.v, b.v, c.v));
}
MODSWEEP_HD Simd<float> square_root(Simd<float> x) {
  return Simd<float>(_mm256_sqrt_ps(x.v));
}
MODSWEEP_HD Simd<double> square_root(Simd<double> x) {
  return Simd<double>(_mm256_sqrt_pd(x.v));
}
#else
#define MODSWEEP_SLEEF(name, accuracy) Sleef_##name##f4_##accuracy##sse2, Sleef_##name##d2_##accuracy##sse2
// Plain x86-64 has no fused multiply-add: two roundings.
template <typename S>
MODSWEEP_HD Simd<S> multiply_add(Simd<S> a, Simd<S> b, Simd<S> c) {
  return a * b + c;
}
MODSWEEP_HD Simd<float> square_root(Simd<float> x) {
  return Simd<float>(_mm_sqrt_ps(x.v));
}
MODSWEEP_HD Simd<double> square_root(Simd<double> x) {
  return Simd<double>(_mm_sqrt_pd(x.v));
}
#endif

// An overload pair per function, calling SLEEF's float and double versions.
#define MODSWEEP_SLEEF_PAIR(ours, float_function, double_function) \
  MODSWEEP_HD Simd<float> ours(Simd<float> x) {                    \
    return Simd<float>(float_function(x.v));                       \
  }                                                                \
  MODSWEEP_HD Simd<double> ours(Simd<double> x) {                  \
    return Simd<double>(double_function(x.v));                     \
  }
#define MODSWEEP_EXPAND_PAIR(ours, ...) MODSWEEP_SLEEF_PAIR(ours, __VA_ARGS__)
MODSWEEP_EXPAND_PAIR(exponential, MODSWEEP_SLEEF(exp, u10))
MODSWEEP_EXPAND_PAIR(logarithm, MODSWEEP_SLEEF(log, u10))
MODSWEEP_EXPAND_PAIR(sine, MODSWEEP_SLEEF(sin, u10))
MODSWEEP_EXPAND_PAIR(cosine, MODSWEEP_SLEEF(cos, u10))
MODSWEEP_EXPAND_PAIR(hyperbolic_tangent, MODSWEEP_SLEEF(tanh, u10))
#undef MODSWEEP_EXPAND_PAIR
#undef MODSWEEP_SLEEF_PAIR
#undef MODSWEEP_SLEEF

/// See math/scalar.h.
MODSWEEP_HD Simd<float> split_exponent(Simd<float> x, Simd<float>& mantissa) {
  using I = Simd<float>::Integers;
  const I bits = reinterpret_cast<I>(x.v);
  const I exponent = (bits - 0x3f3504f3) >> 23;
  mantissa = Simd<float>(reinterpret_cast<Simd<float>::Vector>(bits - (exponent << 23)));
  return Simd<float>(__builtin_convertvector(exponent, Simd<float>::Vector));
}

/// Lane i of the result: x[i] + x[i ^ distance], where x is a for lanes without the bit `distance`, b for
/// those with it. One of the two shuffles is a blend, which does not need the shuffle port.
template <std::size_t distance, typename S>
MODSWEEP_HD Simd<S> add_across(Simd<S> a, Simd<S> b) {
  using Index = std::remove_reference_t<decltype(typename Simd<S>::Integers{}[0])>;
  constexpr std::size_t lanes = Simd<S>::lanes;
  typename Simd<S>::Integers keep{};
  typename Simd<S>::Integers cross{};
  for (std::size_t i = 0; i < lanes; ++i) {
    const std::size_t source = (i & distance) != 0 ? lanes : 0;
    keep[i] = static_cast<Index>(source + i);
    cross[i] = static_cast<Index>(source + (i ^ distance));
  }
  return Simd<S>(__builtin_shuffle(a.v, b.v, keep) + __builtin_shuffle(a.v, b.v, cross));
}

/// The sum over the lanes of each of `lanes` vectors, as one vector; always in the same order. Overwrites
/// them.
template <typename S, std::size_t distance = Simd<S>::lanes / 2>
MODSWEEP_HD Simd<S> sum_each(Simd<S>* x) {
  for (std::size_t i = 0; i < distance; ++i) x[i] = add_across<distance>(x[i], x[i + distance]);
  if constexpr (distance > 1) return sum_each<S, distance / 2>(x);
  return x[0];
}

/// The sum over the lanes, in the order of sum_each.
template <typename S, std::size_t distance = Simd<S>::lanes / 2>
MODSWEEP_HD S sum_lanes(Simd<S> x) {
  x = add_across<distance>(x, x);
  if constexpr (distance > 1) return sum_lanes<S, distance / 2>(x);
  return x.v[0];
}

}  // namespace modsweep::cpu::MODSWEEP_ISA
