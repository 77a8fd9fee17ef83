// The whole network as one graph: its units are joined by the magnitudes of the weights between them
// (science.md section 9).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "modsweep/network.h"

namespace modsweep {

/// |W| of a network's layers, groups as zeros. Layers are divided by one number, the largest entry of all, on
/// which no result here depends.
struct WeightMagnitudes {
  std::vector<std::uint32_t> sizes;          ///< units of each layer, inputs first
  std::vector<std::vector<double>> weights;  ///< [l] row-major [sizes[l+1]][sizes[l]], not negative

  [[nodiscard]] std::size_t units() const;
};

/// Throws LogicError where an entry is not finite.
[[nodiscard]] WeightMagnitudes weight_magnitudes(const Parameters& network);
/// The same from dense matrices, row-major [sizes[l+1]][sizes[l]]. Throws LogicError where sizes disagree.
[[nodiscard]] WeightMagnitudes weight_magnitudes(std::vector<std::uint32_t> sizes,
                                                 std::vector<std::vector<double>> weights);

/// Without its last layer of weights: for tasks whose outputs mix the modules.
[[nodiscard]] WeightMagnitudes without_outputs(WeightMagnitudes network);

/// Sets weights below 1e-3 of their layer's largest to 0, then removes hidden units without incoming or
/// without outgoing weights until every hidden unit has both. Inputs and outputs stay.
[[nodiscard]] WeightMagnitudes trim(WeightMagnitudes network);

/// The units that have an edge.
struct NetworkGraph {
  std::vector<double> edges;         ///< A, symmetric, row-major [units][units], diagonal 0
  std::vector<std::uint32_t> units;  ///< number of each in the network: layer after layer, from 0
};
[[nodiscard]] NetworkGraph network_graph(const WeightMagnitudes& network);

/// A graph's units in k clusters.
struct GraphPartition {
  std::vector<std::uint32_t> cluster_of;  ///< for each unit of the graph, from 0
  double normalized_cut = 0.0;
  double modularity = 0.0;  ///< Newman's Q of these clusters
};

/// Clusters by k-means on the rows of the k eigenvectors of I - D^-1 A with the smallest eigenvalues, each of
/// unit length. None where k is 0 or the graph has fewer units.
[[nodiscard]] std::optional<GraphPartition> graph_partition(const NetworkGraph& graph, std::size_t k);

/// A partition of high modularity with as many clusters as it takes, by Louvain's method (Blondel et al.
/// 2008) from ten orders of the units; the best counts. `edges` is symmetric, not negative, row-major
/// [count][count]; the diagonal counts as in modularity().
[[nodiscard]] std::vector<std::uint32_t> louvain(std::span<const double> edges, std::size_t count);

/// Connected components; 0 without units.
[[nodiscard]] std::uint32_t connected_components(const NetworkGraph& graph);

/// Mean normalized cut in k clusters of `copies` copies of the network in which the units of each hidden
/// layer are permuted: the rows of every layer's weights but the last one's. None where no copy has one.
[[nodiscard]] std::optional<double> mean_permuted_cut(const WeightMagnitudes& network, std::size_t k,
                                                      std::uint32_t copies);

/// The normalized cut of the trimmed network over that of its permuted copies: 1 no modules, 0 modules.
/// `trimmed`: what trim() returns. None where either does not exist or the copies have no cut.
[[nodiscard]] std::optional<double> relative_cut(const WeightMagnitudes& trimmed, std::size_t k,
                                                 std::uint32_t copies);

/// A network's normalized cut among those of copies with shuffled weights (Filan et al. 2021).
struct ShuffleScores {
  std::optional<double> z;  ///< (cut - mean) / standard deviation of a sample; none: all copies are alike
  double percentile = 0.0;  ///< percent of the copies with a lower cut
};

/// Cuts of `copies` copies in k clusters: units without weights are removed, then all weights of each layer
/// are shuffled. Fewer where a copy has fewer than k units with weights.
[[nodiscard]] std::vector<double> shuffled_cuts(const WeightMagnitudes& network, std::size_t k,
                                                std::uint32_t copies);
/// None where fewer than two copies, or the network itself, have a cut.
[[nodiscard]] std::optional<ShuffleScores> shuffle_scores(const WeightMagnitudes& network, std::size_t k,
                                                          std::uint32_t copies);

/// For each hidden layer, how far its units serve single groups of inputs: with P = |W^{l-1}| ... |W^0|
/// summed over the inputs of each group, and o the column sums of |W^H| ... |W^l|, the sum over units of o_u
/// max_g P_ug over that of o_u sum_g P_ug. 1: every unit that matters depends on one group. `group_of`: of
/// each input, from 0. None for a layer that nothing passes. Throws LogicError where sizes disagree.
[[nodiscard]] std::vector<std::optional<double>> separations(const WeightMagnitudes& network,
                                                             std::span<const std::uint32_t> group_of);

}  // namespace modsweep
