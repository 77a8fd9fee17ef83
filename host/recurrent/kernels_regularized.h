// A recurrent module with noise or penalties of its activity (science.md section 8.8). A path of its own, so
// that networks without them have kernels that know nothing of it. See kernels.h for layouts and cpu/simd.h
// for the files that may include this one.
#pragma once

#include "recurrent/kernels_modules.h"

#include "modsweep/math/noise.h"

namespace modsweep::cpu::MODSWEEP_ISA {

/// sum[r][v] += sum_j w[r row_stride + j column_stride] x[j][v].
template <std::size_t R, typename T>
MODSWEEP_HD void add_plain_product(Simd<T> (&sum)[R][chunk_vectors], const T* w, std::size_t row_stride,
                                   std::size_t column_stride, const T* x, std::size_t inner) {
  using S = Simd<T>;
  for (std::size_t j = 0; j < inner; ++j) {
    S column[chunk_vectors];
    for (std::size_t v = 0; v < chunk_vectors; ++v)
      column[v] = S::load(x + j * chunk_samples<T> + v * S::lanes);
    for (std::size_t r = 0; r < R; ++r) {
      const S factor(w[r * row_stride + j * column_stride]);
      for (std::size_t v = 0; v < chunk_vectors; ++v) sum[r][v] = multiply_add(factor, column[v], sum[r][v]);
    }
  }
}

/// What is read of the states at time t, in the place of the normals.
template <typename T>
MODSWEEP_HD void add_noise_at(const recurrent::RegularizedForward<T>& g, std::size_t t) {
  using S = Simd<T>;
  if (!g.read) return;
  const std::size_t plane = g.module.units * chunk_samples<T>;
  for (std::size_t i = t * plane; i < (t + 1) * plane; i += S::lanes) {
    const auto noisy = math::add_noise(S::load(g.module.states + i), S(g.strength) * S::load(g.read + i),
                                       g.power, S(g.exponent), g.detached);
    noisy.value.store(g.read + i);
    if (g.slopes) noisy.derivative.store(g.slopes + i);
  }
}

/// Rows [i, i + R) of one time step t = 1, 2, ...
template <ActivationSite site, std::size_t R, typename T>
MODSWEEP_HD void regularized_rows(const recurrent::RegularizedForward<T>& g, std::size_t t, std::size_t i) {
  using S = Simd<T>;
  constexpr std::size_t samples = chunk_samples<T>;
  const recurrent::ForwardArguments<T>& m = g.module;
  const std::size_t plane = m.units * samples;
  const T* bits = m.bits + (t - 1) * samples;
  S sum[R][chunk_vectors];
  for (std::size_t r = 0; r < R; ++r)
    for (std::size_t v = 0; v < chunk_vectors; ++v)
      sum[r][v] = multiply_add(S(m.input[i + r]), S::load(bits + v * S::lanes), S(m.bias[i + r]));
  add_plain_product(sum, m.recurrent + i * m.units, m.units, 1,
                    (g.read ? g.read : m.states) + (t - 1) * plane, m.units);
  if (m.below)
    add_plain_product(sum, m.feedforward + i * m.units, m.units, 1, m.below + (t - 1) * plane, m.units);
  for (std::size_t r = 0; r < R; ++r)
    for (std::size_t v = 0; v < chunk_vectors; ++v) {
      const std::size_t at = (i + r) * samples + v * S::lanes;
      const S old = S::load(m.states + (t - 1) * plane + at);
      S target;
      S state = math::next_state<site>(old, sum[r][v], S(m.leak[i + r]), S(m.slope), target);
      if (m.active)
        state = select(S::load(m.active + (t - 1) * samples + v * S::lanes) > S(T(0)), state, old);
      state.store(m.states + t * plane + at);
      if (m.targets) target.store(m.targets + (t - 1) * plane + at);
    }
}

template <ActivationSite site, typename T>
MODSWEEP_HD void regularized_forward_at(const recurrent::RegularizedForward<T>& g) {
  add_noise_at(g, 0);
  for (std::size_t t = 1; t <= g.module.steps; ++t) {
    for_row_tiles(g.module.units, [&]<std::size_t R>(std::size_t i) { regularized_rows<site, R>(g, t, i); });
    add_noise_at(g, t);
  }
}

template <typename T>
void regularized_forward(ActivationSite site, const recurrent::RegularizedForward<T>& g) {
  if (site == ActivationSite::drive) return regularized_forward_at<ActivationSite::drive>(g);
  regularized_forward_at<ActivationSite::state>(g);
}

/// lambda[j] = what does not go through what is read of unit j at time t, plus what does.
template <typename T>
MODSWEEP_HD void add_read_gradient(const recurrent::RegularizedBackward<T>& g, std::size_t t, Simd<T> of_read,
                                   Simd<T> retained, std::size_t at) {
  using S = Simd<T>;
  const std::size_t index = t * g.module.units * chunk_samples<T> + at;
  S gradient = g.slopes ? multiply_add(S::load(g.slopes + index), of_read, retained) : of_read + retained;
  if (g.injected) gradient = gradient + S::load(g.injected + index);
  gradient.store(g.module.lambda + at);
}

/// The element-wise part of time step t: deltas, the sums over them, and in `lambda` what does not go through
/// C(t).
template <ActivationSite site, typename T>
MODSWEEP_HD void regularized_units(const recurrent::BackwardArguments<T>& g, std::size_t t, T* deltas) {
  using S = Simd<T>;
  constexpr std::size_t samples = chunk_samples<T>;
  const std::size_t plane = g.units * samples;
  for (std::size_t i = 0; i < g.units; ++i) {
    S bias = S::load(g.bias_gradient + i * S::lanes);
    S input = S::load(g.input_gradient + i * S::lanes);
    S leak_sum = S::load(g.leak_gradient + i * S::lanes);
    for (std::size_t v = 0; v < chunk_vectors; ++v) {
      const std::size_t at = i * samples + v * S::lanes;
      const S gradient = S::load(g.lambda + at);
      auto unit = math::unit_backward<site>(
          gradient, S::load(g.states + (t - 1) * plane + at), S::load(g.states + t * plane + at),
          S::load(g.targets + (t - 1) * plane + at), S(g.leak[i]), S(g.slope));
      if (g.active) {  // a sample that has ended keeps its state: everything goes straight through
        const auto active = S::load(g.active + (t - 1) * samples + v * S::lanes) > S(T(0));
        unit.drive_gradient = select(active, unit.drive_gradient, S(T(0)));
        unit.leak_gradient = select(active, unit.leak_gradient, S(T(0)));
        unit.retained = select(active, unit.retained, gradient);
      }
      unit.drive_gradient.store(deltas + at);
      unit.retained.store(g.lambda + at);
      bias = bias + unit.drive_gradient;
      input = multiply_add(unit.drive_gradient, S::load(g.bits + (t - 1) * samples + v * S::lanes), input);
      leak_sum = leak_sum + unit.leak_gradient;
    }
    bias.store(g.bias_gradient + i * S::lanes);
    input.store(g.input_gradient + i * S::lanes);
    leak_sum.store(g.leak_gradient + i * S::lanes);
  }
}

template <ActivationSite site, typename T>
MODSWEEP_HD void regularized_backward_at(const recurrent::RegularizedBackward<T>& g) {
  using S = Simd<T>;
  constexpr std::size_t samples = chunk_samples<T>;
  const recurrent::BackwardArguments<T>& m = g.module;
  const std::size_t plane = m.units * samples;
  for (std::size_t at = 0; at < plane; at += S::lanes)
    add_read_gradient(g, m.steps, S::load(m.lambda + at), S(T(0)), at);
  for (std::size_t t = m.steps; t > 0; --t) {
    T* deltas = m.deltas + (t - 1) * plane;
    regularized_units<site>(m, t, deltas);
    for_row_tiles(m.units, [&]<std::size_t R>(std::size_t j) {
      if (m.passed_down) {
        S sum[R][chunk_vectors] = {};
        add_plain_product(sum, m.feedforward + j, 1, m.units, deltas, m.units);
        for (std::size_t r = 0; r < R; ++r)
          for (std::size_t v = 0; v < chunk_vectors; ++v)
            sum[r][v].store(m.passed_down + (t - 1) * plane + (j + r) * samples + v * S::lanes);
      }
      if (t == 1) return;
      S sum[R][chunk_vectors] = {};
      add_plain_product(sum, m.recurrent + j, 1, m.units, deltas, m.units);
      for (std::size_t r = 0; r < R; ++r)
        for (std::size_t v = 0; v < chunk_vectors; ++v) {
          const std::size_t at = (j + r) * samples + v * S::lanes;
          if (m.arriving) sum[r][v] = sum[r][v] + S::load(m.arriving + (t - 1) * plane + at);
          add_read_gradient(g, t - 1, sum[r][v], S::load(m.lambda + at), at);
        }
    });
  }
  add_outer_products(m.deltas, g.read ? g.read : m.states, m.units, m.steps, m.recurrent_gradient);
  if (m.below) add_outer_products(m.deltas, m.below, m.units, m.steps, m.feedforward_gradient);
}

template <typename T>
void regularized_backward(ActivationSite site, const recurrent::RegularizedBackward<T>& g) {
  if (site == ActivationSite::drive) return regularized_backward_at<ActivationSite::drive>(g);
  regularized_backward_at<ActivationSite::state>(g);
}

template <typename T>
void recurrent_activity(const recurrent::ActivityArguments<T>& g) {
  using S = Simd<T>;
  constexpr std::size_t samples = chunk_samples<T>;
  for (std::size_t i = 0; i < g.units; ++i) {
    S sum(T(0));
    for (std::size_t t = 1; t <= g.steps; ++t)
      for (std::size_t v = 0; v < chunk_vectors; ++v) {
        const std::size_t at = (t * g.units + i) * samples + v * S::lanes;
        const S state = S::load(g.states + at);
        const S weight = S::load(g.weights + (t - 1) * samples + v * S::lanes);
        sum = multiply_add(weight, math::absolute_power(state, g.power, S(g.exponent)), sum);
        if (g.injected)
          (S(g.factors[i]) * weight * math::absolute_power_derivative(state, g.power, S(g.exponent)))
              .store(g.injected + at);
      }
    g.sums[i] += static_cast<double>(sum_lanes(sum));
  }
}

}  // namespace modsweep::cpu::MODSWEEP_ISA
