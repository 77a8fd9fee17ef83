// A network's layers as dense matrices, for computations on its weights.
#pragma once

#include <vector>

#include <Eigen/Dense>

#include "modsweep/network.h"
#include "modsweep/settings.h"

namespace modsweep {

/// One weight layer; groups are zeros in the dense matrix.
struct DenseLayer {
  Eigen::MatrixXd weights;  ///< [O][I]
  Eigen::VectorXd biases;   ///< [O], zeros without bias
  double slope = 0.0;       ///< negative-side slope of the hidden layer that it feeds
};

/// `leaky_slope` is used only without prelu. Throws LogicError if sizes disagree.
[[nodiscard]] std::vector<DenseLayer> dense_layers(const Parameters& network, double leaky_slope);

/// z -> f(z) of a hidden layer, in place.
void activate(Eigen::MatrixXd& values, Activation activation, double slope);

}  // namespace modsweep
