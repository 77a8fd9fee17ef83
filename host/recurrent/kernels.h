// The interface of the recurrent family's CPU kernels: one table of functions per instruction set and scalar
// type.
//
// All work on one network and one chunk: as many samples as fill a few vector registers, S of them. Samples
// are the fastest index of every array, [..][unit][S], so that a vector holds the same unit of neighboring
// samples and any number of units needs no padding. A module runs over its whole sequence before the next
// one, whose input it is, so that its state and weights stay in the first-level cache. Samples beyond the
// batch's end are padding, whose mask is 0.
#pragma once

#include "cpu/kernels.h"
#include "recurrent/regularized_arguments.h"

#include <cstddef>
#include <cstdint>

#include "modsweep/math/optimizer.h"
#include "modsweep/math/recurrent.h"

namespace modsweep::recurrent {

/// One module's way through a sequence.
template <typename T>
struct ForwardArguments {
  std::size_t units = 0;
  std::size_t steps = 0;           ///< time steps
  const T* recurrent = nullptr;    ///< W_R, packed by rows (Kernels::pack)
  const T* feedforward = nullptr;  ///< W_FF, packed by rows; null: no module below
  const T* input = nullptr;        ///< W_I [units]
  const T* bias = nullptr;         ///< [units], the sum of the module's biases
  const T* leak = nullptr;         ///< k [units]
  T slope{};                       ///< of the leaky ReLU
  const T* bits = nullptr;         ///< [steps][S]
  const T* active = nullptr;       ///< [steps][S]: 0 where a sample has ended; null: none ends early
  const T* below = nullptr;        ///< states of the module below, [steps or more][units][S]
  T* states = nullptr;             ///< [steps + 1][units][S]; the first is given
  T* targets = nullptr;  ///< [steps][units][S], for the gradient (math::next_state); null: not needed
};

/// The same module backwards in time. Gradients are added up in vectors of lanes: each entry has `lanes`
/// numbers, whose sum Kernels::reduce takes.
template <typename T>
struct BackwardArguments {
  std::size_t units = 0;
  std::size_t steps = 0;
  const T* recurrent = nullptr;    ///< W_R, packed by columns
  const T* feedforward = nullptr;  ///< W_FF, packed by columns; null: nothing goes back into the module below
  const T* leak = nullptr;
  T slope{};
  const T* bits = nullptr;
  const T* active = nullptr;
  const T* below = nullptr;  ///< null: no module below
  const T* states = nullptr;
  const T* targets = nullptr;
  const T* arriving =
      nullptr;  ///< [steps][units][S]: what the module above adds to dL/dr(t), t < steps; null: nothing
  T* passed_down = nullptr;           ///< [steps][units][S]: the same for the module below; null: not wanted
  T* lambda = nullptr;                ///< [units][S]: dL/dr(steps); overwritten
  T* deltas = nullptr;                ///< memory of [time_block + 1][units][S]
  std::size_t time_block = 1;         ///< time steps whose outer products are summed at a time
  T* recurrent_gradient = nullptr;    ///< [units][units][lanes]; its diagonal has no meaning
  T* feedforward_gradient = nullptr;  ///< [units][units][lanes]; only with a module below
  T* input_gradient = nullptr;        ///< [units][lanes]
  T* bias_gradient = nullptr;         ///< [units][lanes]
  T* leak_gradient = nullptr;         ///< [units][lanes]
};

/// A head at the end of the sequences.
template <typename T>
struct HeadArguments {
  std::size_t units = 0;
  const T* weights = nullptr;    ///< W_O [2][units]
  const T* bias = nullptr;       ///< [2]
  const T* states = nullptr;     ///< [units][S]
  const T* labels = nullptr;     ///< [S]: 0 or 1
  const T* mask = nullptr;       ///< [S]: 1, or 0 for padding
  T scale{};                     ///< 1 / batch
  T* margin = nullptr;           ///< [S]: y_1 - y_0; null: not wanted
  T* lambda = nullptr;           ///< [units][S] += dL/dr; null: no gradient
  T* weight_gradient = nullptr;  ///< [units][lanes] += dL/dW_O of output 1; that of output 0 is its negative
  T* bias_gradient = nullptr;    ///< [lanes] += dL/db_O of output 1
};

struct HeadSums {
  double loss = 0.0;        ///< sum of the samples' cross-entropies
  std::uint64_t right = 0;  ///< samples whose larger logit is that of their label; equal logits mean 0
};

/// The bits of one chunk.
template <typename T>
struct BitArguments {
  std::uint32_t seed = 0;
  math::SequencePurpose purpose = math::SequencePurpose::training;
  std::uint32_t step = 0;
  std::uint32_t first_sample = 0;
  const std::uint32_t* probability = nullptr;  ///< [S]: words (math::bit_of_word)
  std::size_t steps = 0;                       ///< time steps
  T* bits = nullptr;                           ///< [steps, rounded up to a multiple of 4][S]
};

/// One optimizer step of a tensor.
template <typename T>
struct UpdateArguments {
  std::size_t count = 0;
  math::SgdStep<T> step;
  T factor{};  ///< of the gradient, from clipping
  const T* gradient = nullptr;
  T* values = nullptr;
  T* velocity = nullptr;
};

template <typename T>
struct Kernels {
  std::size_t chunk = 0;  ///< S
  std::size_t lanes = 0;
  /// Reorders W [rows][inner] with W(i, j) = w[i * row_stride + j * column_stride] so that the kernels read
  /// it one number after the other; out has rows * inner of them. By rows for the forward pass; by columns,
  /// which means with rows and columns exchanged, for the backward one.
  void (*pack)(const T* w, std::size_t row_stride, std::size_t column_stride, std::size_t rows,
               std::size_t inner, T* out);
  void (*forward)(math::ActivationSite, const ForwardArguments<T>&);
  void (*backward)(math::ActivationSite, const BackwardArguments<T>&);
  HeadSums (*head)(const HeadArguments<T>&);
  void (*bits)(const BitArguments<T>&);
  void (*regularized_forward)(math::ActivationSite, const RegularizedForward<T>&);
  void (*regularized_backward)(math::ActivationSite, const RegularizedBackward<T>&);
  void (*activity)(const ActivityArguments<T>&);
  /// out[sample] = the first word of the sample's draw, for `count` samples, a multiple of S.
  void (*words)(std::uint32_t seed, math::Stream stream, std::uint32_t step, std::size_t count,
                std::uint32_t* out) = nullptr;
  void (*update)(const UpdateArguments<T>&);
  /// out[i] = the sum of sums[i][0 .. lanes), always in the same order.
  void (*reduce)(const T* sums, std::size_t count, T* out);
};

template <typename T>
const Kernels<T>& baseline_kernels();
template <typename T>
const Kernels<T>& avx2_kernels();
template <typename T>
const Kernels<T>& avx512_kernels();

/// The kernels of an instruction set, which the machine must have.
template <typename T>
[[nodiscard]] const Kernels<T>& kernels_for(cpu::Isa isa) {
  switch (isa) {
    case cpu::Isa::avx512:
      return avx512_kernels<T>();
    case cpu::Isa::avx2:
      return avx2_kernels<T>();
    case cpu::Isa::baseline:
      break;
  }
  return baseline_kernels<T>();
}

}  // namespace modsweep::recurrent
