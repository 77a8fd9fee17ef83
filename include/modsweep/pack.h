// Packs: networks of one shape that are trained together.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "modsweep/network.h"
#include "modsweep/settings.h"
#include "modsweep/task.h"

namespace modsweep {

/// Noise draws that replace the random ones: the same eps in every step (verification against published
/// vectors). layers[l] is row-major [B][d_{l+1}] for hidden layer l.
struct FixedNoise {
  std::vector<std::vector<double>> layers;
};

/// P networks of one shape, batch size and precision. All else may differ per network and is a column of
/// length P.
struct Pack {
  Shape shape;
  std::uint32_t batch_size = 0;
  Precision precision = Precision::fp32;

  std::vector<std::uint32_t> seed;  ///< of initial weights, noise, dropout and order
  std::vector<std::shared_ptr<const Dataset>> dataset;
  std::vector<std::uint64_t> steps;   ///< optimizer steps of the whole run
  std::vector<std::uint8_t> shuffle;  ///< bool

  std::vector<Activation> activation;  ///< prelu if and only if shape.prelu
  std::vector<double> leaky_slope;
  std::vector<NoiseSettings> noise;
  std::vector<RegularizerSettings> regularizer;  ///< the dropout rate included
  std::vector<Optimizer> optimizer;
  std::vector<math::LearningRate> learning_rate;
  std::vector<double> beta1;
  std::vector<double> beta2;
  std::vector<double> epsilon;
  std::vector<double> momentum;
  std::vector<std::uint8_t> nesterov;  ///< bool
  std::vector<double> weight_decay;
  /// Settings of the networks of other families than feed-forward ones, whose trainings read them: for those
  /// only the columns above `shuffle` and this one are filled.
  std::vector<std::shared_ptr<const CellSettings>> settings;
  std::vector<std::uint64_t> zeros_stay_from;  ///< steps taken from which on weights that are 0 stay 0

  /// Verification and warm starts; empty, or one per network (null: not used for that network).
  std::vector<std::shared_ptr<const Parameters>> initial;
  std::vector<std::shared_ptr<const FixedNoise>> fixed_noise;

  [[nodiscard]] std::size_t size() const { return seed.size(); }
  /// Appends a cell's network. Throws LogicError where its shape, batch size or precision differ from the
  /// pack's.
  void add(const CellSettings& cell, std::shared_ptr<const Dataset> data);
  /// A network's initial parameters in ParameterLayout order: from `initial`, or drawn from its seed
  /// (science.md section 1).
  [[nodiscard]] std::vector<double> initial_parameters(std::size_t network) const;
  /// Throws LogicError where a column's length is not P or a dataset does not fit the shape.
  void check() const;
};

}  // namespace modsweep
