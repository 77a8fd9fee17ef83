// One network's hyperparameters in the scalar type of a computation, converted from the columns of its pack:
// the input of every engine's kernels.
#pragma once

#include <cstddef>
#include <cstdint>

#include "modsweep/math/optimizer.h"
#include "modsweep/math/penalties.h"
#include "modsweep/math/rng.h"
#include "modsweep/math/unit.h"
#include "modsweep/pack.h"

namespace modsweep {

/// Hyperparameters of a hidden layer: its units, noise, dropout and penalties.
template <typename T>
struct LayerHyperparameters {
  math::UnitHyperparameters<T> unit;
  math::PenaltyRules<T> penalties;
  T sigma{};
  T dropout{};
  bool activity[math::activity_penalties] = {};  ///< for each penalty of activity, whether it is on
  bool prelu = false;

  /// Whether any penalty of activity is on.
  [[nodiscard]] MODSWEEP_HD bool any_activity() const {
    for (const bool on : activity)
      if (on) return true;
    return false;
  }
};

/// Everything about one network except its data, schedule and parameters. A plain value: devices receive
/// copies.
template <typename T>
struct Hyperparameters {
  LayerHyperparameters<T> layer;  ///< of every hidden layer, without a prelu slope, which is a parameter
  math::SumsWanted sums;          ///< the sums over weights that the active penalties need
  bool ends = false;              ///< whether a penalty of ends (math::PenaltyOfEnds) is on
  bool noise = false;
  bool dropout = false;
  Optimizer optimizer = Optimizer::adam;
  math::LearningRate learning_rate;
  double beta1 = 0.0, beta2 = 0.0, epsilon = 0.0, momentum = 0.0, weight_decay = 0.0;
  bool nesterov = false;
  std::uint32_t seed = 0;
  math::Stream test_stream = math::Stream::test_noise;  ///< stream of an evaluation's noise

  /// Sets the noise (strength 0: none), and the stream of an evaluation's noise to that of `draw`.
  void set_noise(double strength, double exponent, std::uint32_t draw = 0) {
    test_stream = math::test_noise_stream(draw);
    noise = strength != 0.0;
    layer.sigma = T(strength);
    layer.unit.noise_power = math::power_kind(exponent / 2.0);
    layer.unit.noise_exponent = T(exponent / 2.0);
  }

  /// Constants of Adam or AdamW for step t = 1, 2, ... and its learning rate, learning_rate.after(t - 1).
  [[nodiscard]] MODSWEEP_HD math::AdamStep<T> adam_step(double rate, std::uint64_t t) const {
    return math::adam_step<T>(rate, beta1, beta2, epsilon, weight_decay, optimizer == Optimizer::adamw, t);
  }
  [[nodiscard]] MODSWEEP_HD math::SgdStep<T> sgd_step(T rate) const {
    return {rate, T(momentum), T(weight_decay), nesterov};
  }
};

/// Those of network n of the pack.
template <typename T>
[[nodiscard]] Hyperparameters<T> hyperparameters_of(const Pack& pack, std::size_t n) {
  const NoiseSettings& noise = pack.noise[n];
  const RegularizerSettings& r = pack.regularizer[n];
  Hyperparameters<T> hyper;
  hyper.layer.unit.activation = pack.activation[n];
  hyper.layer.unit.site = noise.site;
  hyper.layer.unit.detached = noise.gradient == NoiseGradient::detached;
  hyper.layer.unit.slope = T(pack.leaky_slope[n]);
  const auto exact = penalty_rules<double>(r);  // a coefficient that rounds to 0 in T still counts as on
  exact.activities_on(hyper.layer.activity);
  hyper.sums = exact.sums_wanted();
  hyper.ends = exact.ends_wanted();
  hyper.layer.penalties = penalty_rules<T>(r);
  hyper.layer.dropout = T(r.dropout);
  hyper.layer.prelu = math::trains_slope(pack.activation[n]);
  hyper.set_noise(noise.strength, noise.exponent);
  hyper.dropout = r.dropout != 0.0;
  hyper.optimizer = pack.optimizer[n];
  hyper.learning_rate = pack.learning_rate[n];
  hyper.beta1 = pack.beta1[n];
  hyper.beta2 = pack.beta2[n];
  hyper.epsilon = pack.epsilon[n];
  hyper.momentum = pack.momentum[n];
  hyper.nesterov = pack.nesterov[n] != 0;
  hyper.weight_decay = pack.weight_decay[n];
  hyper.seed = pack.seed[n];
  return hyper;
}

}  // namespace modsweep
