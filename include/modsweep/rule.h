// One row of a pack's columns in the scalar type of a computation: what every engine's kernels are told of a
// network.
#pragma once

#include <cstddef>
#include <cstdint>

#include "modsweep/math/optimizer.h"
#include "modsweep/math/regularizer.h"
#include "modsweep/math/rng.h"
#include "modsweep/math/unit.h"
#include "modsweep/pack.h"

namespace modsweep {

/// Scalars of a layer's units and of the regularizers of their activity.
template <typename T>
struct LayerRule {
  math::UnitRule<T> unit;
  math::ActivityRule<T> activity;
  T sigma{};
  T dropout{};
  bool weighted_activity = false;
  bool plain_activity = false;
  bool prelu = false;
};

/// Everything about one network but its data, schedule and parameters. A plain value: devices take copies.
template <typename T>
struct NetworkRule {
  LayerRule<T> layer;  ///< of every hidden layer, but for a prelu slope
  math::RegularizerCoefficients<T> regularizer;
  bool noise = false;
  bool dropout = false;
  Optimizer optimizer = Optimizer::adam;
  double learning_rate = 0.0, beta1 = 0.0, beta2 = 0.0, epsilon = 0.0, momentum = 0.0, weight_decay = 0.0;
  bool nesterov = false;
  std::uint32_t seed = 0;
  math::Stream test_stream = math::Stream::test_noise;  ///< of the noise of an evaluation

  /// Whether a regularizer multiplies sums over a unit's incoming and outgoing weights.
  [[nodiscard]] MODSWEEP_HD bool products() const {
    return regularizer.l12 != T(0) || regularizer.l21 != T(0);
  }
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
  rule.layer.activity = {math::power_kind(r.weighted_activity_exponent),
                         math::power_kind(r.activity_exponent), T(r.weighted_activity_exponent),
                         T(r.activity_exponent)};
  rule.layer.dropout = T(r.dropout);
  rule.layer.weighted_activity = r.weighted_activity != 0.0;
  rule.layer.plain_activity = r.activity != 0.0;
  rule.layer.prelu = pack.activation[n] == Activation::prelu;
  rule.set_noise(noise.strength, noise.exponent);
  rule.regularizer = {T(r.l1), T(r.l2), T(r.weighted_activity), T(r.activity), T(r.l12), T(r.l21)};
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
