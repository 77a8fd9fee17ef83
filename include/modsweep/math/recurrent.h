// The formulas of recurrent networks that grow modules (science.md section 8): T is float or double on the
// host and on the device, or a vector of them in the CPU's kernels.
#pragma once

#include <cstdint>

#include "modsweep/math/activations/leaky_relu.h"
#include "modsweep/math/recurrent_kinds.h"
#include "modsweep/math/rng.h"
#include "modsweep/math/scalar.h"

namespace modsweep::math {

/// k = 1 / max(tau, 1): the part of a unit's state that a time step replaces.
template <typename T>
MODSWEEP_HD T leak_of_timescale(T tau) {
  return T(1) / select(tau > T(1), tau, T(1));
}

/// dL/dtau from dL/dk. Below 1 tau acts as 1 and has no gradient.
template <typename T>
MODSWEEP_HD T timescale_gradient(T tau, T leak_gradient) {
  return select(tau < T(1), T(0), T(0) - leak_gradient / (tau * tau));
}

/// A unit's new state. `target`, for the gradient: f(C) at the drive, C at the state; the state moves towards
/// it.
template <ActivationSite site, typename T>
MODSWEEP_HD T next_state(T state, T drive, T leak, T slope, T& target) {
  target = site == ActivationSite::drive ? LeakyRelu::value(drive, slope) : drive;
  const T moved = multiply_add(leak, target - state, state);
  return site == ActivationSite::drive ? moved : LeakyRelu::value(moved, slope);
}

/// What one time step passes back of dL/dr(t) in one unit.
template <typename T>
struct UnitBackward {
  T drive_gradient{};  ///< dL/dC(t)
  T leak_gradient{};   ///< this step's part of dL/dk
  T retained{};        ///< the part of dL/dr(t-1) that does not go through C(t)
};

/// `gradient` is dL/dr(t); `before` r(t-1), `after` r(t), `target` as next_state() set it. A leaky ReLU with
/// a slope of 0 or more keeps the sign of its argument, so the derivative follows from its value.
template <ActivationSite site, typename T>
MODSWEEP_HD UnitBackward<T> unit_backward(T gradient, T before, T after, T target, T leak, T slope) {
  UnitBackward<T> out;
  if constexpr (site == ActivationSite::drive) {
    out.drive_gradient = gradient * leak * LeakyRelu::derivative(target, target, slope);
    out.leak_gradient = gradient * (target - before);
    out.retained = gradient - leak * gradient;
  } else {
    const T inner = gradient * LeakyRelu::derivative(after, after, slope);
    out.drive_gradient = inner * leak;
    out.leak_gradient = inner * (target - before);
    out.retained = inner - leak * inner;
  }
  return out;
}

/// Cross-entropy of two classes from margin = y_1 - y_0, and its derivative by y_1 (by y_0 it is the
/// negative); label is 0 or 1.
template <typename T>
MODSWEEP_HD T cross_entropy(T margin, T label, T& error) {
  const T wrong = (T(1) - label - label) * margin;  // logit of the wrong class minus that of the right one
  const T small = exponential(T(0) - absolute(wrong));
  const T right = select(wrong > T(0), T(1), small) / (T(1) + small);  // probability of the wrong class
  error = (T(1) - label - label) * right;
  return select(wrong > T(0), wrong, T(0)) + logarithm(T(1) + small);
}

/// The factor that brings a gradient of this norm to at most `bound`, as PyTorch's clip_grad_norm_.
template <typename T>
MODSWEEP_HD T clip_factor(T norm, T bound) {
  const T factor = bound / (norm + T(1e-6));
  return select(factor < T(1), factor, T(1));
}

/// Which sequences a draw belongs to; each purpose has streams of its own.
enum class SequencePurpose : std::uint8_t {
  training,
  test,
  continuous,
  timescale,
  generalization,
  generalization_test
};
/// What is drawn of a sequence.
enum class SequenceDraw : std::uint8_t { length, probability, bits, state };

/// The stream of a draw. Counters: length (step, 0, sample, 0); probability (step, 0, sample, 0); bit t
/// (step, 0, sample, t / 4); state (step, module, sample, unit / 4).
MODSWEEP_HD Stream sequence_stream(SequencePurpose purpose, SequenceDraw draw) {
  return static_cast<Stream>(16U + 4U * static_cast<std::uint32_t>(purpose) +
                             static_cast<std::uint32_t>(draw));
}

/// The stream of the noise on states in training. Counter: (step, sequence_noise_layer, sample, unit / 4).
MODSWEEP_HD Stream sequence_noise_stream(SequencePurpose purpose) {
  return static_cast<Stream>(40U + static_cast<std::uint32_t>(purpose));
}
/// Module and time in one number: noise repeats itself after 65536 time steps.
MODSWEEP_HD std::uint32_t sequence_noise_layer(std::uint32_t module, std::uint32_t time) {
  return module + (time << 16U);
}

/// Whether a bit is 1, where the sequence's probability is that of a word below `probability`.
MODSWEEP_HD bool bit_of_word(std::uint32_t word, std::uint32_t probability) {
  return word < probability;
}

/// The word of probability 1/2.
constexpr std::uint32_t even_probability = 0x80000000U;

/// A number in {first, ..., last}.
MODSWEEP_HD std::uint32_t length_of_word(std::uint32_t word, std::uint32_t first, std::uint32_t last) {
  return first + static_cast<std::uint32_t>((std::uint64_t{word} * (last - first + 1)) >> 32U);
}

/// States before the first bit are uniform between 0 and this.
constexpr double initial_state_bound = 0.1;

/// Uniform in (0, 1): of an initial value's tensor, its module or head, row and column.
MODSWEEP_HD double recurrent_initial(std::uint32_t seed, RecurrentTensor tensor, std::uint32_t index,
                                     std::uint32_t row, std::uint32_t column) {
  const RandomBlock block = random_block(seed, Stream::recurrent_initial, static_cast<std::uint32_t>(tensor),
                                         index, row, column / 4);
  return uniform(block.word[column % 4]);
}

/// An initial value: tau uniform in [1, 2), all others in +-1/sqrt(fan_in). `units` of a module.
MODSWEEP_HD double fresh_value(std::uint32_t seed, std::uint32_t units, RecurrentTensor tensor,
                               std::uint32_t index, std::uint32_t row, std::uint32_t column) {
  const double u = recurrent_initial(seed, tensor, index, row, column);
  if (tensor == RecurrentTensor::timescale) return 1.0 + u;
  const bool of_input = tensor == RecurrentTensor::input || tensor == RecurrentTensor::input_bias;
  return initial_bound(of_input ? 1 : units) * (2.0 * u - 1.0);
}

/// The longest sequence of a task: `factor` times N, or floor(factor N + 1) of a factor that is no integer,
/// at least N + 2. The shortest has N + 2 steps.
MODSWEEP_HD std::uint32_t longest_sequence(double factor, std::uint32_t task) {
  const bool whole = factor == static_cast<double>(static_cast<std::uint64_t>(factor));
  const auto longest = static_cast<std::uint32_t>(factor * task + (whole ? 0.0 : 1.0));
  return longest > task + 2 ? longest : task + 2;
}

/// A unit's state before the first bit, from the word of its draw.
template <typename T>
MODSWEEP_HD T initial_state(std::uint32_t word) {
  return uniform_of_turn(turn_of_word<T>(word)) * T(initial_state_bound);
}

}  // namespace modsweep::math
