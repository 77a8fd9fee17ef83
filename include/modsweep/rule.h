// One row of a pack's columns in the scalar type of a computation: what every engine's kernels are told of a
// network.
#pragma once

#include <cstddef>
#include <cstdint>

#include "modsweep/math/optimizer.h"
#include "modsweep/math/penalties.h"
#include "modsweep/math/rng.h"
#include "modsweep/math/unit.h"
#include "modsweep/pack.h"

namespace modsweep {

/// Scalars of a layer's units and of the penalties.
template <typename T>
struct LayerRule {
  math::UnitRule<T> unit;
  math::PenaltyRules<T> penalties;
  T sigma{};
  T dropout{};
  bool activity[math::activity_penalties] = {};  ///< which penalties of activity are on
  bool prelu = false;

  /// Whether any penalty of activity is on.
  [[nodiscard]] MODSWEEP_HD bool any_activity() const {
    for (const bool on : activity)
      if (on) return true;
    return false;
  }
};

/// Everything about one network but its data, schedule and parameters. A plain value: devices take copies.
template <typename T>
struct NetworkRule {
  LayerRule<T> layer;     ///< of every hidden layer, but for a prelu slope
  math::SumsWanted sums;  ///< over weights, by the penalties that are on
  bool ends = false;      ///< whether a penalty that looks at the ends of weights is on
  bool noise = false;
  bool dropout = false;
  Optimizer optimizer = Optimizer::adam;
  double learning_rate = 0.0, beta1 = 0.0, beta2 = 0.0, epsilon = 0.0, momentum = 0.0, weight_decay = 0.0;
  bool nesterov = false;
  std::uint32_t seed = 0;
  math::Stream test_stream = math::Stream::test_noise;  ///< of the noise of an evaluation

  /// Switches training noise off and evaluation noise on (strength 0: none), with one of several draws.
  void set_noise(double strength, double exponent, std::uint32_t draw = 0) {
    test_stream = math::test_noise_stream(draw);
    noise = strength != 0.0;
    layer.sigma = T(strength);
    layer.unit.noise_power = math::power_kind(exponent / 2.0);
    layer.unit.noise_exponent = T(exponent / 2.0);
  }
};

template <typename T>
[[nodiscard]] NetworkRule<T> network_rule(const Pack& pack, std::size_t n) {
  const NoiseSettings& noise = pack.noise[n];
  const RegularizerSettings& r = pack.regularizer[n];
  NetworkRule<T> rule;
  rule.layer.unit.activation = pack.activation[n];
  rule.layer.unit.site = noise.site;
  rule.layer.unit.detached = noise.gradient == NoiseGradient::detached;
  rule.layer.unit.slope = T(pack.leaky_slope[n]);
  const auto exact = penalty_rules<double>(r);  // a coefficient may be too small for T: it is on nevertheless
  exact.activities_on(rule.layer.activity);
  rule.sums = exact.sums_wanted();
  rule.ends = exact.ends_wanted();
  rule.layer.penalties = penalty_rules<T>(r);
  rule.layer.dropout = T(r.dropout);
  rule.layer.prelu = math::trains_slope(pack.activation[n]);
  rule.set_noise(noise.strength, noise.exponent);
  rule.dropout = r.dropout != 0.0;
  rule.optimizer = pack.optimizer[n];
  rule.learning_rate = pack.learning_rate[n];
  rule.beta1 = pack.beta1[n];
  rule.beta2 = pack.beta2[n];
  rule.epsilon = pack.epsilon[n];
  rule.momentum = pack.momentum[n];
  rule.nesterov = pack.nesterov[n] != 0;
  rule.weight_decay = pack.weight_decay[n];
  rule.seed = pack.seed[n];
  return rule;
}

}  // namespace modsweep
