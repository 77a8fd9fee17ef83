// One network's training step on the CPU: forward, loss, backward, regularizers, optimizer.
#pragma once

#include "cpu/aligned.h"
#include "cpu/kernels.h"
#include "cpu/sample_blocks.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "modsweep/engine.h"
#include "modsweep/hyperparameters.h"
#include "modsweep/network.h"
#include "modsweep/pack.h"

namespace modsweep::cpu {

/// What changes while a network trains. All vectors have ParameterLayout::padded() entries, zero past the
/// parameters.
template <typename T>
struct NetworkState {
  AlignedVector<T> parameters;
  AlignedVector<T> moment1;    ///< first moment of Adam and AdamW, or SGD's velocity
  AlignedVector<T> moment2;    ///< second moment of Adam and AdamW; unused by SGD
  std::uint64_t step = 0;      ///< steps taken
  std::uint64_t diverged = 0;  ///< step whose loss was not finite; 0: none
};

/// Where the random numbers of a forward pass come from.
struct Draw {
  math::Stream stream = math::Stream::noise;
  std::uint32_t step = 0;
  const FixedNoise* fixed = nullptr;  ///< replaces noise draws; null: none
};

/// Sums over one batch that an evaluation or inspection reports.
struct BatchSums {
  double squares = 0.0;                            ///< of the output error, over samples and outputs
  double activity[math::activity_penalties] = {};  ///< sum_b sum_k g(unit) h(a) of each penalty of activity
};

/// Workspace of one thread for networks of one shape.
template <typename T>
class NetworkStep {
 public:
  NetworkStep(const Shape& shape, const Kernels<T>& kernels);

  /// One optimizer step. Returns false, and changes nothing but `diverged`, where the loss is not finite.
  /// `zeros_stay`: weights that are 0 have no gradient and no first moment.
  bool train(NetworkState<T>& state, const Hyperparameters<T>& hyper, const Batch<T>& batch,
             const FixedNoise* fixed, bool zeros_stay);
  /// The sums of a forward pass over a batch. With `draw`, the noise of `hyper` is on (dropout never is).
  BatchSums evaluate(const T* parameters, const Hyperparameters<T>& hyper, const Batch<T>& batch,
                     std::optional<Draw> draw);
  /// Loss sums of a training step with these draws and, in gradients(), its gradient without weight decay.
  BatchSums gradient(const T* parameters, const Hyperparameters<T>& hyper, const Batch<T>& batch,
                     const Draw& draw);
  [[nodiscard]] const AlignedVector<T>& gradients() const { return gradients_; }
  /// Takes the gradients of weights that are 0 away.
  void drop_gradients_of_zeros(const T* parameters);

  /// Bytes of a workspace for this shape.
  [[nodiscard]] static std::size_t bytes(const Shape& shape);

 private:
  /// Buffers of one hidden layer, [units][stride]; those that a network does not need stay unused.
  struct Layer {
    std::size_t units = 0;
    AlignedVector<T> out, out_by_z, clean, clean_by_z, out_by_slope, clean_by_slope, uniform;
    /// [penalty of activity][units]: coefficient times g(unit) / B, and the sum of h(a) over the batch.
    AlignedVector<T> activity_factors[math::activity_penalties], activity_sums[math::activity_penalties];
    AlignedVector<T> in_absolute, in_square, out_absolute, out_square;  ///< [units], math::UnitSums

    [[nodiscard]] math::UnitSums<T> unit_sums(std::size_t k) const {
      return {in_absolute[k], in_square[k], out_absolute[k], out_square[k]};
    }
  };

  /// The inputs of a pass over a network: its parameters and hyperparameters, and whether dropout and noise
  /// are on.
  struct Pass {
    const T* parameters;
    const Hyperparameters<T>& hyper;
    bool dropout = false;
    std::optional<Draw> draw;

    [[nodiscard]] bool noise() const { return hyper.noise && draw; }
    /// Whether the next layer's input differs from the clean activation.
    [[nodiscard]] bool noisy() const { return noise() || dropout; }
    /// Whether derivatives are stored; else they are taken from the activations.
    [[nodiscard]] bool stored() const {
      return noisy() || !math::derivative_of_value(hyper.layer.unit.activation,
                                                   static_cast<double>(hyper.layer.unit.slope));
    }
  };

  /// Draws the random numbers that the pass needs for a layer. Noise goes into out_by_z's memory: each draw
  /// is used before its derivative overwrites it.
  void draw_random(const Pass& pass, const Block<T>& block, std::size_t l);
  void forward(const Pass& pass, const Block<T>& block);
  void forward_units(const Pass& pass, const Block<T>& block, std::size_t l);
  double output_error(const Block<T>& block, T scale);
  void backward(const Pass& pass, const Block<T>& block, bool accumulate);
  void backward_units(const Pass& pass, const Block<T>& block, std::size_t l, T* delta);
  void sum_weights(const T* parameters, const Hyperparameters<T>& hyper, T inverse_batch);
  void regularize(const T* parameters, const Hyperparameters<T>& hyper, T inverse_batch);
  void clear_activity();
  [[nodiscard]] BatchSums activity_sums(const Hyperparameters<T>& hyper) const;
  [[nodiscard]] LayerHyperparameters<T> layer_hyperparameters(const T* parameters,
                                                              const Hyperparameters<T>& hyper,
                                                              std::size_t l) const;
  ParameterLayout layout_;
  const Kernels<T>& kernels_;
  std::vector<Layer> hidden_;
  AlignedVector<T> output_;
  AlignedVector<T> delta_[2];
  AlignedVector<T> gradients_;
  AlignedVector<T> row_quadratic_, column_quadratic_, row_absolute_, column_absolute_;
  AlignedVector<T> numbers_;  ///< 0, 1, 2, ...
};

}  // namespace modsweep::cpu
