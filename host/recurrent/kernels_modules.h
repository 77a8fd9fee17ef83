// A recurrent module through a chunk's sequences, forwards and backwards (science.md sections 8.1 and 8.3).
// See kernels.h for layouts and cpu/simd.h for the files that may include this one.
#pragma once

#include "recurrent/kernels_products.h"

namespace modsweep::cpu::MODSWEEP_ISA {

using math::ActivationSite;

/// Rows [i, i + R) of one time step t = 1, 2, ...
template <ActivationSite site, std::size_t R, typename T>
MODSWEEP_HD void forward_rows(const recurrent::ForwardArguments<T>& g, std::size_t t, std::size_t i) {
  using S = Simd<T>;
  constexpr std::size_t samples = chunk_samples<T>;
  const std::size_t plane = g.units * samples;
  const T* before = g.states + (t - 1) * plane;
  const T* bits = g.bits + (t - 1) * samples;
  S sum[R][chunk_vectors];
  for (std::size_t r = 0; r < R; ++r)
    for (std::size_t v = 0; v < chunk_vectors; ++v)
      sum[r][v] = multiply_add(S(g.input[i + r]), S::load(bits + v * S::lanes), S(g.bias[i + r]));
  add_product<R>(sum, g.recurrent + i * g.units, before, g.units);
  if (g.below) add_product<R>(sum, g.feedforward + i * g.units, g.below + (t - 1) * plane, g.units);
  const S slope(g.slope);
  for (std::size_t r = 0; r < R; ++r) {
    const S leak(g.leak[i + r]);
    for (std::size_t v = 0; v < chunk_vectors; ++v) {
      const std::size_t at = (i + r) * samples + v * S::lanes;
      const S old = S::load(before + at);
      S target;
      S state = math::next_state<site>(old, sum[r][v], leak, slope, target);
      if (g.active)
        state = select(S::load(g.active + (t - 1) * samples + v * S::lanes) > S(T(0)), state, old);
      state.store(g.states + t * plane + at);
      if (g.targets) target.store(g.targets + (t - 1) * plane + at);
    }
  }
}

template <ActivationSite site, typename T>
MODSWEEP_HD void forward_at(const recurrent::ForwardArguments<T>& g) {
  for (std::size_t t = 1; t <= g.steps; ++t)
    for_row_tiles(g.units, [&]<std::size_t R>(std::size_t i) { forward_rows<site, R>(g, t, i); });
}

template <typename T>
void recurrent_forward(ActivationSite site, const recurrent::ForwardArguments<T>& g) {
  if (site == ActivationSite::drive) return forward_at<ActivationSite::drive>(g);
  forward_at<ActivationSite::state>(g);
}

/// The element-wise part of time step t: deltas, the sums over them, and in `lambda` what does not go through
/// C(t).
template <ActivationSite site, typename T>
MODSWEEP_HD void backward_units(const recurrent::BackwardArguments<T>& g, std::size_t t, T* deltas) {
  using S = Simd<T>;
  constexpr std::size_t samples = chunk_samples<T>;
  const std::size_t plane = g.units * samples;
  const S slope(g.slope);
  for (std::size_t i = 0; i < g.units; ++i) {
    const S leak(g.leak[i]);
    S bias = S::load(g.bias_gradient + i * S::lanes);
    S input = S::load(g.input_gradient + i * S::lanes);
    S leak_sum = S::load(g.leak_gradient + i * S::lanes);
    for (std::size_t v = 0; v < chunk_vectors; ++v) {
      const std::size_t at = i * samples + v * S::lanes;
      const S gradient = S::load(g.lambda + at);
      auto unit = math::unit_backward<site>(gradient, S::load(g.states + (t - 1) * plane + at),
                                            S::load(g.states + t * plane + at),
                                            S::load(g.targets + (t - 1) * plane + at), leak, slope);
      if (g.active) {  // a sample that has ended keeps its state: everything goes straight through
        const auto active = S::load(g.active + (t - 1) * samples + v * S::lanes) > S(T(0));
        unit.drive_gradient = select(active, unit.drive_gradient, S(T(0)));
        unit.leak_gradient = select(active, unit.leak_gradient, S(T(0)));
        unit.retained = select(active, unit.retained, gradient);
      }
      unit.drive_gradient.store(deltas + at);
      bias = bias + unit.drive_gradient;
      input = multiply_add(unit.drive_gradient, S::load(g.bits + (t - 1) * samples + v * S::lanes), input);
      leak_sum = leak_sum + unit.leak_gradient;
      if (g.arriving && t > 1) unit.retained = unit.retained + S::load(g.arriving + (t - 1) * plane + at);
      unit.retained.store(g.lambda + at);
    }
    bias.store(g.bias_gradient + i * S::lanes);
    input.store(g.input_gradient + i * S::lanes);
    leak_sum.store(g.leak_gradient + i * S::lanes);
  }
}

/// out[j] (+)= sum_i W(i, j) deltas[i], W packed by columns.
template <bool accumulate, typename T>
MODSWEEP_HD void pass_back(const T* packed, const T* deltas, std::size_t units, T* out) {
  using S = Simd<T>;
  constexpr std::size_t samples = chunk_samples<T>;
  for_row_tiles(units, [&]<std::size_t R>(std::size_t j) {
    S sum[R][chunk_vectors];
    if constexpr (accumulate)
      for (std::size_t r = 0; r < R; ++r)
        for (std::size_t v = 0; v < chunk_vectors; ++v)
          sum[r][v] = S::load(out + (j + r) * samples + v * S::lanes);
    add_product<R>(sum, packed + j * units, deltas, units);
    for (std::size_t r = 0; r < R; ++r)
      for (std::size_t v = 0; v < chunk_vectors; ++v) sum[r][v].store(out + (j + r) * samples + v * S::lanes);
  });
}

template <ActivationSite site, typename T>
MODSWEEP_HD void backward_at(const recurrent::BackwardArguments<T>& g) {
  const std::size_t plane = g.units * chunk_samples<T>;
  std::size_t end = g.steps;
  while (end > 0) {
    const std::size_t first = (end > g.time_block ? end - g.time_block : 0);
    for (std::size_t t = end; t > first; --t) {
      T* deltas = g.deltas + (t - 1 - first) * plane;
      backward_units<site>(g, t, deltas);
      if (g.passed_down) pass_back<false>(g.feedforward, deltas, g.units, g.passed_down + (t - 1) * plane);
      if (t > 1) pass_back<true>(g.recurrent, deltas, g.units, g.lambda);
    }
    add_outer_products(g.deltas, g.states + first * plane, g.units, end - first, g.recurrent_gradient);
    if (g.below)
      add_outer_products(g.deltas, g.below + first * plane, g.units, end - first, g.feedforward_gradient);
    end = first;
  }
}

template <typename T>
void recurrent_backward(ActivationSite site, const recurrent::BackwardArguments<T>& g) {
  if (site == ActivationSite::drive) return backward_at<ActivationSite::drive>(g);
  backward_at<ActivationSite::state>(g);
}

}  // namespace modsweep::cpu::MODSWEEP_ISA
