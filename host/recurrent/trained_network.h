// Measurements of section 8.6 of science.md that train or perturb a copy of a network many times.
#pragma once

#include "recurrent/measures.h"
#include "recurrent/training.h"

#include <cstdint>
#include <vector>

namespace modsweep::recurrent {

/// How well a trained network can learn a longer task: a fresh head on its newest module learns N = its last
/// task + `extra` for `epochs` epochs of the run's length. Returns the head's accuracy on the run's test
/// batches; where the loss is not finite, training ends there. `network` is the snapshot of a run's last
/// pass.
template <typename T>
[[nodiscard]] double generalization(const Network<T>& network, const RunSettings& run, cpu::Isa isa,
                                    std::uint32_t extra, Generalization learns, std::uint32_t epochs = 10);

/// Continuous accuracy of each head under perturbations, [strength][draw][head], on one sequence of a seed of
/// `steps` time steps after the warm-up.
template <typename T>
[[nodiscard]] std::vector<std::vector<std::vector<double>>> robustness(const Network<T>& network,
                                                                       const RunSettings& run, cpu::Isa isa,
                                                                       const RobustnessSettings& settings);

/// Log-spaced strengths from first to last, `count` of them.
[[nodiscard]] std::vector<double> log_spaced(double first, double last, std::uint32_t count);

}  // namespace modsweep::recurrent
