// One optimizer step of one recurrent network on the CPU: forward pass, backpropagation through time, update
// (science.md sections 8.1 to 8.4). A workspace that one thread uses for one network after the other.
#pragma once

#include "cpu/aligned.h"
#include "recurrent/gradient_sums.h"
#include "recurrent/module_weights.h"
#include "recurrent/network.h"
#include "recurrent/regularized_passes.h"
#include "recurrent/sequences.h"

#include <optional>
#include <span>
#include <vector>

namespace modsweep::recurrent {

/// What a step needs to know beside the network.
struct StepSettings {
  double slope = 0.01;  ///< of the leaky ReLU, at least 0
  math::ActivationSite site = math::ActivationSite::drive;
  double learning_rate = 0.2;
  double momentum = 0.1;
  bool nesterov = true;
  double clip_norm = 2.0;              ///< 0: no clipping
  Regularization regularization = {};  ///< of steps that learn

  bool operator==(const StepSettings&) const = default;
};

/// Of one batch.
struct BatchResult {
  std::vector<double> losses;        ///< [head asked for]: mean cross-entropy
  std::vector<std::uint64_t> right;  ///< [head asked for]: samples with the right answer
  double loss = 0.0;                 ///< sum of the losses
  double penalty = 0.0;              ///< sum of coefficient times value
  double norm = 0.0;                 ///< of the gradient of all trained tensors, before clipping
};

template <typename T>
class NetworkStep {
 public:
  explicit NetworkStep(const Kernels<T>& kernels) : kernels_(kernels), sums_(kernels), passes_(kernels) {}

  /// Loss of these heads; and the gradient of loss and penalties by every trained tensor, in gradient().
  BatchResult gradient(const Network<T>& network, const StepSettings& settings, const Sequences<T>& sequences,
                       std::span<const std::uint32_t> heads);
  /// The same, and one step of SGD. Where loss or norm is not finite, the network is left as it was.
  BatchResult train(Network<T>& network, const StepSettings& settings, const Sequences<T>& sequences,
                    std::span<const std::uint32_t> heads);
  /// Loss and right answers of these heads, without a gradient. `keep_states`: for states().
  BatchResult test(const Network<T>& network, const StepSettings& settings, const Sequences<T>& sequences,
                   std::span<const std::uint32_t> heads, bool keep_states = false);
  /// Right answers of every head to the parity of the last N bits, read at every time step after `warmup`
  /// ones, of all samples together. The warm-up is at least each N.
  std::vector<std::uint64_t> read_continuously(const Network<T>& network, const StepSettings& settings,
                                               const Sequences<T>& sequences, std::uint32_t warmup);

  /// In TensorLayout's order; 0 where nothing is trained.
  [[nodiscard]] std::span<const T> gradient() const { return gradient_; }
  /// y_1 - y_0 of the last batch, [head asked for][sample].
  [[nodiscard]] const std::vector<std::vector<T>>& margins() const { return margins_; }
  /// A module's states in the last chunk of the last test that kept them: [time steps + 1][units][S].
  [[nodiscard]] const T* states(std::uint32_t module) const { return states_[2 + module].data(); }

 private:
  /// One pass over a batch.
  struct Pass {
    const Network<T>& network;
    const StepSettings& settings;
    const Sequences<T>& sequences;
    std::span<const std::uint32_t> heads;
    const TensorLayout& layout;
    std::uint32_t first_trained =
        0;                         ///< the first module that the gradient goes through; modules, where none
    std::uint32_t first_kept = 0;  ///< the first module whose states are needed after the next one's
    std::uint32_t last = 0;        ///< the last module that a head of `heads` reads
    bool learning = false;
    bool regularized = false;  ///< modules go through sequences with noise or a penalty of their activity
    /// Time steps that each module takes: what comes later reaches no head before the sequence ends.
    std::vector<std::size_t> steps;
  };
  [[nodiscard]] Pass begin(const Network<T>& network, const StepSettings& settings,
                           const Sequences<T>& sequences, std::span<const std::uint32_t> heads, bool learning,
                           bool keep_states);
  BatchResult run(const Pass& pass);
  void prepare(const Pass& pass);
  void prepare_memory(const Pass& pass);
  void load_chunk(const Pass& pass, std::size_t chunk);
  void forward(const Pass& pass, std::size_t chunk, std::uint32_t module);
  /// A head that reads its module at one time, without a gradient.
  [[nodiscard]] HeadArguments<T> reading(const Pass& pass, std::uint32_t head, std::size_t time);
  void run_head(const Pass& pass, std::size_t chunk, std::size_t position, BatchResult& result);
  std::uint64_t read_head(const Pass& pass, std::uint32_t head, std::uint32_t warmup);
  void backward(const Pass& pass, std::uint32_t module);
  [[nodiscard]] std::size_t plane(const Pass& pass) const { return pass.network.form.units * kernels_.chunk; }
  [[nodiscard]] T* states_of(const Pass& pass, std::uint32_t module) {
    return states_[module < pass.first_kept ? module % 2 : 2 + module].data();
  }

  const Kernels<T>& kernels_;
  std::optional<TensorLayout> layout_;  ///< of the last network, for the next one of its form and size
  Form layout_form_;
  std::uint32_t layout_modules_ = 0;
  std::uint32_t layout_heads_ = 0;
  std::vector<ModuleWeights<T>> weights_;      ///< [module]
  std::vector<cpu::AlignedVector<T>> states_;  ///< two that modules use in turn, then one of each kept module
  std::vector<cpu::AlignedVector<T>> targets_;  ///< [module] that the gradient goes through
  std::vector<cpu::AlignedVector<T>> lambdas_;  ///< [module]
  GradientSums<T> sums_;
  RegularizedPasses<T> passes_;
  std::vector<std::vector<T>> margins_;  ///< [head asked for][sample]
  cpu::AlignedVector<T> bits_, active_, mask_, labels_, margin_, deltas_, passed_[2];
  std::vector<T> gradient_;
  std::size_t time_block_ = 1;
};

}  // namespace modsweep::recurrent
