// Kernels over parameters: the regularizers' share of the gradient, and the optimizers (kernels of this
// folder: see batch.h).
#pragma once

#include "pack/arrays.h"

namespace modsweep::gemm {

/// Factors of 2W and sign(W) in the gradient of all regularizers with respect to one weight.
template <typename T>
MODSWEEP_HD math::WeightFactors<T> weight_factors(const PackView<T>& v, std::uint32_t p,
                                                  const NetworkRule<T>& rule, const ParameterPlace& place) {
  const auto& c = rule.regularizer;
  math::WeightFactors<T> factors{c.l2, c.l1};
  const bool products = rule.products();
  if (place.sending != ParameterPlace::none && (products || rule.layer.weighted_activity)) {
    const std::size_t at = v.unit(p, place.sending);
    math::UnitSums<T> sums{};
    if (products) sums.in_absolute = v.in_absolute[at], sums.in_square = v.in_square[at];
    if (rule.layer.weighted_activity) sums.mean_activity = v.weighted_sums[at] * v.now[p].inverse_count;
    const auto share = math::sending_share(c, sums);
    factors.quadratic += share.quadratic;
    factors.absolute += share.absolute;
  }
  if (place.receiving != ParameterPlace::none && products) {
    const std::size_t at = v.unit(p, place.receiving);
    math::UnitSums<T> sums{};
    sums.out_absolute = v.out_absolute[at];
    sums.out_square = v.out_square[at];
    const auto share = math::receiving_share(c, sums);
    factors.quadratic += share.quadratic;
    factors.absolute += share.absolute;
  }
  return factors;
}

/// Gradients of four parameters, regularizers included, weight decay not.
template <typename T>
MODSWEEP_HD Quad<T> whole_gradient(const PackView<T>& v, std::uint32_t p, std::uint32_t first,
                                   const Quad<T>& parameters) {
  const NetworkRule<T>& rule = v.rules[p];
  Quad<T> gradient = load_quad(v.gradients + p * v.parameter_stride + first);
  for (std::uint32_t i = 0; i < quad; ++i) {
    const ParameterPlace place = v.places[first + i];
    if (!place.weight) continue;
    const auto factors = weight_factors(v, p, rule, place);
    gradient.v[i] += math::weight_gradient(parameters.v[i], factors.quadratic, factors.absolute);
  }
  return gradient;
}

/// Items: parameter stride / 4. Adds the regularizers' gradient to the stored one.
template <typename T>
struct Regularize {
  PackView<T> v;

  MODSWEEP_HD void operator()(std::uint32_t p, std::uint32_t item) const {
    if (v.now[p].active == 0) return;
    const std::uint32_t first = item * quad;
    const std::size_t at = p * v.parameter_stride + first;
    store_quad(v.gradients + at, whole_gradient(v, p, first, load_quad(v.parameters + at)));
  }
};

/// Items: parameter stride / 4. Regularizers and the optimizer's step.
template <typename T>
struct Update {
  PackView<T> v;

  /// p, m, v in and out; g
  [[nodiscard]] double bytes() const {
    return 7.0 * static_cast<double>(sizeof(T) * v.networks * v.parameter_stride);
  }

  MODSWEEP_HD void operator()(std::uint32_t p, std::uint32_t item) const {
    const Now<T>& now = v.now[p];
    if (now.active == 0) return;
    const NetworkRule<T>& rule = v.rules[p];
    const std::uint32_t first = item * quad;
    const std::size_t at = p * v.parameter_stride + first;
    Quad<T> parameters = load_quad(v.parameters + at);
    Quad<T> moment1 = load_quad(v.moment1 + at);
    const Quad<T> gradient = whole_gradient(v, p, first, parameters);
    if (rule.optimizer == Optimizer::adam) {
      Quad<T> moment2 = load_quad(v.moment2 + at);
      for (std::uint32_t i = 0; i < quad; ++i)
        parameters.v[i] =
            math::update_adam(now.adam, parameters.v[i], gradient.v[i], moment1.v[i], moment2.v[i]);
      store_quad(v.moment2 + at, moment2);
    } else {
      const math::SgdStep<T> sgd{T(rule.learning_rate), T(rule.momentum), T(rule.weight_decay),
                                 rule.nesterov};
      for (std::uint32_t i = 0; i < quad; ++i)
        parameters.v[i] = math::update_sgd(sgd, parameters.v[i], gradient.v[i], moment1.v[i]);
    }
    store_quad(v.moment1 + at, moment1);
    store_quad(v.parameters + at, parameters);
  }
};

}  // namespace modsweep::gemm
