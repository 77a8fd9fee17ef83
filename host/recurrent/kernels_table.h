// Heads, bits, and the table of the recurrent family's kernels for the instruction set of the including file
// (see cpu/simd.h).
#pragma once

#include "cpu/kernels_random.h"
#include "recurrent/kernels_modules.h"
#include "recurrent/kernels_regularized.h"

namespace modsweep::cpu::MODSWEEP_ISA {

template <typename T>
recurrent::HeadSums recurrent_head(const recurrent::HeadArguments<T>& g) {
  using S = Simd<T>;
  constexpr std::size_t samples = chunk_samples<T>;
  recurrent::HeadSums out;
  S bias_gradient = g.lambda ? S::load(g.bias_gradient) : S();
  for (std::size_t b = 0; b < samples; b += S::lanes) {
    S margin(g.bias[1] - g.bias[0]);
    for (std::size_t j = 0; j < g.units; ++j)
      margin =
          multiply_add(S(g.weights[g.units + j] - g.weights[j]), S::load(g.states + j * samples + b), margin);
    if (g.margin) margin.store(g.margin + b);
    const S label = S::load(g.labels + b);
    const S mask = S::load(g.mask + b);
    S error;
    const S loss = math::cross_entropy(margin, label, error) * mask;
    const S said = select(margin > S(T(0)), S(T(1)), S(T(0)));
    const S right = select(said == label, mask, S(T(0)));
    out.loss += static_cast<double>(sum_lanes(loss));
    out.right += static_cast<std::uint64_t>(sum_lanes(right));
    if (!g.lambda) continue;
    error = error * mask * S(g.scale);
    bias_gradient = bias_gradient + error;
    for (std::size_t j = 0; j < g.units; ++j) {
      T* lambda = g.lambda + j * samples + b;
      multiply_add(S(g.weights[g.units + j] - g.weights[j]), error, S::load(lambda)).store(lambda);
      T* gradient = g.weight_gradient + j * S::lanes;
      multiply_add(error, S::load(g.states + j * samples + b), S::load(gradient)).store(gradient);
    }
  }
  if (g.lambda) bias_gradient.store(g.bias_gradient);
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
          .reduce = recurrent_reduce<T>};
}

}  // namespace modsweep::cpu::MODSWEEP_ISA
