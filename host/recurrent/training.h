// Recurrent networks in training: epochs, tests and growth (science.md section 8.5). Every network is trained
// by one thread at a time.
#pragma once

#include "recurrent/network_step.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "modsweep/growing_training.h"

namespace modsweep::recurrent {

/// Everything that determines one network's run. The defaults are the paper's.
struct RunSettings {
  Form form;
  StepSettings step;
  ParitySettings parity;
  Growth growth;
  std::uint32_t batch = 256;
  std::uint32_t steps_per_epoch = 600;
  std::uint32_t test_batches = 50;
  std::uint32_t epochs = 60;
  double pass = 0.98;  ///< accuracy above which a task is solved: of the newest head, and the mean of all
  std::uint32_t seed = 0;
};

/// What a run has come to. Together with its settings it determines all that follows.
template <typename T>
struct RunState {
  Network<T> network;
  Network<T>
      solved;  ///< the network at its last pass, before it grew; without modules where nothing is solved
  std::uint64_t step = 0;
  std::uint64_t diverged = 0;  ///< step, counted from 1, whose loss or gradient was not finite; 0: none
  double loss_sum = 0.0;       ///< over the epoch's steps so far
  EpochRecord last = {};       ///< of the last epoch that ended

  bool operator==(const RunState&) const = default;
};

/// A pack of networks, whatever trains them; tasks, seeds and other settings may differ.
template <typename T>
class Runs {
 public:
  /// Throws LogicError for settings that no run can have.
  explicit Runs(std::vector<RunSettings> runs);
  virtual ~Runs() = default;

  /// Takes up to `steps` steps with every network, stopping each at its own total and at divergence. At the
  /// end of an epoch a network is tested, and grows where it passes, before it goes on.
  virtual void advance(std::uint64_t steps) = 0;
  /// Loss and gradient of a network's next step, which changes nothing.
  [[nodiscard]] virtual StepInspection inspect(std::size_t network) = 0;

  [[nodiscard]] std::size_t size() const { return runs_.size(); }
  [[nodiscard]] std::uint64_t total_steps(std::size_t network) const;
  /// Ends a run at its present step.
  void stop(std::size_t network) { stops_[network] = states_[network].step; }
  [[nodiscard]] const RunSettings& settings(std::size_t network) const { return runs_[network]; }
  [[nodiscard]] std::uint64_t step(std::size_t network) const { return states_[network].step; }
  [[nodiscard]] std::optional<std::uint64_t> diverged(std::size_t network) const;
  /// Several threads may ask at once while nobody trains.
  [[nodiscard]] virtual const RunState<T>& state(std::size_t network) const { return states_[network]; }
  /// Of the last epoch that ended.
  [[nodiscard]] const EpochRecord& last(std::size_t network) const { return states_[network].last; }
  /// Records of the epochs that ended since the last call.
  [[nodiscard]] std::vector<EpochRecord> take_records(std::size_t network);

  /// All of a run's state, exactly; portable between pack compositions.
  [[nodiscard]] std::vector<std::byte> save(std::size_t network) const;
  /// Restores a saved state; a network that passed the last test of a shorter run grows here. Throws
  /// InputError where the bytes are not a state of a network of this form and precision.
  virtual void restore(std::size_t network, std::span<const std::byte> bytes);

 protected:
  /// After an epoch's last step: writes its record, from the test's right answers [head], and clears the sum
  /// of losses. Whether the network grows now.
  [[nodiscard]] bool end_epoch(std::size_t network, std::span<const std::uint64_t> right);
  /// Of an epoch's first test batch, counted over the whole run.
  [[nodiscard]] std::uint32_t first_test(std::size_t network) const;

  std::vector<RunSettings> runs_;
  mutable std::vector<RunState<T>> states_;  ///< a device's are fetched when somebody asks for them
  std::vector<std::uint64_t> stops_;         ///< steps after which a run ends
  std::vector<std::vector<EpochRecord>> records_;
};

/// Networks in training on the CPU; sizes may differ, too.
template <typename T>
class RecurrentTraining final : public Runs<T> {
 public:
  RecurrentTraining(std::vector<RunSettings> runs, cpu::Isa isa, std::size_t threads);

  void advance(std::uint64_t steps) override;
  [[nodiscard]] StepInspection inspect(std::size_t network) override;

 private:
  using Runs<T>::runs_;
  using Runs<T>::states_;
  using Runs<T>::stops_;

  [[nodiscard]] NetworkStep<T>& workspace(std::size_t worker);
  void take_step(std::size_t network, std::span<const std::uint32_t> heads, NetworkStep<T>& step);
  void test_and_grow(std::size_t network, NetworkStep<T>& step);
  [[nodiscard]] DrawnSequences<T> sequences(std::size_t network, math::SequencePurpose purpose,
                                            std::uint64_t step) const;

  const Kernels<T>& kernels_;
  const cpu::Kernels<T>& random_;
  std::size_t threads_;
  std::vector<std::unique_ptr<NetworkStep<T>>> workspaces_;  ///< one per worker, created at first use
};

/// N that a network's newest head learns.
template <typename T>
[[nodiscard]] std::uint32_t task_of(const Network<T>& network) {
  return network.tasks.back();
}

/// N_solved: 1 where nothing is solved.
template <typename T>
[[nodiscard]] std::uint32_t solved_task(const RunState<T>& state) {
  return state.solved.modules == 0 ? 1 : task_of(state.solved);
}

/// Mean over a module's units of max(tau, 1), for each module.
template <typename T>
[[nodiscard]] std::vector<double> mean_timescales(const Network<T>& network);

/// The bytes of a state, and back. Throws InputError where they are not the state of a network of this form
/// in T.
template <typename T>
[[nodiscard]] std::vector<std::byte> to_bytes(const RunState<T>& state);
template <typename T>
[[nodiscard]] RunState<T> from_bytes(std::span<const std::byte> bytes, const Form& form);

}  // namespace modsweep::recurrent
