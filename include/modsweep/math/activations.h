// The activation functions (science.md section 1): each has a file in activations/ (base.h describes its
// members), an include here and a line in the list. The enumeration, the names in sweep files and the tests
// follow from the list.
#pragma once

#include <cstdint>
#include <type_traits>

#include "modsweep/math/activations/leaky_relu.h"
#include "modsweep/math/activations/linear.h"
#include "modsweep/math/activations/prelu.h"
#include "modsweep/math/activations/sigmoid.h"
#include "modsweep/math/activations/tanh.h"
#include "modsweep/math/scalar.h"

// The list, one function per line: its name in sweep files, its type. New functions come last.
// clang-format off
#define MODSWEEP_ACTIVATIONS(ACTIVATION) \
  ACTIVATION(leaky_relu, LeakyRelu)      \
  ACTIVATION(linear, Linear)             \
  ACTIVATION(tanh, Tanh)                 \
  ACTIVATION(sigmoid, Sigmoid)           \
  ACTIVATION(prelu, Prelu)               \
  /* the end of the list */
// clang-format on

namespace modsweep {

#define MODSWEEP_ENUMERATOR(name, Function) name,
enum class Activation : std::uint8_t { MODSWEEP_ACTIVATIONS(MODSWEEP_ENUMERATOR) };
#undef MODSWEEP_ENUMERATOR

namespace math {

/// Whether a function has formulas of its own. prelu uses those of leaky_relu, the fallback of the choices
/// below.
template <typename Function>
constexpr bool has_own_formulas = !std::is_base_of_v<LeakyRelu, Function>;

/// f(z). `slope` is the negative-side slope of leaky_relu and prelu, unused by most others.
template <typename T>
MODSWEEP_HD T activate(Activation kind, T z, T slope) {
#define MODSWEEP_CHOOSE(name, Function) \
  if (has_own_formulas<Function> && kind == Activation::name) return Function::value(z, slope);
  MODSWEEP_ACTIVATIONS(MODSWEEP_CHOOSE)
#undef MODSWEEP_CHOOSE
  return LeakyRelu::value(z, slope);
}

/// f'(z), given a = f(z). At z = 0 the piecewise-linear functions have the derivative of their negative side.
template <typename T>
MODSWEEP_HD T activation_derivative(Activation kind, T z, T a, T slope) {
#define MODSWEEP_CHOOSE(name, Function) \
  if (has_own_formulas<Function> && kind == Activation::name) return Function::derivative(z, a, slope);
  MODSWEEP_ACTIVATIONS(MODSWEEP_CHOOSE)
#undef MODSWEEP_CHOOSE
  return LeakyRelu::derivative(z, a, slope);
}

/// Whether f'(z) is a function of f(z) alone, so that z need not be stored.
constexpr bool derivative_of_value(Activation kind, double slope) {
#define MODSWEEP_CHOOSE(name, Function) \
  if (kind == Activation::name) return Function::derivative_of_value(slope);
  MODSWEEP_ACTIVATIONS(MODSWEEP_CHOOSE)
#undef MODSWEEP_CHOOSE
  return false;
}

/// f'(z) from a = f(z); only where derivative_of_value holds.
template <typename T>
MODSWEEP_HD T activation_derivative(Activation kind, T a, T slope) {
  return activation_derivative(kind, a, a, slope);
}

/// Whether every hidden layer has a slope that is trained.
constexpr bool trains_slope(Activation kind) {
#define MODSWEEP_CHOOSE(name, Function) \
  if (kind == Activation::name) return Function::trains_slope;
  MODSWEEP_ACTIVATIONS(MODSWEEP_CHOOSE)
#undef MODSWEEP_CHOOSE
  return false;
}

}  // namespace math
}  // namespace modsweep
