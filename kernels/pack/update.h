// Kernels over parameters: the penalties' contribution to the gradient, and the optimizers (kernels of this
// folder: see batch.h).
#pragma once

#include "pack/arrays.h"

namespace modsweep::pack {

/// Derivatives of the penalties that are on with respect to the sums of a hidden unit.
template <typename T>
MODSWEEP_HD math::UnitSums<T> unit_gradient(const PackView<T>& v, std::uint32_t p,
                                            const Hyperparameters<T>& hyper, std::uint32_t unit) {
  const std::size_t at = v.unit(p, unit);
  T means[math::activity_penalties] = {};
  for (std::size_t i = 0; i < math::activity_penalties; ++i)
    if (hyper.layer.activity[i]) means[i] = v.activity_sums[i][at] * v.batch_state[p].inverse_count;
  return hyper.layer.penalties.unit_gradient(unit_sums(v, hyper, at), means);
}

/// Factors of 2W and sign(W) in the gradient of all penalties with respect to one weight w.
template <typename T>
MODSWEEP_HD math::WeightFactors<T> weight_factors(const PackView<T>& v, std::uint32_t p,
                                                  const Hyperparameters<T>& hyper,
                                                  const WeightEndpoints& weight, T w) {
  math::WeightFactors<T> factors = hyper.layer.penalties.weight_factors();
  if (weight.layer > 0 && hyper.sums.out()) {
    const math::UnitSums<T> by = unit_gradient(v, p, hyper, weight.from);
    factors.quadratic += by.out_square;
    factors.absolute += by.out_absolute;
  }
  if (weight.layer + 1 < v.layer_count && hyper.sums.in()) {
    const math::UnitSums<T> by = unit_gradient(v, p, hyper, weight.to);
    factors.quadratic += by.in_square;
    factors.absolute += by.in_absolute;
  }
  if constexpr (math::Penalties::any_of_ends) {
    if (!hyper.ends) return factors;
    const std::uint32_t from = weight.layer == 0 ? weight.from : v.unit_indices[weight.from].unit;
    const math::WeightEnds<T> ends{
        weight.layer, static_cast<T>(from), static_cast<T>(v.unit_indices[weight.to].unit),
        static_cast<T>(v.layers[weight.layer].inputs), static_cast<T>(v.layers[weight.layer].all_outputs)};
    const auto added = hyper.layer.penalties.end_factors(w, ends);
    factors.quadratic += added.quadratic;
    factors.absolute += added.absolute;
  }
  return factors;
}

/// Gradients of four parameters, with penalties, without weight decay.
template <typename T>
MODSWEEP_HD Quad<T> whole_gradient(const PackView<T>& v, std::uint32_t p, std::uint32_t first,
                                   const Quad<T>& parameters) {
  const Hyperparameters<T>& hyper = v.hyperparameters[p];
  Quad<T> gradient = load_quad(v.gradients + p * v.parameter_stride + first);
  for (std::uint32_t i = 0; i < quad; ++i) {
    const WeightEndpoints weight = v.ends[first + i];
    if (weight.layer == WeightEndpoints::none) continue;
    const auto factors = weight_factors(v, p, hyper, weight, parameters.v[i]);
    gradient.v[i] += math::weight_gradient(parameters.v[i], factors.quadratic, factors.absolute);
  }
  return gradient;
}

/// Items: parameter stride / 4. Takes the gradient and the first moment of weights that are 0 away, where
/// zeros stay: the penalties add nothing to the gradient of such a weight. A step that is only inspected has
/// no moments. For packs with zeros_stay_from.
template <typename T>
struct DropZeros {
  PackView<T> v;
  bool inspect = false;

  MODSWEEP_HD void operator()(std::uint32_t p, std::uint32_t item) const {
    const BatchState<T>& batch = v.batch_state[p];
    if (batch.active == 0 || batch.next <= v.zeros_stay_from[p]) return;
    const std::size_t first = std::size_t{item} * quad;
    const std::size_t at = p * v.parameter_stride + first;
    for (std::uint32_t i = 0; i < quad; ++i) {
      if (v.ends[first + i].layer == WeightEndpoints::none || v.parameters[at + i] != T(0)) continue;
      v.gradients[at + i] = T(0);
      if (!inspect) v.moment1[at + i] = T(0);
    }
  }
};

/// Items: parameter stride / 4. Adds the penalties' gradient to the stored one.
template <typename T>
struct Regularize {
  PackView<T> v;

  MODSWEEP_HD void operator()(std::uint32_t p, std::uint32_t item) const {
    if (v.batch_state[p].active == 0) return;
    const std::uint32_t first = item * quad;
    const std::size_t at = p * v.parameter_stride + first;
    store_quad(v.gradients + at, whole_gradient(v, p, first, load_quad(v.parameters + at)));
  }
};

/// Items: parameter stride / 4. Penalties and the optimizer's step.
template <typename T>
struct Update {
  PackView<T> v;

  /// p, m, v in and out; g
  [[nodiscard]] double bytes() const {
    return 7.0 * static_cast<double>(sizeof(T) * v.networks * v.parameter_stride);
  }

  MODSWEEP_HD void operator()(std::uint32_t p, std::uint32_t item) const {
    const BatchState<T>& batch = v.batch_state[p];
    if (batch.active == 0) return;
    const Hyperparameters<T>& hyper = v.hyperparameters[p];
    const std::uint32_t first = item * quad;
    const std::size_t at = p * v.parameter_stride + first;
    Quad<T> parameters = load_quad(v.parameters + at);
    Quad<T> moment1 = load_quad(v.moment1 + at);
    const Quad<T> gradient = whole_gradient(v, p, first, parameters);
    if (hyper.optimizer == Optimizer::sgd) {
      const math::SgdStep<T> sgd = hyper.sgd_step(batch.rate);
      for (std::uint32_t i = 0; i < quad; ++i)
        parameters.v[i] = math::update_sgd(sgd, parameters.v[i], gradient.v[i], moment1.v[i]);
    } else {
      Quad<T> moment2 = load_quad(v.moment2 + at);
      if (hyper.optimizer == Optimizer::adamw)
        for (T& parameter : parameters.v) parameter = math::decayed(batch.adam, parameter);
      for (std::uint32_t i = 0; i < quad; ++i)
        parameters.v[i] =
            math::update_adam(batch.adam, parameters.v[i], gradient.v[i], moment1.v[i], moment2.v[i]);
      store_quad(v.moment2 + at, moment2);
    }
    store_quad(v.moment1 + at, moment1);
    store_quad(v.parameters + at, parameters);
  }
};

}  // namespace modsweep::pack
