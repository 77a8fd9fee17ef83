// Functional modularity: the contribution to an output from inputs that are not its own (science.md section
// 5).
#include "analysis/dense_layers.h"

#include <algorithm>

#include <Eigen/Dense>
#include <fmt/format.h>

#include "modsweep/error.h"
#include "modsweep/math/leak.h"
#include "modsweep/spectrum.h"

namespace modsweep {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;

/// Off-diagonal fraction of the sum of a square matrix of non-negative entries; none if the sum is zero or
/// not finite.
std::optional<double> off_diagonal_fraction(const MatrixXd& matrix) {
  if (matrix.size() == 0 || !matrix.allFinite()) return std::nullopt;
  const double largest = matrix.maxCoeff();
  if (largest == 0.0) return std::nullopt;
  const MatrixXd scaled = matrix / largest;  // the sum of huge entries would overflow
  const auto entry = [&](std::size_t i, std::size_t j) {
    return scaled(static_cast<Index>(i), static_cast<Index>(j));
  };
  return math::off_diagonal_sum(static_cast<std::size_t>(scaled.rows()), entry) / scaled.sum();
}

/// Adds |dy_i/dx_j| of each of the samples (one per column of `x`) to sum(i, j). The derivatives with respect
/// to all inputs are propagated forward with the values: input j has the columns j * samples ... of
/// `tangents`.
void add_jacobians(const std::vector<DenseLayer>& layers, Activation activation,
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
      const math::UnitTangent unit = math::unit_tangent(activation, values.data()[k], slope);
      values.data()[k] = unit.value;
      derivatives.data()[k] = unit.derivative;
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
  const std::vector<DenseLayer> layers = dense_layers(network, 0.0);
  if (network.shape.outputs() != network.shape.inputs()) return std::nullopt;
  MatrixXd paths = MatrixXd::Identity(network.shape.inputs(), network.shape.inputs());
  for (const DenseLayer& layer : layers) {
    paths = (layer.weights.cwiseAbs() * paths).eval();
    if (paths.size() == 0 || !paths.allFinite() || paths.maxCoeff() == 0.0) return std::nullopt;
    paths /= paths.maxCoeff();  // the fraction does not depend on scale; products of many layers would
                                // overflow or vanish
  }
  return off_diagonal_fraction(paths);
}

std::optional<double> jacobian_leak(const Parameters& network, Activation activation, double leaky_slope,
                                    std::span<const double> x, std::size_t count) {
  const std::vector<DenseLayer> layers = dense_layers(network, leaky_slope);
  const std::size_t inputs = network.shape.inputs();
  if (x.size() != count * inputs)
    throw LogicError(
        fmt::format("jacobian_leak: {} numbers for {} samples of {} inputs", x.size(), count, inputs));
  if (network.shape.prelu != math::trains_slope(activation))
    throw LogicError("jacobian_leak: prelu in one of shape and activation, not in the other");
  if (network.shape.outputs() != inputs || inputs == 0) return std::nullopt;

  MatrixXd sum = MatrixXd::Zero(network.shape.outputs(), network.shape.inputs());
  // A few hundred columns at a time, so that values and tangents stay in the cache.
  const std::size_t block = std::max<std::size_t>(1, 512 / inputs);
  for (std::size_t begin = 0; begin < count; begin += block) {
    const std::size_t samples = std::min(block, count - begin);
    const Eigen::Map<const MatrixXd> columns(x.data() + begin * inputs, static_cast<Index>(inputs),
                                             static_cast<Index>(samples));
    add_jacobians(layers, activation, columns, sum);
  }
  return off_diagonal_fraction(sum);
}

}  // namespace modsweep
