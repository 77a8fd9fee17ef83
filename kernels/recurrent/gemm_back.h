// Kernels of gemm_pass.h on the way back (gemm_units.h).
#pragma once

#include "recurrent/gemm_units.h"

namespace modsweep::bptt {

/// Items: [K][M][S]. dL/dr(t) at the last time, of heads; sums over time begin at 0.
template <typename T>
struct BeginBack {
  GemmView<T> v;

  MODSWEEP_HD void operator()(std::uint32_t p, std::uint32_t item) const {
    const PassState& pass = v.pass[p];
    if (pass.active == 0) return;
    const auto k = static_cast<std::uint32_t>(item / v.wide()) + 1;
    const auto within = static_cast<std::uint32_t>(item % v.wide());
    const std::uint32_t s = within % v.samples;
    const std::uint32_t unit = within / v.samples;
    const std::uint32_t units = v.layout.units();
    const std::uint32_t m = pass.first_trained + k - 1;
    T sum = T(0);
    for (std::uint32_t h = 0; m <= pass.last && h < v.progress[p].heads; ++h) {
      if (v.module_of_head(p, h) != m || v.reads[v.head(p, h)] == 0) continue;
      const T* w = v.tensor(p, math::RecurrentTensor::head, h) + unit;
      sum = math::multiply_add(w[units] - w[0], v.errors[v.head(p, h) * v.samples + s], sum);
    }
    v.lambda[v.slot(p, k) * v.wide() + within] = sum;
    v.leak[v.slot(p, k) * v.wide() + within] = T(0);
  }
};

/// Items: [L][S]. What the gradients of W_I and of biases are multiplied by.
template <typename T>
struct BeginInputs {
  GemmView<T> v;

  MODSWEEP_HD void operator()(std::uint32_t p, std::uint32_t item) const {
    if (v.pass[p].active == 0) return;
    const std::uint32_t t = item / v.samples;
    const std::uint32_t s = item % v.samples;
    T* to = v.inputs + std::size_t{p} * 2 * v.longest * v.samples + std::size_t{t} * v.samples + s;
    to[0] = t < v.length(p, s) ? v.bit(p, t, s) : T(0);
    to[std::size_t{v.longest} * v.samples] = T(1);
  }
};

/// Items: [K][M][S]. dL/dC(t) in the place of targets. `through`: `back` is of t + 1.
template <typename T>
struct BackwardUnits {
  GemmView<T> v;
  std::uint32_t t;
  bool through;

  MODSWEEP_HD void operator()(std::uint32_t p, std::uint32_t item) const {
    const PassState& pass = v.pass[p];
    const auto k = static_cast<std::uint32_t>(item / v.wide()) + 1;
    const auto within = static_cast<std::uint32_t>(item % v.wide());
    const std::uint32_t s = within % v.samples;
    const std::uint32_t unit = within / v.samples;
    const std::uint32_t m = pass.first_trained + k - 1;
    const std::size_t row = v.slot(p, k) * v.layout.units() + unit;
    T& delta = v.deltas[(row * v.longest + t - 1) * v.samples + s];
    if (pass.active == 0 || m > pass.last) {
      delta = T(0);
      return;
    }
    T& lambda = v.lambda[v.slot(p, k) * v.wide() + within];
    T gradient = lambda;
    if (through) {
      gradient += v.back[(2 * v.slot(p, k) + 1) * v.wide() + within];
      if (m < pass.last) gradient += v.back[2 * v.slot(p, k + 1) * v.wide() + within];
    }
    if (t > v.length(p, s) || t > v.steps_of(p, m)) {
      delta = T(0);
      lambda = gradient;
      return;
    }
    const T* states = v.history + (row * (v.longest + 1) + t) * v.samples + s;
    const T before = *(states - v.samples);
    const T leak = math::leak_of_timescale(v.tensor(p, math::RecurrentTensor::timescale, m)[unit]);
    const T slope = static_cast<T>(v.settings[p].slope);
    const auto of_unit =
        v.settings[p].site == math::ActivationSite::drive
            ? math::unit_backward<math::ActivationSite::drive>(gradient, before, *states, delta, leak, slope)
            : math::unit_backward<math::ActivationSite::state>(gradient, before, *states, delta, leak, slope);
    delta = of_unit.drive_gradient;
    v.leak[v.slot(p, k) * v.wide() + within] += of_unit.leak_gradient;
    lambda = of_unit.retained;
  }
};

/// Items: [K][2 M M + 2 M]. Gradients to where the optimizer finds them.
template <typename T>
struct WriteGradients {
  GemmView<T> v;

  MODSWEEP_HD void operator()(std::uint32_t p, std::uint32_t item) const {
    using Kind = math::RecurrentTensor;
    const PassState& pass = v.pass[p];
    const std::uint32_t units = v.layout.units();
    const std::uint32_t of_module = 2 * units * units + 2 * units;
    const std::uint32_t k = item / of_module + 1;
    const std::uint32_t m = pass.first_trained + k - 1;
    if (pass.active == 0 || m > pass.last) return;
    std::uint32_t at = item % of_module;
    T* share = v.shares + p * v.layout.size();
    const std::size_t matrix = std::size_t{units} * units;
    if (at < 2 * matrix) {
      const bool below = at >= matrix;
      const auto within = static_cast<std::uint32_t>(below ? at - matrix : at);
      const T* from = (below ? v.of_feedforward : v.of_recurrent) + v.slot(p, k) * matrix;
      const bool diagonal = !below && within / units == within % units;
      share[v.layout.offset(below ? Kind::feedforward : Kind::recurrent, m) + within] =
          diagonal ? T(0) : from[within];
      return;
    }
    at -= static_cast<std::uint32_t>(2 * matrix);
    const std::uint32_t unit = at % units;
    if (at >= units) {
      const T* leak = v.leak + v.slot(p, k) * v.wide() + std::size_t{unit} * v.samples;
      T sum = T(0);
      for (std::uint32_t s = 0; s < v.samples; ++s) sum += leak[s];
      share[v.layout.offset(Kind::timescale, m) + unit] = sum;
      return;
    }
    const T* from = v.of_vectors + (v.slot(p, k) * units + unit) * 2;
    share[v.layout.offset(Kind::input, m) + unit] = from[0];
    for (const Kind kind : {Kind::recurrent_bias, Kind::feedforward_bias, Kind::input_bias})
      share[v.layout.offset(kind, m) + unit] = from[1];
  }
};

}  // namespace modsweep::bptt
