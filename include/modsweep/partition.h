// The modules of a layer as sets of units: which unit is in which, and how far apart they are (science.md
// section 5).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "modsweep/settings.h"

namespace modsweep {

struct KMeansSettings {
  std::uint32_t restarts = 20;     ///< the best one is returned
  std::uint32_t iterations = 300;  ///< maximum per restart
  std::uint64_t seed = 0;          ///< the same seed gives the same clusters with every standard library
};

struct Clusters {
  std::vector<std::uint32_t> of;  ///< of each point, from 0; clusters may be empty if many points are equal
  double inertia = 0.0;           ///< sum of squared distances from the means of their clusters
};

/// k-means from k-means++ starts (Arthur & Vassilvitskii 2007). `points` is row-major [count][dimensions].
/// Throws LogicError where sizes disagree or k is not between 1 and count.
[[nodiscard]] Clusters k_means(std::span<const double> points, std::size_t count, std::size_t dimensions,
                               std::size_t k, const KMeansSettings& settings = {});

/// Newman's modularity of a partition of a weighted graph (Newman 2004): the sum over pairs in one cluster of
/// S_ij - d_i d_j / 2m, over 2m; d are the row sums, 2m their sum. The diagonal counts as in the Laplacian: a
/// unit is similar to itself. `similarity` is symmetric, not negative, row-major [count][count]. 0 for a
/// graph without edges. Throws LogicError where sizes disagree, as does normalized_cut.
[[nodiscard]] double modularity(std::span<const double> similarity,
                                std::span<const std::uint32_t> cluster_of);

/// Normalized cut of a partition (Shi & Malik 2000): the sum over clusters of the edges that leave it, over
/// all edges of its units (with the diagonal). 0: no edges between clusters; always below the number of
/// clusters.
[[nodiscard]] double normalized_cut(std::span<const double> similarity,
                                    std::span<const std::uint32_t> cluster_of);

/// Quality of a partition of a layer's live units.
struct PartitionScores {
  double modularity = 0.0;  ///< of the similarity graph of the live rows
  double normalized_cut = 0.0;
  /// Fraction of the sum of |W| over live rows that lies in blocks: each column belongs to the cluster with
  /// the largest part of it. 1: block-diagonal.
  double block_share = 0.0;

  bool operator==(const PartitionScores&) const = default;
};

/// The units of a layer in n clusters.
struct LayerPartition : PartitionScores {
  std::vector<std::uint32_t> order;       ///< all rows, cluster by cluster, dead ones last: for pictures
  std::vector<std::uint32_t> cluster_of;  ///< for each row, from 0 in that order; n for dead ones
};

/// Clusters the live rows of `w`, row-major [rows][columns], by k-means (k = n) on the rows of the n
/// eigenvectors of L_rw with the smallest eigenvalues, each of unit length. With `outgoing`, rows and columns
/// are exchanged. None where n is 0 or fewer than n rows are live. Throws LogicError as layer_spectra does.
[[nodiscard]] std::optional<LayerPartition> layer_partition(std::span<const double> w, std::size_t rows,
                                                            std::size_t columns, std::size_t n,
                                                            ClusterBy by = ClusterBy::incoming);

/// The units of a layer in an order for pictures.
struct UnitOrder {
  std::vector<std::uint32_t> units;  ///< all rows; dead ones last
  std::vector<std::size_t> starts;   ///< positions in it at which a cluster, or the dead rows, begin; not 0
};

/// Orders the units of a layer after those that feed it, so that blocks stay on the diagonal from layer to
/// layer (science.md section 5): the position of a unit is the mean of its inputs' positions, weighted by
/// |W|. Clusters stand in the order of the mean position over the weights of all their units, the units of a
/// cluster in that of their own, equal ones by index. `w` is row-major [rows][columns]; `dead` are rows to
/// put last; `cluster_of` has the cluster of each row, or is empty: they are one; `inputs` are the columns in
/// the order of their own layer. Throws LogicError where sizes disagree.
[[nodiscard]] UnitOrder chained_order(std::span<const double> w, std::size_t rows, std::size_t columns,
                                      std::span<const std::uint32_t> dead,
                                      std::span<const std::uint32_t> cluster_of,
                                      std::span<const std::uint32_t> inputs);

}  // namespace modsweep
