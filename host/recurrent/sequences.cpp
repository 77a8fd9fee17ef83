#include "recurrent/sequences.h"

#include <algorithm>

#include <fmt/format.h>

#include "modsweep/error.h"

namespace modsweep::recurrent {

using math::SequenceDraw;

std::uint32_t longest_sequence(const ParitySettings& settings, std::uint32_t task) {
  return math::longest_sequence(settings.length_factor, task);
}

template <typename T>
DrawnSequences<T>::DrawnSequences(const Kernels<T>& kernels, const cpu::Kernels<T>& random,
                                  const ParitySettings& settings, std::uint32_t seed,
                                  math::SequencePurpose purpose, std::uint32_t step, std::uint32_t task,
                                  std::uint32_t units, std::uint32_t samples)
    : kernels_(kernels),
      random_(random),
      settings_(settings),
      seed_(seed),
      purpose_(purpose),
      step_(step),
      units_(units),
      samples_(samples) {
  const std::uint32_t last = longest_sequence(settings, task);
  if (settings.length == ParitySettings::Length::sequence) {
    for (std::uint32_t sample = 0; sample < samples; ++sample)
      lengths_.push_back(math::length_of_word(word(SequenceDraw::length, sample), task + 2, last));
    steps_ = *std::ranges::max_element(lengths_);
  } else {
    steps_ = math::length_of_word(word(SequenceDraw::length, 0), task + 2, last);
  }
  const std::size_t padded = (samples + kernels.chunk - 1) / kernels.chunk * kernels.chunk;
  probabilities_.assign(padded, math::even_probability);
  if (settings.bit_probability == ParitySettings::BitProbability::sequence)
    kernels.words(seed, math::sequence_stream(purpose, SequenceDraw::probability), step, padded,
                  probabilities_.data());
  if (settings.bit_probability == ParitySettings::BitProbability::batch)
    probabilities_.assign(padded, word(SequenceDraw::probability, 0));
}

template <typename T>
std::uint32_t DrawnSequences<T>::word(SequenceDraw draw, std::uint32_t sample) const {
  return math::random_block(seed_, math::sequence_stream(purpose_, draw), step_, 0, sample, 0).word[0];
}

/// Sets bits after a sample's end to 0.
template <typename T>
void clear_after_end(const Sequences<T>& sequences, std::size_t first, std::size_t chunk_size, T* bits) {
  const auto& lengths = sequences.lengths();
  for (std::size_t b = 0; b < chunk_size && first + b < lengths.size(); ++b)
    for (std::size_t t = lengths[first + b]; t < sequences.steps(); ++t) bits[t * chunk_size + b] = T(0);
}

template <typename T>
void DrawnSequences<T>::bits(std::size_t chunk, T* out) const {
  const std::size_t first = chunk * kernels_.chunk;
  kernels_.bits({.seed = seed_,
                 .purpose = purpose_,
                 .step = step_,
                 .first_sample = static_cast<std::uint32_t>(first),
                 .probability = probabilities_.data() + first,
                 .steps = steps_,
                 .bits = out});
  clear_after_end(*this, first, kernels_.chunk, out);
}

template <typename T>
void DrawnSequences<T>::states(std::size_t chunk, std::uint32_t module, T* out) const {
  if (settings_.zero_state) {
    std::fill_n(out, units_ * kernels_.chunk, T(0));
    return;
  }
  random_.uniforms({.values = out,
                    .seed = seed_,
                    .stream = math::sequence_stream(purpose_, SequenceDraw::state),
                    .step = step_,
                    .layer = module,
                    .first_sample = static_cast<std::uint32_t>(chunk * kernels_.chunk),
                    .units = units_,
                    .stride = kernels_.chunk,
                    .scale = T(math::initial_state_bound)});
}

template <typename T>
void DrawnSequences<T>::noise(std::size_t chunk, std::uint32_t module, std::size_t time, T* out) const {
  random_.normals({.values = out,
                   .seed = seed_,
                   .stream = math::sequence_noise_stream(purpose_),
                   .step = step_,
                   .layer = math::sequence_noise_layer(module, static_cast<std::uint32_t>(time)),
                   .first_sample = static_cast<std::uint32_t>(chunk * kernels_.chunk),
                   .units = units_,
                   .stride = kernels_.chunk});
}

template <typename T>
void GivenSequences<T>::bits(std::size_t chunk, T* out) const {
  const std::size_t first = chunk * chunk_size;
  for (std::size_t t = 0; t < longest; ++t)
    for (std::size_t b = 0; b < chunk_size; ++b)
      out[t * chunk_size + b] = first + b < count ? static_cast<T>(bit[t * count + first + b]) : T(0);
  clear_after_end(*this, first, chunk_size, out);
}

template <typename T>
void GivenSequences<T>::states(std::size_t chunk, std::uint32_t module, T* out) const {
  const std::size_t first = chunk * chunk_size;
  std::fill_n(out, units * chunk_size, T(0));
  if (state.empty()) return;
  for (std::size_t b = 0; b < chunk_size && first + b < count; ++b)
    for (std::size_t i = 0; i < units; ++i)
      out[i * chunk_size + b] = static_cast<T>(state[(std::size_t{module} * count + first + b) * units + i]);
}

template <typename T>
void GivenSequences<T>::noise(std::size_t chunk, std::uint32_t module, std::size_t time, T* out) const {
  const std::size_t first = chunk * chunk_size;
  std::fill_n(out, units * chunk_size, T(0));
  if (eps.empty()) return;
  const std::size_t at = (std::size_t{module} * (longest + 1) + time) * count + first;
  for (std::size_t b = 0; b < chunk_size && first + b < count; ++b)
    for (std::size_t i = 0; i < units; ++i)
      out[i * chunk_size + b] = static_cast<T>(eps[(at + b) * units + i]);
}

template <typename T>
void parity_labels(const Sequences<T>& sequences, std::size_t chunk, std::size_t samples, std::uint32_t task,
                   const T* bits, T* labels) {
  const auto& lengths = sequences.lengths();
  std::fill_n(labels, samples, T(0));
  if (lengths.empty()) {
    for (std::size_t t = sequences.steps() - task; t < sequences.steps(); ++t)
      for (std::size_t b = 0; b < samples; ++b) {
        const T bit = bits[t * samples + b];
        labels[b] = labels[b] + bit - T(2) * labels[b] * bit;
      }
    return;
  }
  for (std::size_t b = 0; b < samples && chunk * samples + b < lengths.size(); ++b) {
    const std::size_t end = lengths[chunk * samples + b];
    for (std::size_t t = end - task; t < end; ++t)
      if (bits[t * samples + b] > T(0)) labels[b] = T(1) - labels[b];
  }
}

template void parity_labels(const Sequences<float>&, std::size_t, std::size_t, std::uint32_t, const float*,
                            float*);
template void parity_labels(const Sequences<double>&, std::size_t, std::size_t, std::uint32_t, const double*,
                            double*);
template class DrawnSequences<float>;
template class DrawnSequences<double>;
template struct GivenSequences<float>;
template struct GivenSequences<double>;

}  // namespace modsweep::recurrent
