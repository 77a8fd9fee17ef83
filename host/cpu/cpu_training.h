// A pack in training on the CPU: every network is trained by one thread at a time, for all requested steps,
// so that its state stays in that core's cache.
#pragma once

#include "cpu/network_step.h"

#include <map>
#include <memory>
#include <vector>

#include "modsweep/engine.h"

namespace modsweep::cpu {

/// Data of one dataset in blocks: training batches, and each split as one long batch.
template <typename T>
struct DatasetBlocks {
  BlockedSamples<T> batches;
  std::vector<BlockedSamples<T>> whole;  ///< by Split; no batch where a split is empty

  DatasetBlocks(const Dataset& data, std::uint32_t batch_size) : batches(data.train, batch_size) {
    for (const Split split : all_splits)
      whole.emplace_back(data.split(split), std::max(1U, data.split(split).count));
  }
};

template <typename T>
class CpuTraining final : public Training {
 public:
  CpuTraining(const Pack& pack, const Kernels<T>& kernels, std::size_t threads);

  void advance(std::uint64_t steps) override;
  void stop(std::size_t network) override { pack_.steps[network] = states_[network].step; }
  void learn(std::size_t network, std::size_t goal) override {
    pack_.dataset[network] = with_goal(first_goals_[network], goal);
  }
  [[nodiscard]] std::vector<Evaluation> evaluate(Split split, const EvaluationNoise& noise) override;
  [[nodiscard]] StepInspection inspect(std::size_t network) override;
  [[nodiscard]] std::uint64_t step(std::size_t network) const override;
  [[nodiscard]] std::optional<std::uint64_t> diverged(std::size_t network) const override;
  [[nodiscard]] Parameters weights(std::size_t network) const override;
  [[nodiscard]] std::vector<std::byte> save(std::size_t network) const override;
  void restore(std::size_t network, std::span<const std::byte> bytes) override;

 private:
  /// The order of rows in the current epoch of a shuffling network, and its current batch.
  struct Order {
    std::uint64_t epoch = ~std::uint64_t{0};
    std::vector<std::uint32_t> rows;
    BlockedSamples<T> batch;
  };

  void initialize(std::size_t network);
  [[nodiscard]] const FixedNoise* fixed_noise(std::size_t network) const;
  NetworkStep<T>& workspace(std::size_t worker);
  const Batch<T>& batch_of_next_step(std::size_t network, Order& order) const;

  Pack pack_;  ///< with the datasets of the goals that are learned now
  std::vector<std::shared_ptr<const Dataset>> first_goals_;
  ParameterLayout layout_;
  const Kernels<T>& kernels_;
  std::size_t threads_;
  std::vector<NetworkState<T>> states_;
  std::vector<Hyperparameters<T>> hyperparameters_;
  std::map<const Dataset*, DatasetBlocks<T>> blocks_;
  std::vector<std::unique_ptr<NetworkStep<T>>> workspaces_;  ///< one per worker, created at first use
};

}  // namespace modsweep::cpu
