// Kernels between the products of gemm_pass.h. Each is a function of (network, item) for a backend's
// for_each.
//
// Samples are the fastest index of every array, S of them, the batch rounded up to whole chunks. States have
// a plane [M][S] for each module, after one of zeros: those of a module and of the one below lie side by
// side. Trained modules, K of them at most, have slots 1 to K of K + 1: slot 0 is the module below the first.
#pragma once

#include "recurrent/fused_plan.h"

namespace modsweep::bptt {

template <typename T>
struct GemmView : View<T> {
  std::uint32_t modules = 0;  ///< D: planes are [D + 1][M][S]
  std::uint32_t slots = 0;    ///< K + 1
  std::uint32_t samples = 0;  ///< S
  std::uint32_t steps = 0;    ///< of this pass
  T* states[2] = {};          ///< [P][D + 1][M][S], and a plane: of even and of odd times
  T* drives = nullptr;        ///< [P][D + 1][M][S]: W_FF r + W_R r
  T* weights = nullptr;       ///< [P][D + 1][M][2 M]: of module m W_FF and W_R side by side; 0 at the end
  T* trained = nullptr;       ///< [P][slots][M][2 M]: the same, of trained modules
  T* history = nullptr;       ///< [P][slots][M][L + 1][S]: states
  T* deltas = nullptr;        ///< [P][slots][M][L][S]: targets, then dL/dC
  T* back = nullptr;          ///< [P][slots][2 M][S]: what goes through C(t), to the module below and its own
  T* lambda = nullptr;        ///< [P][slots][M][S]: of dL/dr(t - 1) what does not
  T* leak = nullptr;          ///< [P][slots][M][S]: dL/dk of each sample
  T* errors = nullptr;        ///< [P][H][S]: dL/dy_1
  T* loss = nullptr;          ///< [P][H][S]
  T* inputs = nullptr;        ///< [P][2][L][S]: bits, and ones
  T* of_recurrent = nullptr;  ///< [P][slots][M][M]: gradients, as are
  T* of_feedforward = nullptr;
  T* of_vectors = nullptr;  ///< [P][slots][M][2]: of W_I and of biases

  [[nodiscard]] MODSWEEP_HD std::size_t wide() const { return std::size_t{this->layout.units()} * samples; }
  [[nodiscard]] MODSWEEP_HD std::size_t state(std::uint32_t p, std::uint32_t m) const {
    return (std::size_t{p} * (modules + 1) + m + 1) * wide();
  }
  [[nodiscard]] MODSWEEP_HD std::size_t slot(std::uint32_t p, std::uint32_t k) const {
    return std::size_t{p} * slots + k;
  }
  /// The slot of a module that is not below the one below the first trained.
  [[nodiscard]] MODSWEEP_HD std::uint32_t slot_of(const PassState& pass, std::uint32_t m) const {
    return m + 1 - pass.first_trained;
  }
  [[nodiscard]] MODSWEEP_HD T bit(std::uint32_t p, std::uint32_t t, std::uint32_t s) const {
    return this->bits_of(p, s / chunk_samples)[std::size_t{t} * chunk_samples + s % chunk_samples];
  }
  [[nodiscard]] MODSWEEP_HD std::uint32_t length(std::uint32_t p, std::uint32_t s) const {
    const PassState& pass = this->pass[p];
    if (pass.own_lengths != 0) return this->lengths[std::size_t{p} * samples + s];
    return s < this->batch ? pass.length : 0;
  }
};

/// Items: that many of `count` values for each network.
template <typename T>
struct SetZero {
  T* values;
  std::size_t items;
  std::size_t count;

  MODSWEEP_HD void operator()(std::uint32_t p, std::uint32_t item) const {
    if (p * items + item < count) values[p * items + item] = T(0);
  }
};

/// Items: [D][M][2 M]. Weights for the products, both ways.
template <typename T>
struct PackWeights {
  GemmView<T> v;

  MODSWEEP_HD void operator()(std::uint32_t p, std::uint32_t item) const {
    const std::uint32_t units = v.layout.units();
    const std::uint32_t m = item / (2 * units * units);
    const std::uint32_t within = item - m * 2 * units * units;
    const std::uint32_t column = within % (2 * units);
    const std::uint32_t row = within / (2 * units);
    const PassState& pass = v.pass[p];
    const bool below = column < units;
    T value = T(0);
    if (pass.active != 0 && m <= pass.last && !(below && m == 0)) {
      const auto kind = below ? math::RecurrentTensor::feedforward : math::RecurrentTensor::recurrent;
      value = v.tensor(p, kind, m)[row * units + column % units];
    }
    v.weights[(std::size_t{p} * (v.modules + 1) + m) * 2 * units * units + within] = value;
    if (pass.learning != 0 && m >= pass.first_trained && m <= pass.last)
      v.trained[v.slot(p, v.slot_of(pass, m)) * 2 * units * units + within] = value;
  }
};

/// Items: [D][M][S]. States before the first bit.
template <typename T>
struct BeginStates {
  GemmView<T> v;

  MODSWEEP_HD void operator()(std::uint32_t p, std::uint32_t item) const {
    const PassState& pass = v.pass[p];
    const auto m = static_cast<std::uint32_t>(item / v.wide());
    if (pass.active == 0 || m > pass.last) return;
    const auto within = static_cast<std::uint32_t>(item - m * v.wide());
    const std::uint32_t s = within % v.samples;
    const std::uint32_t unit = within / v.samples;
    const T first = v.first_of(p, s / chunk_samples, m)[unit * chunk_samples + s % chunk_samples];
    v.states[0][v.state(p, m) + within] = first;
    if (pass.learning == 0 || m + 1 < pass.first_trained) return;
    v.history[((v.slot(p, v.slot_of(pass, m)) * v.layout.units() + unit) * (v.longest + 1)) * v.samples + s] =
        first;
  }
};

/// Items: [D][M][S]. Time t's states.
template <typename T>
struct ForwardUnits {
  GemmView<T> v;
  std::uint32_t t;

  MODSWEEP_HD void operator()(std::uint32_t p, std::uint32_t item) const {
    const PassState& pass = v.pass[p];
    const auto m = static_cast<std::uint32_t>(item / v.wide());
    if (pass.active == 0 || m > pass.last) return;
    const auto within = static_cast<std::uint32_t>(item - m * v.wide());
    const std::uint32_t s = within % v.samples;
    const std::uint32_t unit = within / v.samples;
    const std::size_t at = v.state(p, m) + within;
    const T old = v.states[(t - 1) % 2][at];
    T target = T(0);
    T state = old;
    if (t <= v.length(p, s) && t <= v.steps_of(p, m)) state = next(p, m, unit, s, at, old, target);
    v.states[t % 2][at] = state;
    if (pass.learning == 0 || m + 1 < pass.first_trained) return;
    const std::size_t row = v.slot(p, v.slot_of(pass, m)) * v.layout.units() + unit;
    v.history[(row * (v.longest + 1) + t) * v.samples + s] = state;
    if (m >= pass.first_trained) v.deltas[(row * v.longest + t - 1) * v.samples + s] = target;
  }

 private:
  [[nodiscard]] MODSWEEP_HD T next(std::uint32_t p, std::uint32_t m, std::uint32_t unit, std::uint32_t s,
                                   std::size_t at, T old, T& target) const {
    const NetworkSettings& settings = v.settings[p];
    const T drive = math::multiply_add(v.tensor(p, math::RecurrentTensor::input, m)[unit], v.bit(p, t - 1, s),
                                       bias_of<T>(v, p, m, unit)) +
                    v.drives[at - v.wide()];
    const T leak = math::leak_of_timescale(v.tensor(p, math::RecurrentTensor::timescale, m)[unit]);
    const T slope = static_cast<T>(settings.slope);
    return settings.site == math::ActivationSite::drive
               ? math::next_state<math::ActivationSite::drive>(old, drive, leak, slope, target)
               : math::next_state<math::ActivationSite::state>(old, drive, leak, slope, target);
  }
};

/// Items: [H][S]. Heads at the end of the sequences.
template <typename T>
struct ReadHeads {
  GemmView<T> v;

  MODSWEEP_HD void operator()(std::uint32_t p, std::uint32_t item) const {
    const std::uint32_t h = item / v.samples;
    const std::uint32_t s = item % v.samples;
    const PassState& pass = v.pass[p];
    if (pass.active == 0 || h >= v.progress[p].heads || v.reads[v.head(p, h)] == 0) return;
    const T* w = v.tensor(p, math::RecurrentTensor::head, h);
    const T* b = v.tensor(p, math::RecurrentTensor::head_bias, h);
    const T* state = v.states[v.steps % 2] + v.state(p, v.module_of_head(p, h)) + s;
    const std::uint32_t units = v.layout.units();
    T margin = b[1] - b[0];
    for (std::uint32_t j = 0; j < units; ++j)
      margin = math::multiply_add(w[units + j] - w[j], state[std::size_t{j} * v.samples], margin);
    T error = T(0);
    const T loss = math::cross_entropy(margin, label(p, h, s), error);
    const bool sample = s < v.batch;
    v.margins[v.answer(p, s / chunk_samples, h) * chunk_samples + s % chunk_samples] = margin;
    v.loss[v.head(p, h) * v.samples + s] = sample ? loss : T(0);
    v.errors[v.head(p, h) * v.samples + s] = sample ? error * (T(1) / static_cast<T>(v.batch)) : T(0);
  }

  [[nodiscard]] MODSWEEP_HD T label(std::uint32_t p, std::uint32_t h, std::uint32_t s) const {
    const std::uint32_t end = v.length(p, s);
    const std::uint32_t task = v.tasks[v.head(p, h)];
    std::uint32_t ones = 0;
    for (std::uint32_t t = end > task ? end - task : 0; t < end; ++t) ones += v.bit(p, t, s) > T(0) ? 1 : 0;
    return static_cast<T>(ones % 2);
  }
};

/// Items: [H][chunks]. Sums of losses and right answers.
template <typename T>
struct SumHeads {
  GemmView<T> v;

  MODSWEEP_HD void operator()(std::uint32_t p, std::uint32_t item) const {
    const std::uint32_t h = item / v.chunks;
    const std::uint32_t c = item % v.chunks;
    if (v.pass[p].active == 0 || h >= v.progress[p].heads || v.reads[v.head(p, h)] == 0) return;
    T loss = T(0);
    std::uint32_t right = 0;
    for (std::uint32_t s = c * chunk_samples; s < (c + 1) * chunk_samples && s < v.batch; ++s) {
      loss += v.loss[v.head(p, h) * v.samples + s];
      const T margin = v.margins[v.answer(p, c, h) * chunk_samples + s % chunk_samples];
      right += (margin > T(0)) == (ReadHeads<T>{v}.label(p, h, s) > T(0)) ? 1 : 0;
    }
    v.losses[v.answer(p, c, h)] = static_cast<double>(loss);
    v.right[v.answer(p, c, h)] = right;
  }
};

/// Items: [H][M + 1]. Gradients of W_O and b_O; the two outputs' errors are each other's negatives.
template <typename T>
struct HeadGradients {
  GemmView<T> v;

  MODSWEEP_HD void operator()(std::uint32_t p, std::uint32_t item) const {
    const std::uint32_t units = v.layout.units();
    const std::uint32_t h = item / (units + 1);
    const std::uint32_t j = item % (units + 1);
    if (v.pass[p].active == 0 || h >= v.progress[p].heads || v.reads[v.head(p, h)] == 0) return;
    const T* errors = v.errors + v.head(p, h) * v.samples;
    const T* state = v.states[v.steps % 2] + v.state(p, v.module_of_head(p, h)) + std::size_t{j} * v.samples;
    T sum = T(0);
    for (std::uint32_t s = 0; s < v.samples; ++s)
      sum = j < units ? math::multiply_add(errors[s], state[s], sum) : sum + errors[s];
    T* share = v.shares + p * v.layout.size();
    T* weights = share + v.layout.offset(math::RecurrentTensor::head, h);
    T* biases = share + v.layout.offset(math::RecurrentTensor::head_bias, h);
    (j < units ? weights[j] : biases[0]) = -sum;
    (j < units ? weights[units + j] : biases[1]) = sum;
  }
};

}  // namespace modsweep::bptt
