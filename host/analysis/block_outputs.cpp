#include "analysis/dense_layers.h"
#include "analysis/similarity.h"

#include <cmath>

#include <Eigen/Dense>
#include <fmt/format.h>

#include "modsweep/blocks.h"
#include "modsweep/error.h"

namespace modsweep {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

/// Row-major [count][columns] as a matrix with one sample per column.
Eigen::Map<const MatrixXd> sample_columns(std::span<const double> values, std::size_t columns,
                                          std::size_t count) {
  return {values.data(), static_cast<Index>(columns), static_cast<Index>(count)};
}

/// Root mean square error of the best straight line from x to y.
double line_error(const VectorXd& x, const VectorXd& y) {
  const VectorXd dx = x.array() - x.mean();
  VectorXd residual = y.array() - y.mean();
  const double square = dx.squaredNorm();
  if (square > 0.0) residual -= dx * (dx.dot(residual) / square);
  return std::sqrt(residual.squaredNorm() / static_cast<double>(x.size()));
}

/// [blocks][count].
MatrixXd outputs_of_blocks(const Parameters& network, Activation activation, double leaky_slope,
                           std::size_t depth, std::span<const double> x, std::size_t count) {
  const std::vector<DenseLayer> layers = dense_layers(network, leaky_slope);
  MatrixXd values = sample_columns(x, network.shape.inputs(), count);
  for (std::size_t l = 0; l < depth; ++l) {
    values = ((layers[l].weights * values).colwise() + layers[l].biases).eval();
    activate(values, activation, layers[l].slope);
  }
  return values;
}

}  // namespace

std::size_t block_layers(const Shape& shape) {
  if (shape.weight_layers() == 0) return 0;
  const std::uint32_t blocks = shape.inputs();
  if (blocks < 2) return 0;
  for (std::size_t l = 0; l < shape.hidden_layers() && shape.groups[l] == blocks; ++l)
    if (shape.sizes[l + 1] == blocks) return l + 1;
  return 0;
}

std::vector<double> block_outputs(const Parameters& network, Activation activation, double leaky_slope,
                                  std::span<const double> x, std::size_t count) {
  const std::size_t depth = block_layers(network.shape);
  if (depth == 0)
    throw LogicError(fmt::format("block_outputs: a network {} has no blocks", network.shape.text()));
  if (x.size() != count * network.shape.inputs())
    throw LogicError(fmt::format("block_outputs: {} numbers for {} samples of {} inputs", x.size(), count,
                                 network.shape.inputs()));
  const MatrixXd outputs = outputs_of_blocks(network, activation, leaky_slope, depth, x, count);
  return {outputs.data(), outputs.data() + outputs.size()};
}

double PolynomialFit::operator()(double x) const {
  double value = 0.0;
  for (std::size_t k = coefficients.size(); k-- > 0;) value = value * x + coefficients[k];
  return value;
}

PolynomialFit fit_polynomial(std::span<const double> x, std::span<const double> y, std::size_t degree) {
  if (x.empty() || x.size() != y.size())
    throw LogicError(fmt::format("fit_polynomial: {} x and {} y", x.size(), y.size()));
  const auto count = static_cast<Index>(x.size());
  MatrixXd powers = MatrixXd::Ones(count, static_cast<Index>(degree) + 1);
  const Eigen::Map<const VectorXd> abscissa(x.data(), count);
  for (Index k = 1; k < powers.cols(); ++k) powers.col(k) = powers.col(k - 1).cwiseProduct(abscissa);
  const Eigen::Map<const VectorXd> values(y.data(), count);
  const VectorXd solution = powers.completeOrthogonalDecomposition().solve(values);
  return {{solution.begin(), solution.end()},
          std::sqrt((powers * solution - values).squaredNorm() / static_cast<double>(count))};
}

std::optional<double> block_error(const Parameters& network, Activation activation, double leaky_slope,
                                  const Samples& samples) {
  const Shape& shape = network.shape;
  if (samples.inputs != shape.inputs() || samples.outputs != shape.outputs())
    throw LogicError(fmt::format("block_error: samples {} -> {} for shape {}", samples.inputs,
                                 samples.outputs, shape.text()));
  const std::size_t depth = shape.outputs() == shape.inputs() ? block_layers(shape) : 0;
  if (depth == 0 || samples.count == 0) return std::nullopt;

  const MatrixXd values =
      outputs_of_blocks(network, activation, leaky_slope, depth, samples.x, samples.count);
  const auto targets = sample_columns(samples.y, samples.outputs, samples.count);
  double sum = 0.0;
  for (Index i = 0; i < values.rows(); ++i) sum += line_error(values.row(i), targets.row(i));
  const double mean = sum / static_cast<double>(values.rows());
  return std::isfinite(mean) ? std::optional(mean) : std::nullopt;
}

}  // namespace modsweep
