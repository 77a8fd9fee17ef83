// What is recorded of a network at one step.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "modsweep/network.h"
#include "modsweep/partition.h"
#include "modsweep/spectrum.h"

namespace modsweep {

/// Raw values (without coefficients) of the terms of science.md section 3; activity terms over the training
/// set, clean activations. `l2` is the sum of W^2.
struct RegularizerValues {
  double l1 = 0.0;
  double l2 = 0.0;
  double weighted_activity = 0.0;
  double activity = 0.0;
  double l12 = 0.0;
  double l21 = 0.0;

  bool operator==(const RegularizerValues&) const = default;
};

/// The regularizers' share of the loss: the sum of coefficient times value.
[[nodiscard]] double weighted_sum(const RegularizerSettings& coefficients, const RegularizerValues& values);

/// The terms that depend on weights alone (l1, l2, l12, l21); the activity terms are 0.
[[nodiscard]] RegularizerValues weight_regularizers(const Parameters& network);

/// One network at one step.
struct Measurement {
  std::uint64_t step = 0;
  double train_loss = 0.0;                ///< MSE, clean, whole training set
  double test_loss = 0.0;                 ///< MSE, clean, whole test set
  std::optional<double> ood_loss;         ///< MSE, clean, all out-of-distribution samples; none: no samples
  std::optional<double> noisy_test_loss;  ///< with the noise of [measure], in the mean over its draws
  RegularizerValues regularizers;
  std::optional<double> path_leak;
  std::optional<double> jacobian_leak;
  std::optional<double> block_error;  ///< see block_error(); none for networks without blocks
  std::vector<LayerSpectra> spectra;  ///< one per weight layer; empty where not asked for
  /// One per weight layer; empty where not asked for. None: fewer live units than modules.
  std::vector<std::optional<PartitionScores>> partitions;
};

}  // namespace modsweep
