// Recurrent networks in training on a device, as the program sees them: plain values, and steps, tests and
// growth of a pack (science.md section 8). Epochs, histories and measurements are the program's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "modsweep/math/recurrent_kinds.h"

namespace modsweep::bptt {

/// What all networks that train together have in common.
struct Form {
  std::uint32_t units = 10;  ///< M, of each module
  bool modular = true;       ///< false: one module, which all heads read
  bool one_bias = false;     ///< one bias for each unit instead of one for each of its matrices
  std::uint32_t batch = 256;
  std::uint32_t max_heads = 61;  ///< that a network may come to have; as many modules, if it is modular
};

enum class BitProbability : std::uint8_t { sequence, batch, even };

/// What determines one network's training (science.md sections 8.1 to 8.4).
struct NetworkSettings {
  double slope = 0.01;  ///< of the leaky ReLU, at least 0
  double learning_rate = 0.2;
  double momentum = 0.1;
  double clip_norm = 2.0;  ///< 0: no clipping
  double length_factor = 4.0;
  std::uint32_t seed = 0;
  math::ActivationSite site = math::ActivationSite::drive;
  BitProbability bit_probability = BitProbability::sequence;
  bool nesterov = true;
  bool own_lengths = false;  ///< of each sample
  bool zero_state = false;   ///< states before the first bit are 0
};

enum class Freeze : std::uint8_t { none, recurrent, feedforward };

/// How a network grows. Groups of tensors are copied or frozen together with their biases.
struct Growth {
  bool copy_recurrent = true;
  bool copy_feedforward = true;
  bool copy_input = false;
  bool copy_tau = false;
  bool copy_head = false;
  bool from_untrained = false;  ///< copies are of what the last module started with
  Freeze freeze = Freeze::none;
  double old_rate = 0.0;  ///< factor of the rates of what is there; 0: it is frozen
};

/// Everything that one network's training depends on.
struct NetworkPlan {
  NetworkSettings settings;
  Growth growth;
};

/// How far a network has come.
struct Progress {
  std::uint64_t step = 0;
  std::uint64_t diverged = 0;  ///< step, counted from 1, whose loss or gradient was not finite; 0: none
  double loss_sum = 0.0;       ///< over steps since it was last set to 0
  std::uint32_t modules = 0;
  std::uint32_t heads = 0;
};

/// What a pass came to.
struct Outcome {
  double loss = 0.0;  ///< sum over the pass's heads of the mean cross-entropy
  double norm = 0.0;  ///< of the gradient, before clipping
};

/// All that training has changed of a network. Tensors are listed by module and head, module 0, head 0,
/// module 1, ..., each W_R, W_FF, W_I, b_R, b_FF, b_I, tau, W_O, b_O, those that are there, row-major.
template <typename T>
struct NetworkState {
  std::uint32_t modules = 0;
  std::uint32_t heads = 0;
  std::uint64_t step = 0;
  std::uint64_t diverged = 0;
  double loss_sum = 0.0;
  std::vector<std::uint32_t> tasks;  ///< [heads]: N of each
  std::vector<T> values;
  std::vector<T> velocity;
  std::vector<double> rates;  ///< [tensor]: factor of the learning rate; 0: frozen

  bool operator==(const NetworkState&) const = default;
};

/// Sequences that are given instead of drawn, for tests and for measurements of chosen inputs.
struct GivenBatch {
  std::uint32_t steps = 0;             ///< of the longest
  std::vector<std::uint32_t> lengths;  ///< [B]; empty: all have `steps`
  std::vector<double> bits;            ///< [steps][B]: 0 or 1
  std::vector<double> states;          ///< [modules][B][M], before the first bit; empty: 0
  std::vector<std::uint32_t> heads;    ///< that are read; empty: those that learn
};

/// Which of a network's test batches a test reads.
struct TestBatches {
  std::uint32_t first = 0;
  std::uint32_t count = 0;  ///< 0: the network takes no part
};

/// Networks begin with one module and one head, for N = 2. What is said of one is the same alone and in a
/// pack. Not for several threads at once.
template <typename T>
class Networks {
 public:
  virtual ~Networks() = default;

  [[nodiscard]] virtual std::uint32_t size() const = 0;
  [[nodiscard]] virtual const Progress& progress(std::uint32_t p) const = 0;
  /// All that training has changed, exactly. set_state throws LogicError where there is no room for the
  /// heads.
  virtual void set_state(std::uint32_t p, const NetworkState<T>& state) = 0;
  [[nodiscard]] virtual NetworkState<T> state(std::uint32_t p) const = 0;

  /// Trains each network up to step until[p], or its divergence.
  virtual void train(const std::vector<std::uint64_t>& until) = 0;
  /// Right answers to each network's test batches, [P][heads]; none of those that take no part.
  [[nodiscard]] virtual std::vector<std::vector<std::uint64_t>> test(
      const std::vector<TestBatches>& batches) = 0;
  /// The next head, and module, of each network for which grows[p] is not 0. Throws LogicError where there is
  /// no room.
  virtual void grow(const std::vector<std::uint32_t>& grows) = 0;
  /// Sets these networks' sums of losses to 0.
  virtual void clear_losses(const std::vector<std::size_t>& networks) = 0;

  /// Later passes are of these batches instead of drawn ones: one for each network, all with heads or all
  /// without.
  virtual void give(std::uint32_t p, const GivenBatch& batch) = 0;
  /// Losses and gradients of the next training batches; no network changes.
  virtual void differentiate() = 0;

  // Of the last pass. A gradient is listed as a state's values, 0 where nothing is trained; margins are
  // y_1 - y_0 of a head's samples; a loss is the mean of a head's cross-entropies.
  [[nodiscard]] virtual Outcome outcome(std::uint32_t p) const = 0;
  [[nodiscard]] virtual std::vector<T> gradient(std::uint32_t p) const = 0;
  [[nodiscard]] virtual std::vector<T> margins(std::uint32_t p, std::uint32_t head) const = 0;
  [[nodiscard]] virtual double loss(std::uint32_t p, std::uint32_t head) const = 0;
};

/// How a batch goes forward and back.
enum class Method : std::uint8_t {
  fused,  ///< a lane owns samples, one launch for the whole sequence
  gemm    ///< a batched product for each time step
};

/// Starts packs of networks on a device. For several threads at once.
class Starter {
 public:
  virtual ~Starter() = default;
  /// Throw std::bad_alloc where the device's memory does not suffice for the most that the networks may come
  /// to need.
  [[nodiscard]] virtual std::unique_ptr<Networks<float>> start_fp32(
      const Form& form, const std::vector<NetworkPlan>& networks) const = 0;
  [[nodiscard]] virtual std::unique_ptr<Networks<double>> start_fp64(
      const Form& form, const std::vector<NetworkPlan>& networks) const = 0;
};

}  // namespace modsweep::bptt
