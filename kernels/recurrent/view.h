// What the kernels of recurrent networks see of a device's memory. P networks, H heads at most, D modules at
// most, L time steps at most, M units of a module, B samples; samples lie in chunks of 64.
#pragma once

#include "recurrent/layout.h"

#include <cstddef>
#include <cstdint>

namespace modsweep::bptt {

constexpr std::uint32_t lanes = 32;  ///< of a warp
/// Of the fused pass, a lane owns so many samples of a chunk, 32 apart: each weight that it reads serves all.
constexpr std::uint32_t lane_samples = 2;
constexpr std::uint32_t chunk_samples = lanes * lane_samples;

/// One pass of one network over a batch.
struct PassState {
  std::uint32_t active = 0;         ///< 0: the network takes no part
  std::uint32_t length = 0;         ///< of the longest sequence
  std::uint32_t own_lengths = 0;    ///< whether samples end earlier (View::lengths)
  std::uint32_t last = 0;           ///< the last module that a head of the pass reads
  std::uint32_t first_trained = 0;  ///< the first module that the gradient goes through; above `last`: none
  std::uint32_t first_kept = 0;     ///< the first module whose states the gradient needs
  std::uint32_t first_index = 0;    ///< modules and heads before it learn nothing
  std::uint32_t learning = 0;
  std::uint32_t step = 0;  ///< that the batch is drawn for
  math::SequencePurpose purpose = math::SequencePurpose::training;
};

template <typename T>
struct View {
  Layout layout;
  std::uint32_t networks = 0;
  std::uint32_t batch = 0;
  std::uint32_t chunks = 0;             ///< of the batch
  std::uint32_t longest = 0;            ///< L
  std::uint32_t parts = 0;              ///< that sums of gradients come in
  T* values = nullptr;                  ///< [P][layout.size()]
  T* velocity = nullptr;                ///< the same
  T* gradient = nullptr;                ///< the same
  T* shares = nullptr;                  ///< [P][parts][layout.size()]: of the gradient; of tau dL/dk
  double* rates = nullptr;              ///< [P][H][tensor_kinds]: factors of the learning rate; 0: frozen
  std::uint32_t* tasks = nullptr;       ///< [P][H]: N of each head
  NetworkSettings* settings = nullptr;  ///< [P]
  Progress* progress = nullptr;         ///< [P]
  PassState* pass = nullptr;            ///< [P]
  Outcome* outcome = nullptr;           ///< [P]
  std::uint32_t* steps = nullptr;       ///< [P][D]: time steps of a module; later ones reach no head in time
  std::uint32_t* reads = nullptr;       ///< [P][H]: whether a head takes part
  std::uint32_t* lengths = nullptr;     ///< [P][chunks][64]: of samples; 0 beyond the batch
  T* bits = nullptr;                    ///< [P][chunks][L][64]: 0 or 1
  T* first = nullptr;                   ///< [P][chunks][D][M][64]: states before the first bit
  T* margins = nullptr;                 ///< [P][chunks][H][64]: y_1 - y_0
  double* losses = nullptr;             ///< [P][chunks][H]: sums of cross-entropies
  std::uint32_t* right = nullptr;       ///< [P][chunks][H]: right answers

  [[nodiscard]] MODSWEEP_HD std::size_t plane() const { return std::size_t{layout.units()} * chunk_samples; }
  [[nodiscard]] MODSWEEP_HD std::size_t chunk(std::uint32_t p, std::uint32_t c) const {
    return std::size_t{p} * chunks + c;
  }
  [[nodiscard]] MODSWEEP_HD T* values_of(std::uint32_t p) const { return values + p * layout.size(); }
  [[nodiscard]] MODSWEEP_HD const T* tensor(std::uint32_t p, math::RecurrentTensor kind,
                                            std::uint32_t index) const {
    return values_of(p) + layout.offset(kind, index);
  }
  [[nodiscard]] MODSWEEP_HD std::size_t head(std::uint32_t p, std::uint32_t h) const {
    return std::size_t{p} * layout.max_heads() + h;
  }
  [[nodiscard]] MODSWEEP_HD std::size_t module(std::uint32_t p, std::uint32_t m) const {
    return std::size_t{p} * layout.max_modules() + m;
  }
  [[nodiscard]] MODSWEEP_HD double& rate(std::uint32_t p, math::RecurrentTensor kind,
                                         std::uint32_t index) const {
    return rates[head(p, index) * tensor_kinds + static_cast<std::uint32_t>(kind)];
  }
  [[nodiscard]] MODSWEEP_HD std::uint32_t module_of_head(std::uint32_t p, std::uint32_t h) const {
    return h < progress[p].modules ? h : progress[p].modules - 1;
  }
  [[nodiscard]] MODSWEEP_HD const T* bits_of(std::uint32_t p, std::uint32_t c) const {
    return bits + chunk(p, c) * longest * chunk_samples;
  }
  [[nodiscard]] MODSWEEP_HD T* first_of(std::uint32_t p, std::uint32_t c, std::uint32_t m) const {
    return first + (chunk(p, c) * layout.max_modules() + m) * plane();
  }
  [[nodiscard]] MODSWEEP_HD std::uint32_t steps_of(std::uint32_t p, std::uint32_t m) const {
    return steps[module(p, m)];
  }
  /// Of heads in a chunk: margins, losses, right answers.
  [[nodiscard]] MODSWEEP_HD std::size_t answer(std::uint32_t p, std::uint32_t c, std::uint32_t h) const {
    return chunk(p, c) * layout.max_heads() + h;
  }
};

/// A module's bias of a unit: the sum of its biases.
template <typename T>
MODSWEEP_HD T bias_of(const View<T>& v, std::uint32_t p, std::uint32_t module, std::uint32_t unit) {
  using math::RecurrentTensor;
  T sum = T(0);
  for (const auto kind :
       {RecurrentTensor::recurrent_bias, RecurrentTensor::feedforward_bias, RecurrentTensor::input_bias})
    if (v.layout.has(kind, module)) sum += v.tensor(p, kind, module)[unit];
  return sum;
}

}  // namespace modsweep::bptt
