// Kernels before a pass: what takes part in it, and its batch (science.md sections 8.2 and 8.7). Each is a
// function of (network, item) for a backend's for_each.
#pragma once

#include "recurrent/view.h"

namespace modsweep::bptt {

/// Which pass begins.
struct PassKind {
  bool learning = true;
  math::SequencePurpose purpose = math::SequencePurpose::training;
  std::uint32_t batch = 0;  ///< of a test: counted from the network's first
};

/// Time steps of a sample's sequence, or of all where the sample is 0.
[[nodiscard]] MODSWEEP_HD std::uint32_t drawn_length(const NetworkSettings& settings,
                                                     math::SequencePurpose purpose, std::uint32_t step,
                                                     std::uint32_t sample, std::uint32_t task) {
  const auto block = math::random_block(
      settings.seed, math::sequence_stream(purpose, math::SequenceDraw::length), step, 0, sample, 0);
  return math::length_of_word(block.word[0], task + 2, math::longest_sequence(settings.length_factor, task));
}

/// Item 0: fills in PassState, steps and lengths. Heads that learn take part in training, all in tests.
template <typename T>
struct BeginPass {
  View<T> v;
  PassKind kind;
  const std::uint64_t* until;        ///< [P] of training: the step at which the network rests
  const std::uint32_t* first_batch;  ///< [P] of a test: the network's
  const std::uint32_t* batches;      ///< [P] of a test: how many the network has; 0: it takes no part
  const std::uint32_t* given;        ///< [P]: the length of sequences that are given; 0: they are drawn
  bool given_heads;                  ///< View::reads is given

  MODSWEEP_HD void operator()(std::uint32_t p, std::uint32_t) const {
    PassState pass;
    const Progress& progress = v.progress[p];
    pass.purpose = kind.purpose;
    pass.learning = kind.learning ? 1 : 0;
    const bool trains = progress.diverged == 0 && progress.step < until[p];
    pass.active = (kind.learning ? trains : kind.batch < batches[p]) ? 1 : 0;
    pass.step = kind.learning ? static_cast<std::uint32_t>(progress.step) : first_batch[p] + kind.batch;
    if (pass.active != 0) {
      find_heads(p, pass);
      find_trained(p, pass);
      find_lengths(p, pass);
      find_steps(p, pass);
    }
    v.pass[p] = pass;
  }

 private:
  MODSWEEP_HD void find_heads(std::uint32_t p, PassState& pass) const {
    for (std::uint32_t h = 0; h < v.progress[p].heads; ++h) {
      std::uint32_t& reads = v.reads[v.head(p, h)];
      if (!given_heads) reads = !kind.learning || v.rate(p, math::RecurrentTensor::head, h) > 0.0 ? 1 : 0;
      const std::uint32_t module = v.module_of_head(p, h);
      if (reads != 0 && module > pass.last) pass.last = module;
    }
  }

  MODSWEEP_HD bool trains(std::uint32_t p, std::uint32_t index, std::uint32_t first,
                          std::uint32_t end) const {
    for (std::uint32_t k = first; k < end; ++k)
      if (v.rate(p, static_cast<math::RecurrentTensor>(k), index) > 0.0) return true;
    return false;
  }

  MODSWEEP_HD void find_trained(std::uint32_t p, PassState& pass) const {
    constexpr auto of_modules = static_cast<std::uint32_t>(math::RecurrentTensor::head);
    const Progress& progress = v.progress[p];
    pass.first_trained = progress.modules;
    pass.first_kept = v.layout.modular() ? progress.modules : 0;
    pass.first_index = progress.heads;
    if (!kind.learning) return;
    for (std::uint32_t i = progress.heads; i-- > 0;) {
      if (i <= pass.last && i < progress.modules && trains(p, i, 0, of_modules)) pass.first_trained = i;
      if (trains(p, i, 0, tensor_kinds)) pass.first_index = i;
    }
    if (pass.first_trained < progress.modules)
      pass.first_kept = pass.first_trained == 0 ? 0 : pass.first_trained - 1;
  }

  MODSWEEP_HD void find_lengths(std::uint32_t p, PassState& pass) const {
    const NetworkSettings& settings = v.settings[p];
    if (given[p] != 0) {
      pass.length = given[p];
      pass.own_lengths = 1;
      return;
    }
    const std::uint32_t task = v.tasks[v.head(p, v.progress[p].heads - 1)];
    const auto drawn = [&](std::uint32_t sample) {
      return drawn_length(settings, pass.purpose, pass.step, sample, task);
    };
    pass.own_lengths = settings.own_lengths ? 1 : 0;
    if (!settings.own_lengths) {
      pass.length = drawn(0);
      return;
    }
    for (std::uint32_t sample = 0; sample < v.chunks * chunk_samples; ++sample) {
      const std::uint32_t length = sample < v.batch ? drawn(sample) : 0;
      v.lengths[std::size_t{p} * v.chunks * chunk_samples + sample] = length;
      if (length > pass.length) pass.length = length;
    }
  }

  MODSWEEP_HD void find_steps(std::uint32_t p, const PassState& pass) const {
    std::uint32_t needed = 0;
    for (std::uint32_t m = pass.last + 1; m-- > 0;) {
      needed = needed > 0 ? needed - 1 : 0;
      v.steps[v.module(p, m)] = needed;
      if (!v.layout.modular()) continue;
      if (m < v.progress[p].heads && v.reads[v.head(p, m)] != 0)
        v.steps[v.module(p, m)] = needed = pass.length;
    }
    // Heads beyond the modules read the last one.
    for (std::uint32_t h = v.progress[p].modules; h < v.progress[p].heads; ++h)
      if (v.reads[v.head(p, h)] != 0) raise(p, v.progress[p].modules - 1, pass.length);
    if (!v.layout.modular()) v.steps[v.module(p, 0)] = pass.length;
  }

  MODSWEEP_HD void raise(std::uint32_t p, std::uint32_t module, std::uint32_t needed) const {
    for (std::uint32_t m = module + 1; m-- > 0 && needed > v.steps[v.module(p, m)]; --needed)
      v.steps[v.module(p, m)] = needed;
  }
};

/// Bits that a thread of DrawBatch draws of a sample, and units.
constexpr std::uint32_t drawn_bits = 16;
constexpr std::uint32_t drawn_units = 4;

/// Items: [draws_of(v)][chunks][64]. A sample's bits in pieces of 16, then its states in pieces of four
/// units.
template <typename T>
struct DrawBatch {
  View<T> v;

  [[nodiscard]] MODSWEEP_HD static std::uint32_t bit_draws(const View<T>& v) {
    return (v.longest + drawn_bits - 1) / drawn_bits;
  }
  [[nodiscard]] MODSWEEP_HD static std::uint32_t unit_draws(const View<T>& v) {
    return (v.layout.units() + drawn_units - 1) / drawn_units;
  }
  [[nodiscard]] MODSWEEP_HD static std::uint32_t items(const View<T>& v, std::uint32_t modules) {
    return (bit_draws(v) + modules * unit_draws(v)) * v.chunks * chunk_samples;
  }

  MODSWEEP_HD void operator()(std::uint32_t p, std::uint32_t item) const {
    const PassState& pass = v.pass[p];
    if (pass.active == 0) return;
    const std::uint32_t samples = v.chunks * chunk_samples;
    const std::uint32_t draw = item / samples;
    const std::uint32_t sample = item - draw * samples;
    if (draw < bit_draws(v)) return draw_bits(p, pass, sample, draw * drawn_bits);
    const std::uint32_t units = draw - bit_draws(v);
    draw_states(p, pass, sample, units / unit_draws(v), units % unit_draws(v));
  }

 private:
  MODSWEEP_HD void draw_bits(std::uint32_t p, const PassState& pass, std::uint32_t sample,
                             std::uint32_t begin) const {
    const NetworkSettings& settings = v.settings[p];
    const auto block_of = [&](math::SequenceDraw draw, std::uint32_t of, std::uint32_t part) {
      return math::random_block(settings.seed, math::sequence_stream(pass.purpose, draw), pass.step, 0, of,
                                part);
    };
    std::uint32_t probability = math::even_probability;
    if (settings.bit_probability != BitProbability::even)
      probability = block_of(math::SequenceDraw::probability,
                             settings.bit_probability == BitProbability::batch ? 0 : sample, 0)
                        .word[0];
    T* out = v.bits + v.chunk(p, sample / chunk_samples) * v.longest * chunk_samples + sample % chunk_samples;
    for (std::uint32_t t = begin; t < begin + drawn_bits && t < pass.length; t += 4) {
      const auto block = block_of(math::SequenceDraw::bits, sample, t / 4);
      for (std::uint32_t i = 0; i < 4; ++i)
        if (t + i < pass.length)
          out[std::size_t{t + i} * chunk_samples] =
              sample < v.batch && math::bit_of_word(block.word[i], probability) ? T(1) : T(0);
    }
  }

  MODSWEEP_HD void draw_states(std::uint32_t p, const PassState& pass, std::uint32_t sample,
                               std::uint32_t module, std::uint32_t quad) const {
    if (module > pass.last) return;
    const NetworkSettings& settings = v.settings[p];
    math::RandomBlock block{};
    const bool drawn = sample < v.batch && !settings.zero_state;
    if (drawn)
      block =
          math::random_block(settings.seed, math::sequence_stream(pass.purpose, math::SequenceDraw::state),
                             pass.step, module, sample, quad);
    T* out = v.first_of(p, sample / chunk_samples, module) + sample % chunk_samples;
    for (std::uint32_t i = 0; i < drawn_units; ++i) {
      const std::uint32_t unit = quad * drawn_units + i;
      if (unit < v.layout.units())
        out[unit * chunk_samples] = drawn ? math::initial_state<T>(block.word[i]) : T(0);
    }
  }
};

/// Items: heads. Adds the right answers of a test to total [P][H].
template <typename T>
struct AddRight {
  View<T> v;
  std::uint64_t* total;

  MODSWEEP_HD void operator()(std::uint32_t p, std::uint32_t h) const {
    if (h >= v.progress[p].heads || v.pass[p].active == 0 || v.reads[v.head(p, h)] == 0) return;
    std::uint64_t sum = 0;
    for (std::uint32_t c = 0; c < v.chunks; ++c) sum += v.right[v.answer(p, c, h)];
    total[v.head(p, h)] += sum;
  }
};

}  // namespace modsweep::bptt
