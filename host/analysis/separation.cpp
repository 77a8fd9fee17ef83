#include "analysis/similarity.h"

#include <algorithm>

#include <Eigen/Dense>
#include <fmt/format.h>

#include "modsweep/error.h"
#include "modsweep/network_graph.h"

namespace modsweep {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;

/// Shares do not depend on scale; products of many layers would overflow or vanish.
void scale_to_one(MatrixXd& matrix) {
  const double largest = matrix.size() == 0 ? 0.0 : matrix.maxCoeff();
  if (largest > 0.0) matrix /= largest;
}

}  // namespace

std::vector<std::optional<double>> separations(const WeightMagnitudes& network,
                                               std::span<const std::uint32_t> group_of) {
  if (group_of.size() != network.sizes.front())
    throw LogicError(
        fmt::format("separations: groups of {} inputs for {}", group_of.size(), network.sizes.front()));
  const std::size_t layers = network.weights.size();
  std::vector<MatrixXd> weights;
  for (std::size_t l = 0; l < layers; ++l)
    weights.emplace_back(
        Eigen::Map<const RowMajor>(network.weights[l].data(), network.sizes[l + 1], network.sizes[l]));

  std::vector<MatrixXd> effect(layers);  // [l]: column sums of |W^H| ... |W^l|, one row
  MatrixXd row = MatrixXd::Ones(1, network.sizes.back());
  for (std::size_t l = layers; l-- > 0;) {
    row = (row * weights[l]).eval();
    scale_to_one(row);
    effect[l] = row;
  }

  const std::uint32_t groups = group_of.empty() ? 0 : *std::max_element(group_of.begin(), group_of.end()) + 1;
  MatrixXd paths = MatrixXd::Zero(network.sizes.front(), groups);
  for (std::size_t i = 0; i < group_of.size(); ++i) paths(static_cast<Index>(i), group_of[i]) = 1.0;
  std::vector<std::optional<double>> result;
  for (std::size_t l = 1; l < layers; ++l) {
    paths = (weights[l - 1] * paths).eval();
    scale_to_one(paths);
    const Eigen::VectorXd used = effect[l].transpose();
    const double all = paths.size() == 0 ? 0.0 : used.dot(paths.rowwise().sum());
    if (all > 0.0)
      result.emplace_back(used.dot(paths.rowwise().maxCoeff()) / all);
    else
      result.emplace_back(std::nullopt);
  }
  return result;
}

}  // namespace modsweep
