// The activation functions (science.md section 1): one file each in activations/, whose base.h says what it
// holds, and here its include and its line in the list. The enumeration, the names in sweep files and the
// tests follow from the list.
#pragma once

#include <cstdint>
#include <type_traits>

#include "modsweep/math/activations/leaky_relu.h"
#include "modsweep/math/activations/linear.h"
#include "modsweep/math/activations/prelu.h"
#include "modsweep/math/activations/sigmoid.h"
#include "modsweep/math/activations/tanh.h"
#include "modsweep/math/scalar.h"

// A list, one function a line: its name in a sweep file, its type. New ones come last.
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

/// Whether a function has formulas of its own. prelu has those of leaky_relu, which the choices below fall
/// back to.
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

/// f'(z), with a = f(z) at hand. At z = 0 the piecewise-linear ones take the negative side.
template <typename T>
MODSWEEP_HD T activation_derivative(Activation kind, T z, T a, T slope) {
#define MODSWEEP_CHOOSE(name, Function) \
  if (has_own_formulas<Function> && kind == Activation::name) return Function::derivative(z, a, slope);
  MODSWEEP_ACTIVATIONS(MODSWEEP_CHOOSE)
#undef MODSWEEP_CHOOSE
  return LeakyRelu::derivative(z, a, slope);
}

/// Whether f'(z) is a function of f(z) alone, so that nobody needs to keep z.
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
