// What is measured of a trained recurrent network (science.md section 8.6).
#pragma once

#include "recurrent/network.h"
#include "recurrent/network_step.h"
#include "recurrent/sequences.h"

#include <cstdint>
#include <span>
#include <vector>

#include "modsweep/growing_training.h"

namespace modsweep::recurrent {

/// Standard normal numbers of a seed's perturbation `draw`, one for each entry of a tensor.
class DrawnNormals final : public FreshValues {
 public:
  DrawnNormals(std::uint32_t seed, std::uint32_t draw) : seed_(seed), draw_(draw) {}
  [[nodiscard]] std::vector<double> of(const NamedTensor& tensor) const override;

 private:
  std::uint32_t seed_;
  std::uint32_t draw_;
};

/// The network with W + strength xi |W| / |xi| for each matrix that is `what`, Frobenius norms, W_R without
/// its diagonal; of tau the same with |xi|. No bias moves. `weights` means recurrent and feedforward
/// together.
template <typename T>
[[nodiscard]] Network<T> perturbed(const Network<T>& network, Perturbed what, double strength,
                                   const FreshValues& normals);

/// One sequence of fair bits for continuous reading, with uniform states before the first.
template <typename T>
[[nodiscard]] GivenSequences<T> continuous_sequence(const Kernels<T>& kernels, const Network<T>& network,
                                                    std::uint32_t seed, std::uint32_t steps);

/// Time steps that are not read at the beginning of a continuous sequence: 100, and more where a task needs
/// them.
[[nodiscard]] std::uint32_t continuous_warmup(std::uint32_t task);

/// Share of time steps after `warmup` ones at which each head has the parity of the last N bits, [head].
/// Throws LogicError where the warm-up is shorter than a head's N or leaves no step.
template <typename T>
[[nodiscard]] std::vector<double> continuous_accuracy(NetworkStep<T>& step, const Network<T>& network,
                                                      const StepSettings& settings,
                                                      const Sequences<T>& sequence, std::uint32_t warmup);

/// The effective timescale of every unit, [module][unit]. 0: the unit's state does not vary.
template <typename T>
[[nodiscard]] std::vector<std::vector<double>> effective_timescales(const Network<T>& network,
                                                                    const Kernels<T>& kernels,
                                                                    const StepSettings& settings,
                                                                    std::uint32_t seed,
                                                                    const TimescaleSettings& timescales);

/// Variance over entries of the difference of two matrices whose entries have mean 0 and standard deviation
/// 1: 0 of copies, 2 of unrelated ones. `with_diagonal`: false for W_R. Row-major [rows][columns].
[[nodiscard]] double conservation(std::span<const double> before, std::span<const double> after,
                                  std::size_t columns, bool with_diagonal);

/// Conservation of W_R or W_FF from each module to the next that has such a matrix.
template <typename T>
[[nodiscard]] std::vector<double> conservations(const Network<T>& network, math::RecurrentTensor kind);

}  // namespace modsweep::recurrent
