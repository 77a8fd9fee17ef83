// Functional modularity: how much of an output comes from inputs that are not its own (science.md section 5).
#include <algorithm>
#include <cmath>

#include <Eigen/Dense>
#include <fmt/format.h>

#include "modsweep/error.h"
#include "modsweep/math/activation.h"
#include "modsweep/spectrum.h"

namespace modsweep {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

/// One weight layer as the leaks need it; groups are zeros in the dense matrix.
struct Layer {
  MatrixXd weights;    ///< [O][I]
  VectorXd biases;     ///< [O], zeros without bias
  double slope = 0.0;  ///< negative-side slope of the hidden layer that it feeds
};

std::vector<Layer> layers_of(const Parameters& network, double leaky_slope) {
  const ParameterLayout layout(network.shape);
  if (network.values.size() != layout.parameters())
    throw LogicError(fmt::format("leaks: {} parameters for shape {} of {}", network.values.size(),
                                 network.shape.text(), layout.parameters()));
  std::vector<Layer> layers;
  for (std::size_t l = 0; l < layout.layers().size(); ++l) {
    const LayerSlice& slice = layout.layers()[l];
    const std::vector<double> dense = network.dense_weights(l);
    Layer layer;
    using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
    layer.weights = Eigen::Map<const RowMajor>(dense.data(), slice.outputs, slice.inputs);
    layer.biases = VectorXd::Zero(slice.outputs);
    if (layout.bias())
      layer.biases = Eigen::Map<const VectorXd>(network.values.data() + slice.biases, slice.outputs);
    const bool hidden = l + 1 < layout.layers().size();
    layer.slope = layout.prelu() && hidden ? network.values[slice.slope] : leaky_slope;
    layers.push_back(std::move(layer));
  }
  return layers;
}

/// Off-diagonal share of a square matrix of non-negative entries; none where it is zero or not finite.
std::optional<double> off_diagonal_share(const MatrixXd& matrix) {
  if (matrix.size() == 0 || !matrix.allFinite()) return std::nullopt;
  const double largest = matrix.maxCoeff();
  if (largest == 0.0) return std::nullopt;
  const MatrixXd scaled = matrix / largest;  // the sum of huge entries would overflow
  // Not 1 - diagonal / total: a leak of 1e-20 is one, and no leak is exactly 0.
  double off = 0.0;
  for (Index i = 0; i < scaled.rows(); ++i)
    for (Index j = 0; j < scaled.cols(); ++j)
      if (i != j) off += scaled(i, j);
  return off / scaled.sum();
}

/// z -> f(z) of a hidden layer, in place.
void activate(MatrixXd& values, Activation activation, double slope) {
  for (Index k = 0; k < values.size(); ++k)
    values.data()[k] = math::activate(activation, values.data()[k], slope);
}

/// Weight layers up to the blocks' outputs; 0 where the network has no blocks.
std::size_t block_layers(const Shape& shape) {
  const std::uint32_t blocks = shape.inputs();
  if (blocks < 2 || shape.outputs() != blocks) return 0;
  for (std::size_t l = 0; l < shape.hidden_layers() && shape.groups[l] == blocks; ++l)
    if (shape.sizes[l + 1] == blocks) return l + 1;
  return 0;
}

/// Root mean square error of the best straight line from x to y.
double line_error(const VectorXd& x, const VectorXd& y) {
  const VectorXd dx = x.array() - x.mean();
  VectorXd residual = y.array() - y.mean();
  const double square = dx.squaredNorm();
  if (square > 0.0) residual -= dx * (dx.dot(residual) / square);
  return std::sqrt(residual.squaredNorm() / static_cast<double>(x.size()));
}

/// Adds |dy_i/dx_j| of each of the samples (one a column of `x`) to sum(i, j). The derivatives by all inputs
/// go forward with the values: input j has the columns j * samples ... of `tangents`.
void add_jacobians(const std::vector<Layer>& layers, Activation activation,
                   const Eigen::Ref<const MatrixXd>& x, MatrixXd& sum) {
  const Index samples = x.cols();
  const Index inputs = x.rows();
  MatrixXd values = (layers.front().weights * x).colwise() + layers.front().biases;
  MatrixXd tangents(values.rows(), inputs * samples);
  for (Index j = 0; j < inputs; ++j)
    tangents.middleCols(j * samples, samples).colwise() = layers.front().weights.col(j);

  for (std::size_t l = 1; l < layers.size(); ++l) {
    const double slope = layers[l - 1].slope;
    MatrixXd derivatives(values.rows(), samples);
    for (Index k = 0; k < values.size(); ++k) {
      const double z = values.data()[k];
      const double a = math::activate(activation, z, slope);
      derivatives.data()[k] = math::activation_derivative(activation, z, a, slope);
      values.data()[k] = a;
    }
    for (Index j = 0; j < inputs; ++j)
      tangents.middleCols(j * samples, samples).array() *= derivatives.array();
    values = ((layers[l].weights * values).colwise() + layers[l].biases).eval();
    tangents = (layers[l].weights * tangents).eval();
  }
  for (Index j = 0; j < inputs; ++j)
    sum.col(j) += tangents.middleCols(j * samples, samples).cwiseAbs().rowwise().sum();
}

}  // namespace

std::optional<double> path_leak(const Parameters& network) {
  const std::vector<Layer> layers = layers_of(network, 0.0);
  if (network.shape.outputs() != network.shape.inputs()) return std::nullopt;
  MatrixXd paths = MatrixXd::Identity(network.shape.inputs(), network.shape.inputs());
  for (const Layer& layer : layers) {
    paths = (layer.weights.cwiseAbs() * paths).eval();
    if (paths.size() == 0 || !paths.allFinite() || paths.maxCoeff() == 0.0) return std::nullopt;
    paths /= paths.maxCoeff();  // the share does not depend on scale; products of many layers would overflow
                                // or vanish
  }
  return off_diagonal_share(paths);
}

std::optional<double> jacobian_leak(const Parameters& network, Activation activation, double leaky_slope,
                                    std::span<const double> x, std::size_t count) {
  const std::vector<Layer> layers = layers_of(network, leaky_slope);
  const std::size_t inputs = network.shape.inputs();
  if (x.size() != count * inputs)
    throw LogicError(
        fmt::format("jacobian_leak: {} numbers for {} samples of {} inputs", x.size(), count, inputs));
  if (network.shape.prelu != (activation == Activation::prelu))
    throw LogicError("jacobian_leak: prelu in one of shape and activation, not in the other");
  if (network.shape.outputs() != inputs || inputs == 0) return std::nullopt;

  MatrixXd sum = MatrixXd::Zero(network.shape.outputs(), network.shape.inputs());
  // A few hundred columns at a time keep values and tangents in the cache.
  const std::size_t block = std::max<std::size_t>(1, 512 / inputs);
  for (std::size_t begin = 0; begin < count; begin += block) {
    const std::size_t samples = std::min(block, count - begin);
    const Eigen::Map<const MatrixXd> columns(x.data() + begin * inputs, static_cast<Index>(inputs),
                                             static_cast<Index>(samples));
    add_jacobians(layers, activation, columns, sum);
  }
  return off_diagonal_share(sum);
}

std::optional<double> block_error(const Parameters& network, Activation activation, double leaky_slope,
                                  const Samples& samples) {
  const Shape& shape = network.shape;
  if (samples.inputs != shape.inputs() || samples.outputs != shape.outputs())
    throw LogicError(fmt::format("block_error: samples {} -> {} for shape {}", samples.inputs,
                                 samples.outputs, shape.text()));
  const std::size_t depth = block_layers(shape);
  if (depth == 0 || samples.count == 0) return std::nullopt;

  const std::vector<Layer> layers = layers_of(network, leaky_slope);
  const auto columns = [&](const std::vector<double>& values, std::uint32_t rows) {
    return Eigen::Map<const MatrixXd>(values.data(), rows, samples.count);
  };
  MatrixXd values = columns(samples.x, samples.inputs);
  for (std::size_t l = 0; l < depth; ++l) {
    values = ((layers[l].weights * values).colwise() + layers[l].biases).eval();
    activate(values, activation, layers[l].slope);
  }
  const MatrixXd targets = columns(samples.y, samples.outputs);
  double sum = 0.0;
  for (Index i = 0; i < values.rows(); ++i) sum += line_error(values.row(i), targets.row(i));
  const double mean = sum / static_cast<double>(values.rows());
  return std::isfinite(mean) ? std::optional(mean) : std::nullopt;
}

}  // namespace modsweep
