// Recurrent networks on the emulated device.
#pragma once

#include "recurrent/device_training.h"
#include "support/block_observer.h"

#include <functional>
#include <memory>
#include <utility>
#include <vector>

namespace modsweep::test {

enum class PassKind : std::uint8_t { fused, gemm };

struct DeviceOptions {
  PassKind pass = PassKind::fused;
  bool backwards = false;
  BlockObserver* observer = nullptr;
  std::function<void(std::byte*, std::size_t)> allocated = {};  ///< is told of each array
};

/// Runs of one form and batch. `max_heads`: room for as many.
template <typename T>
[[nodiscard]] std::unique_ptr<bptt::Networks<T>> on_device(const std::vector<recurrent::RunSettings>& runs,
                                                           std::uint32_t max_heads,
                                                           const DeviceOptions& options = {});

/// The same as a device that engines start packs on.
class EmulatedStarter final : public bptt::Starter {
 public:
  explicit EmulatedStarter(DeviceOptions options = {}) : options_(std::move(options)) {}
  [[nodiscard]] std::unique_ptr<bptt::Networks<float>> start_fp32(
      const bptt::Form& form, const std::vector<bptt::NetworkPlan>& networks) const override;
  [[nodiscard]] std::unique_ptr<bptt::Networks<double>> start_fp64(
      const bptt::Form& form, const std::vector<bptt::NetworkPlan>& networks) const override;

 private:
  DeviceOptions options_;
};

/// What one network of such a pack may take of a device's memory, in bytes.
template <typename T>
[[nodiscard]] std::size_t emulated_bytes(PassKind pass, const bptt::Form& form,
                                         const std::vector<bptt::NetworkPlan>& networks);

template <typename T>
[[nodiscard]] bptt::NetworkState<T> state_of(const recurrent::Network<T>& network, std::uint64_t step = 0) {
  return {.modules = network.modules,
          .heads = network.heads,
          .step = step,
          .diverged = 0,
          .loss_sum = 0.0,
          .tasks = network.tasks,
          .values = network.values,
          .velocity = network.velocity,
          .rates = network.rates};
}

template <typename T>
[[nodiscard]] bptt::GivenBatch given(const recurrent::GivenSequences<T>& sequences,
                                     const std::vector<std::uint32_t>& heads) {
  return {.steps = sequences.longest,
          .lengths = sequences.sample_lengths,
          .bits = sequences.bit,
          .states = sequences.state,
          .heads = heads};
}

}  // namespace modsweep::test
