// A pack of recurrent networks as the runner trains it.
#pragma once

#include "recurrent/training.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "modsweep/growing_training.h"
#include "modsweep/pack.h"

namespace modsweep::recurrent {

/// The settings of a pack's runs.
[[nodiscard]] std::vector<RunSettings> runs_of(const Pack& pack);

template <typename T>
class PackTraining final : public GrowingTraining {
 public:
  /// `isa`: of the kernels that measure.
  PackTraining(std::unique_ptr<Runs<T>> training, cpu::Isa isa);

  void advance(std::uint64_t steps) override { training_->advance(steps); }
  void stop(std::size_t network) override { training_->stop(network); }
  [[nodiscard]] std::uint64_t step(std::size_t network) const override { return training_->step(network); }
  [[nodiscard]] std::optional<std::uint64_t> diverged(std::size_t network) const override {
    return training_->diverged(network);
  }
  [[nodiscard]] Parameters weights(std::size_t network) const override;
  [[nodiscard]] bool finite(std::size_t network) const override;
  [[nodiscard]] StepInspection inspect(std::size_t network) override { return training_->inspect(network); }
  [[nodiscard]] std::vector<std::byte> save(std::size_t network) const override {
    return training_->save(network);
  }
  void restore(std::size_t network, std::span<const std::byte> bytes) override {
    training_->restore(network, bytes);
  }

  [[nodiscard]] const EpochRecord& epoch(std::size_t network) const override {
    return training_->last(network);
  }
  [[nodiscard]] std::vector<double> continuous_accuracy(std::size_t network,
                                                        std::uint32_t steps) const override;
  [[nodiscard]] std::vector<std::vector<std::vector<double>>> robustness(
      std::size_t network, const RobustnessSettings& settings) const override;
  [[nodiscard]] std::vector<std::vector<double>> effective_timescales(
      std::size_t network, const TimescaleSettings& settings) const override;
  [[nodiscard]] double generalization(std::size_t network, std::uint32_t extra, Generalization learns,
                                      std::uint32_t epochs) const override;
  [[nodiscard]] std::vector<double> conservations(std::size_t network,
                                                  math::RecurrentTensor kind) const override;

 private:
  /// The network at its last pass; before the first, as it is.
  [[nodiscard]] const Network<T>& trained(std::size_t network) const;

  cpu::Isa isa_;
  const Kernels<T>& kernels_;
  std::unique_ptr<Runs<T>> training_;
};

}  // namespace modsweep::recurrent
