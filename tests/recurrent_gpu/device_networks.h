// Recurrent networks on the emulated device, behind an interface without templates of kernels/, which would
// have to be compiled for every test.
#pragma once

#include "recurrent/network.h"
#include "recurrent/network_state.h"
#include "recurrent/training.h"
#include "support/block_observer.h"

#include <memory>
#include <vector>

namespace modsweep::test {

enum class PassKind : std::uint8_t { fused, gemm };

/// bptt::Trainer of the emulated device.
template <typename T>
class DeviceNetworks {
 public:
  virtual ~DeviceNetworks() = default;
  virtual void set_state(std::uint32_t p, const bptt::NetworkState<T>& state) = 0;
  [[nodiscard]] virtual bptt::NetworkState<T> state(std::uint32_t p) const = 0;
  virtual void train(const std::vector<std::uint64_t>& until) = 0;
  [[nodiscard]] virtual std::vector<std::vector<std::uint64_t>> test(
      std::uint32_t batches, const std::vector<std::uint32_t>& first) = 0;
  virtual void grow(const std::vector<std::uint32_t>& grows) = 0;
  virtual void give(std::uint32_t p, const bptt::GivenBatch& batch) = 0;
  virtual void differentiate() = 0;
  [[nodiscard]] virtual bptt::Outcome outcome(std::uint32_t p) const = 0;
  [[nodiscard]] virtual std::vector<T> gradient(std::uint32_t p) const = 0;
  [[nodiscard]] virtual std::vector<T> margins(std::uint32_t p, std::uint32_t head) const = 0;
  [[nodiscard]] virtual double loss(std::uint32_t p, std::uint32_t head) const = 0;
};

struct DeviceOptions {
  PassKind pass = PassKind::fused;
  bool backwards = false;
  BlockObserver* observer = nullptr;
};

/// Runs of one form and batch. `max_heads`: room for as many.
template <typename T>
[[nodiscard]] std::unique_ptr<DeviceNetworks<T>> on_device(const std::vector<recurrent::RunSettings>& runs,
                                                           std::uint32_t max_heads,
                                                           const DeviceOptions& options = {});

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
