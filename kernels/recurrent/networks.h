// The interface of recurrent networks in training on a device: steps, tests and growth of a pack. It knows no
// epochs: the caller says how far each network trains, when it is tested and when it grows.
#pragma once

#include "recurrent/growth.h"
#include "recurrent/network_state.h"

#include <cstdint>
#include <vector>

namespace modsweep::bptt {

/// Everything that one network's training depends on.
struct NetworkPlan {
  NetworkSettings settings;
  Growth growth;
};

/// Networks begin with one module and one head, for N = 2. What is said of one is the same alone and in a
/// pack.
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
  /// Right answers of `batches` test batches from first[p] on, [P][heads].
  [[nodiscard]] virtual std::vector<std::vector<std::uint64_t>> test(
      std::uint32_t batches, const std::vector<std::uint32_t>& first) = 0;
  /// The next head, and module, of each network for which grows[p] is not 0. Throws LogicError where there is
  /// no room.
  virtual void grow(const std::vector<std::uint32_t>& grows) = 0;
  /// Sets the sum of losses to 0.
  virtual void clear_losses(std::uint32_t p) = 0;

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

}  // namespace modsweep::bptt
