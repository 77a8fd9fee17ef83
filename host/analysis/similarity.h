// The similarity graph of the rows of a weight matrix: the basis of spectra and partitions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <Eigen/Dense>

#include "modsweep/settings.h"

namespace modsweep {

using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

/// The rows to cluster, of unit length; zero rows stay zero.
struct UnitRows {
  RowMajor rows;
  std::vector<Eigen::Index> live;
  std::vector<std::uint32_t> dead;  ///< norm zero or below 1e-3 of the largest
};

/// The rows of `w`, row-major [rows][columns], or of its transpose (outgoing). Throws LogicError if sizes
/// disagree or an entry is not finite.
[[nodiscard]] UnitRows unit_rows(std::span<const double> w, std::size_t rows, std::size_t columns,
                                 ClusterBy by);

/// S = M M^T for unit rows M, its row sums, and D^-1/2: 0 for a row without neighbors.
struct SimilarityGraph {
  Eigen::MatrixXd similarity;
  Eigen::VectorXd root_inverse_degrees;

  /// I - D^-1/2 S D^-1/2: the spectrum of I - D^-1 S, but symmetric.
  [[nodiscard]] Eigen::MatrixXd laplacian() const;
  /// The first n eigenvectors of I - D^-1 S as columns, row-major [rows][n]: those of the symmetric form
  /// times D^-1/2, scaled to unit length.
  [[nodiscard]] RowMajor embedding(Eigen::Index n) const;
};
/// The graph of a symmetric matrix that is not negative.
[[nodiscard]] SimilarityGraph similarity_graph_of(Eigen::MatrixXd similarity);
[[nodiscard]] SimilarityGraph similarity_graph(const RowMajor& unit_rows);

}  // namespace modsweep
