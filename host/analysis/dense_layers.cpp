#include "analysis/dense_layers.h"

#include "analysis/similarity.h"

#include <utility>

#include <fmt/format.h>

#include "modsweep/error.h"
#include "modsweep/math/activations.h"

namespace modsweep {

std::vector<DenseLayer> dense_layers(const Parameters& network, double leaky_slope) {
  const ParameterLayout layout(network.shape);
  if (network.values.size() != layout.parameters())
    throw LogicError(fmt::format("dense_layers: {} parameters for shape {} of {}", network.values.size(),
                                 network.shape.text(), layout.parameters()));
  std::vector<DenseLayer> layers;
  for (std::size_t l = 0; l < layout.layers().size(); ++l) {
    const LayerSlice& slice = layout.layers()[l];
    const std::vector<double> dense = network.dense_weights(l);
    DenseLayer layer;
    layer.weights = Eigen::Map<const RowMajor>(dense.data(), slice.outputs, slice.inputs);
    layer.biases = Eigen::VectorXd::Zero(slice.outputs);
    if (layout.bias())
      layer.biases = Eigen::Map<const Eigen::VectorXd>(network.values.data() + slice.biases, slice.outputs);
    const bool hidden = l + 1 < layout.layers().size();
    layer.slope = layout.prelu() && hidden ? network.values[slice.slope] : leaky_slope;
    layers.push_back(std::move(layer));
  }
  return layers;
}

void activate(Eigen::MatrixXd& values, Activation activation, double slope) {
  for (Eigen::Index k = 0; k < values.size(); ++k)
    values.data()[k] = math::activate(activation, values.data()[k], slope);
}

}  // namespace modsweep
