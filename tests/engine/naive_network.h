// An independent, slow training step in double: one sample, one unit and one weight at a time, written from
// science.md and not from the product's formulas. Engines are compared with it and with its finite
// differences.
#pragma once

#include <cstdint>
#include <vector>

#include "modsweep/network.h"
#include "modsweep/settings.h"
#include "modsweep/task.h"

namespace modsweep::test {

/// Noise terms that are held constant, [layer][sample * units + unit], for detached gradients.
using FrozenNoise = std::vector<std::vector<double>>;

struct NaiveResult {
  double mse = 0.0;
  double total = 0.0;
  FrozenNoise noise;  ///< the noise terms that were added
};

/// Loss of training step `step` (counted from 1) of a cell, with its whole training set as one batch. If
/// `frozen` is given, its terms replace the noise.
[[nodiscard]] NaiveResult naive_loss(const CellSettings& cell, const Parameters& network,
                                     const Samples& batch, std::uint32_t step,
                                     const FrozenNoise* frozen = nullptr);

/// An optimizer written from science.md section 4: one parameter at a time, with the learning rate of
/// PyTorch's schedulers.
class NaiveOptimizer {
 public:
  explicit NaiveOptimizer(const CellSettings& cell) : cell_(cell) {}

  /// Takes the next step with this gradient of the loss, which is without weight decay.
  void step(std::vector<double>& parameters, const std::vector<double>& gradient);

  [[nodiscard]] const std::vector<double>& first_moments() const { return first_; }

 private:
  [[nodiscard]] double learning_rate() const;

  CellSettings cell_;
  std::uint64_t steps_ = 0;  ///< taken
  std::vector<double> first_, second_;
};

}  // namespace modsweep::test
