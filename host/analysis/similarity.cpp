#include "analysis/similarity.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "modsweep/error.h"
#include "modsweep/math/laplacian.h"

namespace modsweep {
namespace {

using Eigen::Index;

void check_matrix(std::span<const double> w, std::size_t rows, std::size_t columns) {
  const bool fits = rows == 0 ? w.empty() : w.size() % rows == 0 && w.size() / rows == columns;
  if (!fits) throw LogicError(fmt::format("layer_spectra: {} entries for {} x {}", w.size(), rows, columns));
  const auto infinite = std::find_if(w.begin(), w.end(), [](double v) { return !std::isfinite(v); });
  if (infinite != w.end())
    throw LogicError(fmt::format("layer_spectra: entry {} is {}", infinite - w.begin(), *infinite));
}

/// Scales rows to unit length and returns their former lengths, as multiples of the largest entry of all.
/// Each row is divided by its own largest entry before its length is computed, so that squares of huge
/// entries do not overflow and squares of tiny ones do not vanish.
Eigen::VectorXd scale_to_unit(RowMajor& rows) {
  Eigen::VectorXd norms = Eigen::VectorXd::Zero(rows.rows());
  if (rows.size() == 0) return norms;
  const double largest = rows.maxCoeff();
  for (Index r = 0; r < rows.rows(); ++r) {
    auto row = rows.row(r);
    const double scale = row.maxCoeff();
    if (scale == 0.0) continue;
    row /= scale;
    const double norm = row.norm();
    row /= norm;
    norms[r] = scale / largest * norm;
  }
  return norms;
}

}  // namespace

UnitRows unit_rows(std::span<const double> w, std::size_t rows, std::size_t columns, ClusterBy by) {
  check_matrix(w, rows, columns);
  const Eigen::Map<const RowMajor> given(w.data(), static_cast<Index>(rows), static_cast<Index>(columns));
  UnitRows unit;
  unit.rows = by == ClusterBy::incoming ? RowMajor(given.cwiseAbs()) : RowMajor(given.transpose().cwiseAbs());
  const Eigen::VectorXd norms = scale_to_unit(unit.rows);
  const double longest = norms.size() == 0 ? 0.0 : norms.maxCoeff();
  for (Index r = 0; r < norms.size(); ++r) {
    if (math::is_dead(norms[r], longest))
      unit.dead.push_back(static_cast<std::uint32_t>(r));
    else
      unit.live.push_back(r);
  }
  return unit;
}

SimilarityGraph similarity_graph(const RowMajor& unit_rows) {
  return similarity_graph_of(unit_rows * unit_rows.transpose());
}

SimilarityGraph similarity_graph_of(Eigen::MatrixXd similarity) {
  SimilarityGraph graph;
  graph.similarity = std::move(similarity);
  const Eigen::VectorXd degrees = graph.similarity.rowwise().sum();
  graph.root_inverse_degrees =
      degrees.unaryExpr([](double degree) { return math::root_inverse_degree(degree); });
  return graph;
}

Eigen::MatrixXd SimilarityGraph::laplacian() const {
  const Eigen::VectorXd& root = root_inverse_degrees;
  return Eigen::MatrixXd::NullaryExpr(similarity.rows(), similarity.cols(), [&](Index i, Index j) {
    return math::laplacian_entry(i == j, root[i], similarity(i, j), root[j]);
  });
}

RowMajor SimilarityGraph::embedding(Index n) const {
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(laplacian());
  if (solver.info() != Eigen::Success)
    throw LogicError(fmt::format("embedding of a graph: no convergence for {} units", similarity.rows()));
  RowMajor vectors = root_inverse_degrees.asDiagonal() * solver.eigenvectors().leftCols(n);
  vectors.colwise().normalize();
  return vectors;
}

}  // namespace modsweep
