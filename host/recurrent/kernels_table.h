// Heads, bits, and the table of the recurrent family's kernels for the instruction set of the including file
// (see cpu/simd.h).
#pragma once

#include "cpu/kernels_random.h"
#include "recurrent/kernels_modules.h"
#include "recurrent/kernels_regularized.h"

namespace modsweep::cpu::MODSWEEP_ISA {

/// What a head's errors, [chunk_vectors], give the module below and the head's weights.
template <typename T>
MODSWEEP_HD void head_backward(const recurrent::HeadArguments<T>& g, const Simd<T>* errors) {
  using S = Simd<T>;
  constexpr std::size_t samples = chunk_samples<T>;
  S bias_gradient = S::load(g.bias_gradient);
  for (std::size_t v = 0; v < chunk_vectors; ++v) bias_gradient = bias_gradient + errors[v];
  bias_gradient.store(g.bias_gradient);
  for (std::size_t j = 0; j < g.units; ++j) {
    const S weight(g.weights[g.units + j] - g.weights[j]);
    S gradient = S::load(g.weight_gradient + j * S::lanes);
    for (std::size_t v = 0; v < chunk_vectors; ++v) {
      const std::size_t at = j * samples + v * S::lanes;
      multiply_add(weight, errors[v], S::load(g.lambda + at)).store(g.lambda + at);
      gradient = multiply_add(errors[v], S::load(g.states + at), gradient);
    }
    gradient.store(g.weight_gradient + j * S::lanes);
  }
}

template <typename T>
recurrent::HeadSums recurrent_head(const recurrent::HeadArguments<T>& g) {
  using S = Simd<T>;
  constexpr std::size_t samples = chunk_samples<T>;
  recurrent::HeadSums out;
  S margins[chunk_vectors];
  for (auto& margin : margins) margin = S(g.bias[1] - g.bias[0]);
  for (std::size_t j = 0; j < g.units; ++j) {
    const S weight(g.weights[g.units + j] - g.weights[j]);
    for (std::size_t v = 0; v < chunk_vectors; ++v)
      margins[v] = multiply_add(weight, S::load(g.states + j * samples + v * S::lanes), margins[v]);
  }
  S errors[chunk_vectors];
  for (std::size_t v = 0; v < chunk_vectors; ++v) {
    const S margin = margins[v];
    if (g.margin) margin.store(g.margin + v * S::lanes);
    const S label = S::load(g.labels + v * S::lanes);
    const S mask = S::load(g.mask + v * S::lanes);
    const S said = select(margin > S(T(0)), S(T(1)), S(T(0)));
    out.right += static_cast<std::uint64_t>(sum_lanes(select(said == label, mask, S(T(0)))));
    const S loss = math::cross_entropy(margin, label, errors[v]) * mask;
    out.loss += static_cast<double>(sum_lanes(loss));
    errors[v] = errors[v] * mask * S(g.scale);
  }
  if (g.lambda) head_backward(g, errors);
  return out;
}

/// 1 where the word of a lane is below its probability.
MODSWEEP_HD Simd<float> bits_of_words(Words even, Words odd, const std::uint32_t* probability) {
  using Unsigned = std::uint32_t __attribute__((vector_size(MODSWEEP_SIMD_BYTES)));
  const auto words = reinterpret_cast<Unsigned>((even & 0xffffffffU) | (odd << 32));
  Unsigned bound;
  __builtin_memcpy(&bound, probability, sizeof(bound));
  return select(SimdMask<float>{reinterpret_cast<Simd<float>::Integers>(words < bound)}, Simd<float>(1.0F),
                Simd<float>(0.0F));
}
MODSWEEP_HD Simd<double> bits_of_words(Words words, const std::uint32_t* probability) {
  Words bound;
  for (std::size_t i = 0; i < word_lanes; ++i) bound[i] = probability[i];
  return select(SimdMask<double>{reinterpret_cast<Simd<double>::Integers>((words & 0xffffffffU) < bound)},
                Simd<double>(1.0), Simd<double>(0.0));
}

template <typename T>
void recurrent_bits(const recurrent::BitArguments<T>& g) {
  using S = Simd<T>;
  constexpr std::size_t samples = chunk_samples<T>;
  const RoundKeys keys(
      g.seed, static_cast<std::uint32_t>(math::sequence_stream(g.purpose, math::SequenceDraw::bits)));
  for (std::size_t t = 0; t < g.steps; t += 4) {
    for (std::size_t b = 0; b < samples; b += S::lanes) {
      const auto sample = g.first_sample + static_cast<std::uint32_t>(b);
      const auto time_block = static_cast<std::uint32_t>(t / 4);
      T* out = g.bits + t * samples + b;
      Words even[4] = {};
      if constexpr (sizeof(T) == 4) {
        Words odd[4] = {};
        start_counter(even, g.step, 0, sample, 2, time_block);
        start_counter(odd, g.step, 0, sample + 1, 2, time_block);
        philox(even, keys);
        philox(odd, keys);
        for (std::size_t w = 0; w < 4; ++w)
          bits_of_words(even[w], odd[w], g.probability + b).store(out + w * samples);
      } else {
        start_counter(even, g.step, 0, sample, 1, time_block);
        philox(even, keys);
        for (std::size_t w = 0; w < 4; ++w)
          bits_of_words(even[w], g.probability + b).store(out + w * samples);
      }
    }
  }
}

/// The first words of the blocks of a vector's samples.
template <typename T>
void recurrent_words(std::uint32_t seed, math::Stream stream, std::uint32_t step, std::size_t count,
                     std::uint32_t* out) {
  const RoundKeys keys(seed, static_cast<std::uint32_t>(stream));
  for (std::size_t sample = 0; sample < count; sample += word_lanes) {
    Words words[4] = {};
    start_counter(words, step, 0, static_cast<std::uint32_t>(sample), 1, 0);
    philox(words, keys);
    for (std::size_t i = 0; i < word_lanes; ++i) out[sample + i] = static_cast<std::uint32_t>(words[0][i]);
  }
}

/// Parameters [i, i + lanes), of which `count` exist.
template <typename T>
MODSWEEP_HD void update_some(const recurrent::UpdateArguments<T>& g, const math::SgdStep<Simd<T>>& step,
                             std::size_t i, std::size_t count) {
  using S = Simd<T>;
  S values;
  S velocity;
  S gradient;
  __builtin_memcpy(&values.v, g.values + i, count * sizeof(T));
  __builtin_memcpy(&velocity.v, g.velocity + i, count * sizeof(T));
  __builtin_memcpy(&gradient.v, g.gradient + i, count * sizeof(T));
  values = math::update_sgd(step, values, S(g.factor) * gradient, velocity);
  __builtin_memcpy(g.values + i, &values.v, count * sizeof(T));
  __builtin_memcpy(g.velocity + i, &velocity.v, count * sizeof(T));
}

template <typename T>
void recurrent_update(const recurrent::UpdateArguments<T>& g) {
  using S = Simd<T>;
  const math::SgdStep<S> step{S(g.step.learning_rate), S(g.step.momentum), S(g.step.weight_decay),
                              g.step.nesterov};
  std::size_t i = 0;
  for (; i + S::lanes <= g.count; i += S::lanes) update_some(g, step, i, S::lanes);
  if (i < g.count) update_some(g, step, i, g.count - i);
}

template <typename T>
constexpr recurrent::Kernels<T> make_recurrent_table() {
  return {.chunk = chunk_samples<T>,
          .lanes = Simd<T>::lanes,
          .pack = recurrent_pack<T>,
          .forward = recurrent_forward<T>,
          .backward = recurrent_backward<T>,
          .head = recurrent_head<T>,
          .bits = recurrent_bits<T>,
          .regularized_forward = regularized_forward<T>,
          .regularized_backward = regularized_backward<T>,
          .activity = recurrent_activity<T>,
          .words = recurrent_words<T>,
          .update = recurrent_update<T>,
          .reduce = recurrent_reduce<T>};
}

}  // namespace modsweep::cpu::MODSWEEP_ISA
