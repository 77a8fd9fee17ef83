// What a training of recurrent networks offers beyond Training: what their measures ask for (science.md
// sections 8.5 and 8.6).
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "modsweep/engine.h"
#include "modsweep/recurrent_tensors.h"

namespace modsweep {

namespace recurrent {

/// What an epoch's test said.
struct EpochRecord {
  std::uint32_t epoch = 0;        ///< counted from 1; 0: no epoch has ended yet
  std::uint32_t task = 0;         ///< N that was learned in it
  std::vector<double> accuracy;   ///< [head]
  double loss = 0.0;              ///< mean over the epoch's steps
  std::uint32_t solved = 0;       ///< N_solved after this test
  std::uint64_t parameters = 0;   ///< all that the network had
  std::uint64_t trained = 0;      ///< of these, those that were trained
  std::vector<double> timescale;  ///< [module]: mean over units of max(tau, 1)

  bool operator==(const EpochRecord&) const = default;
};

/// Which weights a perturbation moves; `weights`: recurrent and feedforward together.
enum class Perturbed : std::uint8_t { weights, recurrent, feedforward, input, tau };

/// Continuous accuracy under perturbations: `draws` of each strength, on one sequence of `steps` time steps
/// after the warm-up.
struct RobustnessSettings {
  Perturbed what = Perturbed::weights;
  std::vector<double> strengths;
  std::uint32_t draws = 10;
  std::uint32_t steps = 1000;
};

/// Effective timescales: `trials` sequences of `steps` time steps after `dropped` ones, each with its own
/// probability of a 1.
struct TimescaleSettings {
  std::uint32_t trials = 10;
  std::uint32_t dropped = 500;
  std::uint32_t steps = 100000;
  std::uint32_t lags = 30;
};

/// What else learns beside the fresh head of a generalization.
enum class Generalization : std::uint8_t {
  head,  ///< nothing
  all    ///< what was trained before: the newest module, or the whole flat network
};

}  // namespace recurrent

/// A pack of recurrent networks in training. At the end of an epoch a network is tested, and grows where it
/// passes, before advance() returns. weights() and all functions here are of the network at its last pass or,
/// where it has passed no test, of the network as it is. They change nothing, and several threads may call
/// them at once while nobody trains.
class GrowingTraining : public Training {
 public:
  /// Of the last epoch that ended.
  [[nodiscard]] virtual const recurrent::EpochRecord& epoch(std::size_t network) const = 0;
  /// Share of right answers of each head at every step of a long sequence, [head].
  [[nodiscard]] virtual std::vector<double> continuous_accuracy(std::size_t network,
                                                                std::uint32_t steps) const = 0;
  /// The same of perturbed networks, [strength][draw][head].
  [[nodiscard]] virtual std::vector<std::vector<std::vector<double>>> robustness(
      std::size_t network, const recurrent::RobustnessSettings& settings) const = 0;
  /// [module][unit]; 0: the unit's state does not vary.
  [[nodiscard]] virtual std::vector<std::vector<double>> effective_timescales(
      std::size_t network, const recurrent::TimescaleSettings& settings) const = 0;
  /// Accuracy of a fresh head that learned N = the last task + `extra` for `epochs` epochs.
  [[nodiscard]] virtual double generalization(std::size_t network, std::uint32_t extra,
                                              recurrent::Generalization learns,
                                              std::uint32_t epochs) const = 0;
  /// How unlike W_R or W_FF is to that of the module before, [module that has such a one before it].
  [[nodiscard]] virtual std::vector<double> conservations(std::size_t network,
                                                          math::RecurrentTensor kind) const = 0;
};

}  // namespace modsweep
