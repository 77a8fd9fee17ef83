// Recurrent networks in training on a device: epochs, tests and growth are those of every training, steps and
// tests are the device's.
#pragma once

#include "recurrent/training.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "modsweep/device_networks.h"
#include "modsweep/pack.h"

namespace modsweep::recurrent {

/// What a device needs to know of a run; of the runs of a pack together.
[[nodiscard]] bptt::NetworkPlan device_plan(const RunSettings& run);
[[nodiscard]] bptt::Form device_form(const RunSettings& run, std::uint32_t max_heads);

/// A pack of runs of one form and batch size. What training changes stays on the device until somebody asks.
template <typename T>
class DeviceTraining final : public Runs<T> {
 public:
  /// `max_heads`: that a network may come to have. Throws std::bad_alloc where the device's memory does not
  /// suffice for those, LogicError for runs of different forms or batch sizes.
  DeviceTraining(const bptt::Starter& starter, std::vector<RunSettings> runs, std::uint32_t max_heads);

  void advance(std::uint64_t steps) override;
  [[nodiscard]] StepInspection inspect(std::size_t network) override;
  [[nodiscard]] const RunState<T>& state(std::size_t network) const override;
  void restore(std::size_t network, std::span<const std::byte> bytes) override;

 private:
  using Runs<T>::runs_;
  using Runs<T>::states_;
  using Runs<T>::stops_;

  /// The step at which a network must stop for a test, or because it has got as far as it shall.
  [[nodiscard]] std::uint64_t next_stop(std::size_t network, std::uint64_t last) const;
  void fetch(std::size_t network) const;
  void end_epochs(const std::vector<std::size_t>& ended);

  std::uint32_t max_heads_;
  std::unique_ptr<bptt::Networks<T>> networks_;
  mutable std::mutex mutex_;                 ///< of stale_ and what it says of states_, while nobody trains
  mutable std::vector<std::uint8_t> stale_;  ///< bool: the device's network is another one than states_ has
};

}  // namespace modsweep::recurrent

namespace modsweep {

/// Makes a training of a pack of recurrent networks on the starter's device (StartGrowing of modsweep/gpu.h).
[[nodiscard]] std::unique_ptr<Training> start_on_device(const Pack& pack, const bptt::Starter& starter);

}  // namespace modsweep
