// Optimizers, as PyTorch defines them (science.md section 4).
#pragma once

#include <cstdint>

#include "modsweep/math/scalar.h"

namespace modsweep::math {

/// Constants of one step of Adam or AdamW.
template <typename T>
struct AdamStep {
  T beta1{}, beta2{};
  T complement1{},
      complement2{};  ///< 1 - beta, rounded once: 1 - T(beta) would be off by 5e-5 of 0.001 in float
  T rate{};           ///< learning rate / (1 - beta1^t)
  T inverse_root{};   ///< 1 / sqrt(1 - beta2^t)
  T epsilon{};
  T weight_decay{};  ///< times a parameter, is added to its gradient; 0 for AdamW
  T decay{};         ///< AdamW: learning rate times weight decay, the fraction of a parameter that is removed
};

/// The constants of step t = 1, 2, ...; powers in double whatever T is. `decoupled`: of AdamW.
template <typename T>
MODSWEEP_HD AdamStep<T> adam_step(double learning_rate, double beta1, double beta2, double epsilon,
                                  double weight_decay, bool decoupled, std::uint64_t t) {
  const double correction1 = 1.0 - power(beta1, static_cast<double>(t));
  const double correction2 = 1.0 - power(beta2, static_cast<double>(t));
  return {T(beta1),
          T(beta2),
          T(1.0 - beta1),
          T(1.0 - beta2),
          T(learning_rate / correction1),
          T(1.0 / square_root(correction2)),
          T(epsilon),
          T(decoupled ? 0.0 : weight_decay),
          T(decoupled ? learning_rate * weight_decay : 0.0)};
}

/// One parameter: moments are updated in place, the new value is returned.
template <typename T>
MODSWEEP_HD T update_adam(const AdamStep<T>& s, T parameter, T gradient, T& moment1, T& moment2) {
  const T g = multiply_add(s.weight_decay, parameter, gradient);
  moment1 = multiply_add(s.complement1, g, s.beta1 * moment1);
  moment2 = multiply_add(s.complement2 * g, g, s.beta2 * moment2);
  const T denominator = multiply_add(square_root(moment2), s.inverse_root, s.epsilon);
  return parameter - s.rate * (moment1 / denominator);
}

/// AdamW's decay of one parameter, before update_adam: (1 - decay) parameter, with one rounding, since 1 -
/// decay itself would lose most digits of a small decay.
template <typename T>
MODSWEEP_HD T decayed(const AdamStep<T>& s, T parameter) {
  return multiply_add(T(0) - s.decay, parameter, parameter);
}

/// Stochastic gradient descent's constants.
template <typename T>
struct SgdStep {
  T learning_rate{};
  T momentum{};
  T weight_decay{};
  bool nesterov = false;
};

/// One parameter: the velocity (0 before the first step) is updated in place, the new value is returned.
template <typename T>
MODSWEEP_HD T update_sgd(const SgdStep<T>& s, T parameter, T gradient, T& velocity) {
  const T g = multiply_add(s.weight_decay, parameter, gradient);
  velocity = multiply_add(s.momentum, velocity, g);
  const T direction = s.nesterov ? multiply_add(s.momentum, velocity, g) : velocity;
  return parameter - s.learning_rate * direction;
}

}  // namespace modsweep::math
