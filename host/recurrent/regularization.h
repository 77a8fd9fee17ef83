// Noise and penalties of recurrent networks in training (science.md section 8.8).
#pragma once

#include "recurrent/network.h"

#include <span>
#include <vector>

#include "modsweep/math/power.h"

namespace modsweep::recurrent {

/// All off by default.
struct Regularization {
  double noise = 0.0;  ///< strength sigma
  double noise_exponent = 2.0;
  bool detached = false;  ///< whether the noise term has no part in the gradient
  double l1 = 0.0;
  double l2 = 0.0;
  double weighted_activity = 0.0;
  double weighted_activity_exponent = 2.0;

  bool operator==(const Regularization&) const = default;
  [[nodiscard]] bool of_weights() const { return l1 > 0.0 || l2 > 0.0 || weighted_activity > 0.0; }
  /// Whether a module's way through a sequence has terms of its own.
  [[nodiscard]] bool of_states() const { return noise > 0.0 || weighted_activity > 0.0; }
};

/// rho, [module][unit]: the sum of squares of a unit's outgoing weights in W_R, W_FF and W_O.
template <typename T>
[[nodiscard]] std::vector<std::vector<double>> outgoing_squares(const Network<T>& network,
                                                                const TensorLayout& layout);

/// Adds the gradient of the penalties by every trained weight, and returns their sum. `squares`: rho;
/// `activities`: of each unit, [module][unit], the mean over samples and time of |r|^exponent. Both are empty
/// without WA.
template <typename T>
double add_penalties(const Regularization& settings, const Network<T>& network, const TensorLayout& layout,
                     const std::vector<std::vector<double>>& squares,
                     const std::vector<std::vector<double>>& activities, std::vector<T>& gradient);

}  // namespace modsweep::recurrent
