// The functions in which formulas are written. Every formula of modsweep is a function template over the type
// T of the computation: float or double on the host and on the device, or a vector of them in the CPU engine,
// which brings its own overloads of the functions below.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>

// Formulas are always inlined: the CPU engine compiles them several times for different instruction sets, and
// no out-of-line copy of one may ever be shared with another.
#if defined(__CUDACC__)
#define MODSWEEP_HD __host__ __device__ __forceinline__
#else
#define MODSWEEP_HD inline __attribute__((always_inline))
#endif

namespace modsweep::math {

/// The scalar type behind T: float or double.
template <typename T>
struct ScalarOf {
  using type = typename T::Scalar;
};
template <>
struct ScalarOf<float> {
  using type = float;
};
template <>
struct ScalarOf<double> {
  using type = double;
};
template <typename T>
using scalar_of = typename ScalarOf<T>::type;

/// a where the condition holds, else b.
template <typename T>
MODSWEEP_HD T select(bool condition, T a, T b) {
  return condition ? a : b;
}

MODSWEEP_HD float absolute(float x) {
  return __builtin_fabsf(x);
}
MODSWEEP_HD double absolute(double x) {
  return __builtin_fabs(x);
}
MODSWEEP_HD float square_root(float x) {
  return __builtin_sqrtf(x);
}
MODSWEEP_HD double square_root(double x) {
  return __builtin_sqrt(x);
}
/// a b + c with one rounding.
MODSWEEP_HD float multiply_add(float a, float b, float c) {
  return ::fmaf(a, b, c);
}
MODSWEEP_HD double multiply_add(double a, double b, double c) {
  return ::fma(a, b, c);
}
/// a / b; on a device, in single precision, by its own reciprocal: within 2 units in the last place where
/// neither b nor 1 / b is subnormal (CUDA C++ Programming Guide, "Mathematical Functions").
MODSWEEP_HD float ratio(float a, float b) {
#if defined(__CUDA_ARCH__)
  float reciprocal = 0.0F;
  asm("rcp.approx.ftz.f32 %0, %1;" : "=f"(reciprocal) : "f"(b));
  return a * reciprocal;
#else
  return a / b;
#endif
}
MODSWEEP_HD double ratio(double a, double b) {
  return a / b;
}
MODSWEEP_HD double power(double x, double y) {
  return ::pow(x, y);
}
MODSWEEP_HD float exponential(float x) {
  return ::expf(x);
}
MODSWEEP_HD double exponential(double x) {
  return ::exp(x);
}
MODSWEEP_HD float logarithm(float x) {
  return ::logf(x);
}
MODSWEEP_HD double logarithm(double x) {
  return ::log(x);
}
MODSWEEP_HD float sine(float x) {
  return ::sinf(x);
}
MODSWEEP_HD double sine(double x) {
  return ::sin(x);
}
MODSWEEP_HD float cosine(float x) {
  return ::cosf(x);
}
MODSWEEP_HD double cosine(double x) {
  return ::cos(x);
}
MODSWEEP_HD float hyperbolic_tangent(float x) {
  return ::tanhf(x);
}
MODSWEEP_HD double hyperbolic_tangent(double x) {
  return ::tanh(x);
}

/// Splits a positive normal number: x = mantissa * 2^result, mantissa in [sqrt(1/2), sqrt(2)).
MODSWEEP_HD float split_exponent(float x, float& mantissa) {
  const std::int32_t bits = std::bit_cast<std::int32_t>(x);
  const std::int32_t exponent = (bits - 0x3f3504f3) >> 23;
  mantissa = std::bit_cast<float>(bits - exponent * (1 << 23));
  return static_cast<float>(exponent);
}

/// Neither infinite nor NaN.
MODSWEEP_HD bool is_finite(double x) {
  return x - x == 0.0;
}

/// -1, 0 or 1.
template <typename T>
MODSWEEP_HD T sign_of(T x) {
  return select(x > T(0), T(1), select(x < T(0), T(-1), T(0)));
}

}  // namespace modsweep::math
