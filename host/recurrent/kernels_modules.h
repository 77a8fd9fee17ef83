// A recurrent module through a chunk's sequences, forwards and backwards (science.md sections 8.1 and 8.3).
// See kernels.h for layouts and cpu/simd.h for the files that may include this one.
#pragma once

#include "recurrent/kernels_products.h"

namespace modsweep::cpu::MODSWEEP_ISA {

using math::ActivationSite;

/// Rows [i, i + R) of one time step t = 1, 2, ... The product with the module below comes first: it does not
/// wait for what the last time step has just computed.
template <ActivationSite site, std::size_t R, typename T>
MODSWEEP_HD void forward_rows(const recurrent::ForwardArguments<T>& g, std::size_t units, std::size_t t,
                              std::size_t i) {
  using S = Simd<T>;
  constexpr std::size_t samples = chunk_samples<T>;
  const std::size_t plane = units * samples;
  const T* before = g.states + (t - 1) * plane;
  S sum[R][chunk_vectors];
  MODSWEEP_UNROLL_4
  for (std::size_t v = 0; v < chunk_vectors; ++v) {
    const auto one = S::load(g.bits + (t - 1) * samples + v * S::lanes) > S(T(0));
    MODSWEEP_UNROLL_5
    for (std::size_t r = 0; r < R; ++r)
      sum[r][v] = select(one, S(g.bias[i + r]) + S(g.input[i + r]), S(g.bias[i + r]));
  }
  if (g.below) add_product<R>(sum, g.feedforward + i * units, g.below + (t - 1) * plane, units);
  add_product_without_diagonal<R>(sum, g.recurrent + i * units, before, units, i);
  const S slope(g.slope);
  MODSWEEP_UNROLL_5
  for (std::size_t r = 0; r < R; ++r) {
    const S leak(g.leak[i + r]);
    MODSWEEP_UNROLL_4
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

/// `fixed`: the number of units where the compiler is to know it, else 0.
template <ActivationSite site, std::size_t fixed, typename T>
MODSWEEP_HD void forward_of_size(const recurrent::ForwardArguments<T>& g) {
  const std::size_t units = fixed > 0 ? fixed : g.units;
  for (std::size_t t = 1; t <= g.steps; ++t)
    for_row_tiles(units, [&]<std::size_t R>(std::size_t i) { forward_rows<site, R>(g, units, t, i); });
}

template <ActivationSite site, typename T>
void forward_at(const recurrent::ForwardArguments<T>& g) {
  if (site == ActivationSite::drive && g.units == 5) return forward_of_size<site, 5>(g);
  if (site == ActivationSite::drive && g.units == 10) return forward_of_size<site, 10>(g);
  forward_of_size<site, 0>(g);
}

template <typename T>
void recurrent_forward(ActivationSite site, const recurrent::ForwardArguments<T>& g) {
  if (site == ActivationSite::drive) return forward_at<ActivationSite::drive>(g);
  forward_at<ActivationSite::state>(g);
}

/// The element-wise part of rows [i, i + R) of time step t, from dL/dr(t): deltas, the sums over them, and in
/// `lambda` what does not go through C(t).
template <ActivationSite site, std::size_t R, typename T>
MODSWEEP_HD void backward_rows(const recurrent::BackwardArguments<T>& g, std::size_t units, std::size_t t,
                               std::size_t i, const Simd<T> (&gradient)[R][chunk_vectors], T* deltas) {
  using S = Simd<T>;
  constexpr std::size_t samples = chunk_samples<T>;
  const std::size_t plane = units * samples;
  const S slope(g.slope);
  MODSWEEP_UNROLL_5
  for (std::size_t r = 0; r < R; ++r) {
    const S leak(g.leak[i + r]);
    const std::size_t sums = (i + r) * S::lanes;
    S bias = S::load(g.bias_gradient + sums);
    S input = S::load(g.input_gradient + sums);
    S leak_sum = S::load(g.leak_gradient + sums);
    MODSWEEP_UNROLL_4
    for (std::size_t v = 0; v < chunk_vectors; ++v) {
      const std::size_t sample = (t - 1) * samples + v * S::lanes;
      const std::size_t at = (i + r) * samples + v * S::lanes;
      auto unit = math::unit_backward<site>(gradient[r][v], S::load(g.states + (t - 1) * plane + at),
                                            S::load(g.states + t * plane + at),
                                            S::load(g.targets + (t - 1) * plane + at), leak, slope);
      if (g.active) {  // a sample that has ended keeps its state: everything goes straight through
        const auto active = S::load(g.active + sample) > S(T(0));
        unit.drive_gradient = select(active, unit.drive_gradient, S(T(0)));
        unit.leak_gradient = select(active, unit.leak_gradient, S(T(0)));
        unit.retained = select(active, unit.retained, gradient[r][v]);
      }
      unit.drive_gradient.store(deltas + at);
      unit.retained.store(g.lambda + at);
      bias = bias + unit.drive_gradient;
      input = select(S::load(g.bits + sample) > S(T(0)), input + unit.drive_gradient, input);
      leak_sum = leak_sum + unit.leak_gradient;
    }
    bias.store(g.bias_gradient + sums);
    input.store(g.input_gradient + sums);
    leak_sum.store(g.leak_gradient + sums);
  }
}

template <std::size_t R, typename T>
MODSWEEP_HD void load_rows(Simd<T> (&rows)[R][chunk_vectors], const T* from) {
  MODSWEEP_UNROLL_5
  for (std::size_t r = 0; r < R; ++r) MODSWEEP_UNROLL_4
  for (std::size_t v = 0; v < chunk_vectors; ++v)
    rows[r][v] = Simd<T>::load(from + r * chunk_samples<T> + v * Simd<T>::lanes);
}

/// From time step t to t - 1: dL/dr(t - 1) stays in registers until its element-wise part is done.
template <ActivationSite site, typename T>
MODSWEEP_HD void step_back(const recurrent::BackwardArguments<T>& g, std::size_t units, std::size_t t,
                           const T* deltas, T* deltas_before) {
  constexpr std::size_t samples = chunk_samples<T>;
  for_row_tiles(units, [&]<std::size_t R>(std::size_t j) {
    Simd<T> gradient[R][chunk_vectors];
    load_rows(gradient, g.lambda + j * samples);
    if (g.arriving) {
      Simd<T> arriving[R][chunk_vectors];
      load_rows(arriving, g.arriving + ((t - 1) * units + j) * samples);
      MODSWEEP_UNROLL_5
      for (std::size_t r = 0; r < R; ++r) MODSWEEP_UNROLL_4
      for (std::size_t v = 0; v < chunk_vectors; ++v) gradient[r][v] = gradient[r][v] + arriving[r][v];
    }
    add_product_without_diagonal<R>(gradient, g.recurrent + j * units, deltas, units, j);
    backward_rows<site, R>(g, units, t - 1, j, gradient, deltas_before);
  });
}

/// out[j] = sum_i W(i, j) deltas[i], W packed by columns.
template <typename T>
MODSWEEP_HD void pass_down(const T* packed, const T* deltas, std::size_t units, T* out) {
  using S = Simd<T>;
  constexpr std::size_t samples = chunk_samples<T>;
  for_row_tiles(units, [&]<std::size_t R>(std::size_t j) {
    S sum[R][chunk_vectors];
    add_product<R>(sum, packed + j * units, deltas, units);
    MODSWEEP_UNROLL_5
    for (std::size_t r = 0; r < R; ++r) MODSWEEP_UNROLL_4
    for (std::size_t v = 0; v < chunk_vectors; ++v) sum[r][v].store(out + (j + r) * samples + v * S::lanes);
  });
}

/// Blocks of time steps, whose outer products are summed together. In g.deltas, the deltas of time step
/// first + n are at plane n; plane 0 belongs to the block before.
template <ActivationSite site, std::size_t fixed, typename T>
MODSWEEP_HD void backward_of_size(const recurrent::BackwardArguments<T>& g) {
  const std::size_t units = fixed > 0 ? fixed : g.units;
  const std::size_t plane = units * chunk_samples<T>;
  std::size_t end = g.steps;
  std::size_t first = end > g.time_block ? end - g.time_block : 0;
  for_row_tiles(units, [&]<std::size_t R>(std::size_t i) {
    Simd<T> gradient[R][chunk_vectors];
    load_rows(gradient, g.lambda + i * chunk_samples<T>);
    backward_rows<site, R>(g, units, end, i, gradient, g.deltas + (end - first) * plane);
  });
  while (true) {
    for (std::size_t t = end; t > first; --t) {
      T* deltas = g.deltas + (t - first) * plane;
      if (g.passed_down) pass_down(g.feedforward, deltas, units, g.passed_down + (t - 1) * plane);
      if (t > 1) step_back<site>(g, units, t, deltas, deltas - plane);
    }
    add_outer_products(g.deltas + plane, g.states + first * plane, units, end - first, g.recurrent_gradient);
    if (g.below)
      add_outer_products(g.deltas + plane, g.below + first * plane, units, end - first,
                         g.feedforward_gradient);
    if (first == 0) return;
    end = first;
    first = end > g.time_block ? end - g.time_block : 0;
    __builtin_memcpy(g.deltas + (end - first) * plane, g.deltas, plane * sizeof(T));
  }
}

template <ActivationSite site, typename T>
void backward_at(const recurrent::BackwardArguments<T>& g) {
  if (g.steps == 0) return;
  if (site == ActivationSite::drive && g.units == 5) return backward_of_size<site, 5>(g);
  backward_of_size<site, 0>(g);
}

template <typename T>
void recurrent_backward(ActivationSite site, const recurrent::BackwardArguments<T>& g) {
  if (site == ActivationSite::drive) return backward_at<ActivationSite::drive>(g);
  backward_at<ActivationSite::state>(g);
}

}  // namespace modsweep::cpu::MODSWEEP_ISA
