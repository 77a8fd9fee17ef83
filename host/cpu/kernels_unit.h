// Element-wise kernels: hidden units forward and backward, the output error, optimizers. The formulas are
// those of modsweep/math, with vectors for T. See kernels.h for layouts and simd.h for the files that may
// include this one.
#pragma once

#include "cpu/kernels.h"
#include "cpu/simd.h"

namespace modsweep::cpu::MODSWEEP_ISA {

template <typename T>
MODSWEEP_HD math::UnitHyperparameters<Simd<T>> broadcast(const math::UnitHyperparameters<T>& r) {
  return {r.activation, r.site, r.noise_power, r.detached, Simd<T>(r.slope), Simd<T>(r.noise_exponent)};
}

// The kinds that a layer's hyperparameters hold are known when a kernel starts, not when it is compiled. The
// combinations that most experiments use are compiled with their kinds as constants, which makes the switches
// of the formulas vanish; all others use the same code with the switches.

/// The penalties of a layer's activity: weighted_square is weighted_activity of exponent 2 alone.
enum class ActivityTerms : std::uint8_t { none, weighted_square, any };

constexpr std::size_t weighted_activity = math::Penalties::number<math::WeightedActivity>;

template <typename T>
ActivityTerms activity_terms(const LayerHyperparameters<T>& hyper) {
  if (!hyper.any_activity()) return ActivityTerms::none;
  for (std::size_t i = 0; i < math::activity_penalties; ++i)
    if (hyper.activity[i] != (i == weighted_activity)) return ActivityTerms::any;
  return hyper.penalties.template of<math::WeightedActivity>().kind == math::PowerKind::two
             ? ActivityTerms::weighted_square
             : ActivityTerms::any;
}

/// The penalties of activity as a kernel uses them: a copy that no store can alias.
template <ActivityTerms terms, typename T>
struct Activities {
  math::PenaltyRules<T> rules;
  bool on[math::activity_penalties] = {};

  MODSWEEP_HD explicit Activities(const LayerHyperparameters<T>& hyper) : rules(hyper.penalties) {
    for (std::size_t i = 0; i < math::activity_penalties; ++i)
      on[i] = terms == ActivityTerms::weighted_square ? i == weighted_activity
                                                      : terms == ActivityTerms::any && hyper.activity[i];
    if constexpr (terms == ActivityTerms::weighted_square)
      rules.template of<math::WeightedActivity>().kind = math::PowerKind::two;
  }
};

template <bool noisy, ActivityTerms terms, typename T>
MODSWEEP_HD void forward_rows(const math::UnitHyperparameters<Simd<T>> unit,
                              const LayerHyperparameters<T>& hyper,
                              const ForwardUnitsArguments<T>& arguments) {
  using S = Simd<T>;
  const ForwardUnitsArguments<T> g = arguments;  // a copy that no store can alias
  const Activities<terms, T> activity(hyper);
  const S sigma(hyper.sigma);
  const S rate(hyper.dropout);
  for (std::size_t row = 0; row < g.units; ++row) {
    S activity_sums[math::activity_penalties];  // zeros
    for (std::size_t b = 0; b < g.stride; b += S::lanes) {
      const std::size_t i = row * g.stride + b;
      const S z = S::load(g.out + i);
      math::UnitValues<S> u;
      if constexpr (noisy) {
        const S eps = g.eps ? sigma * S::load(g.eps + i) : S(T(0));
        const S keep = g.uniform ? math::dropout_scale(S::load(g.uniform + i), rate) : S(T(1));
        u = math::forward_noisy_unit(unit, z, eps, keep);
        if (g.clean) u.clean.store(g.clean + i);
        if (g.clean_by_z) u.clean_by_z.store(g.clean_by_z + i);
        if (g.clean_by_slope) u.clean_by_slope.store(g.clean_by_slope + i);
      } else {
        u = math::forward_unit(unit, z);
      }
      u.out.store(g.out + i);
      if (g.out_by_z) u.out_by_z.store(g.out_by_z + i);
      if (g.out_by_slope) u.out_by_slope.store(g.out_by_slope + i);
      if constexpr (terms != ActivityTerms::none)
        math::Penalties::add_activities(activity.rules, activity.on, u.clean, S::load(g.sample_mask + b),
                                        activity_sums);
    }
    if constexpr (terms != ActivityTerms::none)
      for (std::size_t i = 0; i < math::activity_penalties; ++i)
        if (activity.on[i]) g.activity_sums[i][row] += sum_lanes(activity_sums[i]);
  }
}

template <bool noisy, typename T>
MODSWEEP_HD void forward_terms(const math::UnitHyperparameters<Simd<T>> unit,
                               const LayerHyperparameters<T>& hyper, const ForwardUnitsArguments<T>& g) {
  switch (activity_terms(hyper)) {
    case ActivityTerms::none:
      return forward_rows<noisy, ActivityTerms::none>(unit, hyper, g);
    case ActivityTerms::weighted_square:
      return forward_rows<noisy, ActivityTerms::weighted_square>(unit, hyper, g);
    case ActivityTerms::any:
      return forward_rows<noisy, ActivityTerms::any>(unit, hyper, g);
  }
}

template <typename T>
void forward_units(const LayerHyperparameters<T>& hyper, const ForwardUnitsArguments<T>& g) {
  const math::UnitHyperparameters<Simd<T>> unit = broadcast(hyper.unit);
  const bool noisy = g.eps != nullptr || g.uniform != nullptr;
  math::UnitHyperparameters<Simd<T>> common = unit;
  if (unit.activation != Activation::leaky_relu)
    return noisy ? forward_terms<true>(unit, hyper, g) : forward_terms<false>(unit, hyper, g);
  common.activation = Activation::leaky_relu;
  if (!noisy) return forward_terms<false>(common, hyper, g);
  if (unit.site != NoiseSite::post || unit.detached || g.uniform || unit.noise_power != math::PowerKind::one)
    return forward_terms<true>(common, hyper, g);
  common.site = NoiseSite::post;
  common.detached = false;
  common.noise_power = math::PowerKind::one;
  ForwardUnitsArguments<T> no_dropout = g;
  no_dropout.uniform = nullptr;
  forward_terms<true>(common, hyper, no_dropout);
}

/// Where the derivatives of a backward pass come from.
enum class Derivatives : std::uint8_t {
  of_value,  ///< f'(z) from the activation itself
  stored,    ///< out_by_z and clean_by_z
  prelu      ///< stored, and those with respect to the slope
};

template <ActivityTerms terms, Derivatives derivatives, typename T>
MODSWEEP_HD void backward_rows(Activation kind, const LayerHyperparameters<T>& hyper,
                               const BackwardUnitsArguments<T>& arguments) {
  using S = Simd<T>;
  const BackwardUnitsArguments<T> g = arguments;  // a copy that no store can alias
  const Activities<terms, T> activity(hyper);
  const S slope(hyper.unit.slope);
  S slope_sum(T(0));
  for (std::size_t row = 0; row < g.units; ++row) {
    S factors[math::activity_penalties];
    for (std::size_t i = 0; i < math::activity_penalties; ++i)
      if (activity.on[i]) factors[i] = S(g.activity_factors[i][row]);
    S sum(T(0));
    for (std::size_t b = 0; b < g.stride; b += S::lanes) {
      const std::size_t i = row * g.stride + b;
      const S by_out = S::load(g.delta + i);
      S by_clean(T(0));
      if constexpr (terms != ActivityTerms::none)
        by_clean =
            S::load(g.sample_mask + b) *
            math::Penalties::activity_gradient(activity.rules, activity.on, S::load(g.clean + i), factors);
      S delta;
      if constexpr (derivatives == Derivatives::of_value) {
        delta = (by_out + by_clean) * math::activation_derivative(kind, S::load(g.clean + i), slope);
      } else {
        delta = by_out * S::load(g.out_by_z + i);
        if constexpr (terms != ActivityTerms::none)
          delta = multiply_add(by_clean, S::load(g.clean_by_z + i), delta);
      }
      if constexpr (derivatives == Derivatives::prelu) {
        slope_sum = multiply_add(by_out, S::load(g.out_by_slope + i), slope_sum);
        if constexpr (terms != ActivityTerms::none)
          slope_sum = multiply_add(by_clean, S::load(g.clean_by_slope + i), slope_sum);
      }
      delta.store(g.delta + i);
      sum = sum + delta;
    }
    if (g.bias_gradient) g.bias_gradient[row] += sum_lanes(sum);
  }
  if constexpr (derivatives == Derivatives::prelu) *g.slope_gradient += sum_lanes(slope_sum);
}

template <Derivatives derivatives, typename T>
MODSWEEP_HD void backward_terms(Activation kind, const LayerHyperparameters<T>& hyper,
                                const BackwardUnitsArguments<T>& g) {
  switch (activity_terms(hyper)) {
    case ActivityTerms::none:
      return backward_rows<ActivityTerms::none, derivatives>(kind, hyper, g);
    case ActivityTerms::weighted_square:
      return backward_rows<ActivityTerms::weighted_square, derivatives>(kind, hyper, g);
    case ActivityTerms::any:
      return backward_rows<ActivityTerms::any, derivatives>(kind, hyper, g);
  }
}

template <typename T>
void backward_units(const LayerHyperparameters<T>& hyper, const BackwardUnitsArguments<T>& g) {
  const Activation kind = hyper.unit.activation;
  if (hyper.prelu) return backward_terms<Derivatives::prelu>(kind, hyper, g);
  if (g.out_by_z != nullptr) return backward_terms<Derivatives::stored>(kind, hyper, g);
  if (kind == Activation::leaky_relu)
    return backward_terms<Derivatives::of_value>(Activation::leaky_relu, hyper, g);
  backward_terms<Derivatives::of_value>(kind, hyper, g);
}

template <typename T>
double output_error(const OutputErrorArguments<T>& g) {
  using S = Simd<T>;
  const S scale(g.scale);
  double squares = 0.0;
  for (std::size_t row = 0; row < g.units; ++row) {
    S square(T(0));
    S sum(T(0));
    for (std::size_t b = 0; b < g.stride; b += S::lanes) {
      const std::size_t i = row * g.stride + b;
      const S error = S::load(g.sample_mask + b) * (S::load(g.output + i) - S::load(g.target + i));
      square = multiply_add(error, error, square);
      if (g.scale != T(0)) {
        const S delta = scale * error;
        delta.store(g.output + i);
        sum = sum + delta;
      }
    }
    squares += static_cast<double>(sum_lanes(square));
    if (g.bias_gradient) g.bias_gradient[row] += sum_lanes(sum);
  }
  return squares;
}

template <typename T>
void weight_sums(const WeightSumsArguments<T>& g) {
  using S = Simd<T>;
  for (std::size_t r = 0; r < g.rows; ++r) {
    const T* row = g.w + r * g.columns;
    std::size_t c = 0;
    if (g.column_square)
      for (; c + S::lanes <= g.columns; c += S::lanes) {
        const S w = S::load_unaligned(row + c);
        multiply_add(w, w, S::load_unaligned(g.column_square + c)).store_unaligned(g.column_square + c);
      }
    if (g.column_square)
      for (; c < g.columns; ++c) g.column_square[c] += row[c] * row[c];
    if (g.column_absolute)
      for (c = 0; c < g.columns; ++c) g.column_absolute[c] += math::absolute(row[c]);
    if (g.row_absolute)
      for (c = 0; c < g.columns; ++c) g.row_absolute[r] += math::absolute(row[c]);
    if (g.row_square)
      for (c = 0; c < g.columns; ++c) g.row_square[r] += row[c] * row[c];
  }
}

/// Adds the factors of penalties of ends, if any are on, for the weights that begin with W[r][c]. U: T, or a
/// vector of it.
template <typename T, typename U>
MODSWEEP_HD void add_end_factors(const RegularizeArguments<T>& g, std::size_t r, std::size_t c, U w,
                                 U& quadratic, U& absolute) {
  if constexpr (math::Penalties::any_of_ends) {
    if (g.penalties == nullptr) return;
    U from;
    if constexpr (std::is_same_v<T, U>)
      from = g.numbers[c];
    else
      from = U::load_unaligned(g.numbers + c);
    const auto added = g.penalties->end_factors(
        w, math::WeightEnds<U>{g.first.layer, from + U(g.first.from), U(g.first.to + static_cast<T>(r)),
                               U(g.first.from_units), U(g.first.to_units)});
    quadratic = quadratic + added.quadratic;
    absolute = absolute + added.absolute;
  }
}

template <typename T>
void regularize(const RegularizeArguments<T>& g) {
  using S = Simd<T>;
  const bool absolute = g.row_absolute != nullptr;
  for (std::size_t r = 0; r < g.rows; ++r) {
    const T* w = g.w + r * g.columns;
    T* gradient = g.g + r * g.columns;
    std::size_t c = 0;
    for (; c + S::lanes <= g.columns; c += S::lanes) {
      S quadratic = S(g.row_quadratic[r]) + S::load_unaligned(g.column_quadratic + c);
      S sign_factor = absolute ? S(g.row_absolute[r]) + S::load_unaligned(g.column_absolute + c) : S(T(0));
      add_end_factors(g, r, c, S::load_unaligned(w + c), quadratic, sign_factor);
      (S::load_unaligned(gradient + c) +
       math::weight_gradient(S::load_unaligned(w + c), quadratic, sign_factor))
          .store_unaligned(gradient + c);
    }
    for (; c < g.columns; ++c) {
      T quadratic = g.row_quadratic[r] + g.column_quadratic[c];
      T sign_factor = absolute ? g.row_absolute[r] + g.column_absolute[c] : T(0);
      add_end_factors(g, r, c, w[c], quadratic, sign_factor);
      gradient[c] += math::weight_gradient(w[c], quadratic, sign_factor);
    }
  }
}

template <bool decays, typename T>
MODSWEEP_HD void adam_loop(const math::AdamStep<Simd<T>>& s, T* parameters, const T* gradients, T* moment1,
                           T* moment2, std::size_t count) {
  using S = Simd<T>;
  for (std::size_t i = 0; i < count; i += S::lanes) {
    S parameter = S::load(parameters + i);
    S m1 = S::load(moment1 + i);
    S m2 = S::load(moment2 + i);
    if constexpr (decays) parameter = math::decayed(s, parameter);
    math::update_adam(s, parameter, S::load(gradients + i), m1, m2).store(parameters + i);
    m1.store(moment1 + i);
    m2.store(moment2 + i);
  }
}

template <typename T>
void adam(const math::AdamStep<T>& step, T* parameters, const T* gradients, T* moment1, T* moment2,
          std::size_t count) {
  using S = Simd<T>;
  const math::AdamStep<S> s{S(step.beta1),       S(step.beta2),        S(step.complement1),
                            S(step.complement2), S(step.rate),         S(step.inverse_root),
                            S(step.epsilon),     S(step.weight_decay), S(step.decay)};
  if (step.decay == T(0))
    adam_loop<false>(s, parameters, gradients, moment1, moment2, count);
  else
    adam_loop<true>(s, parameters, gradients, moment1, moment2, count);
}

template <typename T>
void sgd(const math::SgdStep<T>& step, T* parameters, const T* gradients, T* velocity, std::size_t count) {
  using S = Simd<T>;
  const math::SgdStep<S> s{S(step.learning_rate), S(step.momentum), S(step.weight_decay), step.nesterov};
  for (std::size_t i = 0; i < count; i += S::lanes) {
    S velocity_i = S::load(velocity + i);
    math::update_sgd(s, S::load(parameters + i), S::load(gradients + i), velocity_i).store(parameters + i);
    velocity_i.store(velocity + i);
  }
}

}  // namespace modsweep::cpu::MODSWEEP_ISA
