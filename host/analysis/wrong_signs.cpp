#include "analysis/dense_layers.h"

#include <Eigen/Dense>
#include <fmt/format.h>

#include "modsweep/error.h"
#include "modsweep/signs.h"

namespace modsweep {

std::optional<double> wrong_sign_share(const Parameters& network, Activation activation, double leaky_slope,
                                       const Samples& samples) {
  const Shape& shape = network.shape;
  if (samples.inputs != shape.inputs() || samples.outputs != shape.outputs())
    throw LogicError(fmt::format("wrong_sign_share: samples {} -> {} for shape {}", samples.inputs,
                                 samples.outputs, shape.text()));
  if (samples.count == 0) return std::nullopt;
  const std::vector<DenseLayer> layers = dense_layers(network, leaky_slope);
  Eigen::MatrixXd values = Eigen::Map<const Eigen::MatrixXd>(samples.x.data(), samples.inputs, samples.count);
  for (std::size_t l = 0; l < layers.size(); ++l) {
    values = ((layers[l].weights * values).colwise() + layers[l].biases).eval();
    if (l + 1 < layers.size()) activate(values, activation, layers[l].slope);
  }
  std::uint32_t wrong = 0;
  for (std::uint32_t sample = 0; sample < samples.count; ++sample) {
    bool right = true;
    for (std::uint32_t o = 0; o < samples.outputs; ++o)
      right = right && values(o, sample) * samples.y[std::size_t{sample} * samples.outputs + o] > 0.0;
    wrong += right ? 0 : 1;
  }
  return wrong / static_cast<double>(samples.count);
}

}  // namespace modsweep
