// The modularity of recurrent networks (science.md section 8.8).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "modsweep/network.h"
#include "modsweep/spectrum.h"

namespace modsweep {

/// Newman's Q of the graph of the units that W_R joins, with edges |W_R| + |W_R|^T.
struct RecurrentModularity {
  std::optional<double> clusters;  ///< of n clusters by eigenvectors; none: fewer units with edges
  double louvain = 0.0;            ///< of the clusters that Louvain's method finds
  std::uint32_t found = 0;         ///< how many of these have units with edges
  double shuffled = 0.0;           ///< mean of `louvain` over copies whose entries change places
};

/// Of a square matrix, row-major [units][units], whose diagonal is ignored. `copies` shuffled copies, the
/// same for equal matrices; 0: `shuffled` is 0. Throws LogicError for another size or an entry that is not
/// finite.
[[nodiscard]] RecurrentModularity recurrent_modularity(std::span<const double> weights, std::size_t units,
                                                       std::size_t n, std::uint32_t copies);

/// How bits of the past reach the heads of a flat network by paths of weights.
struct BitPaths {
  /// [head][d], d = 0..4N of the network's newest task N: the share of the head's paths that come from the
  /// bit d steps ago, |W_O^h| ((1-k) + k |W_R|)^d |W_I| over its sum over d. Empty: the head has no path.
  std::vector<std::vector<double>> shares;
  /// [head]: the share of bits that are not the head's own, d >= N; none: the head has no path.
  std::vector<std::optional<double>> leaks;
};

/// Throws LogicError for a network that is not recurrent and flat.
[[nodiscard]] BitPaths bit_paths(const Parameters& network);

/// [head][unit]: the share of the head's |W_O|, summed over both outputs, that the unit has, so that each
/// head's sum is 1; or 0 for a head without weights. Throws LogicError for a network that is not recurrent
/// and flat.
[[nodiscard]] std::vector<std::vector<double>> head_weights(const Parameters& network);

/// How far the units of a flat network serve single heads: the mean over heads of what each unit gives to the
/// head that has most of it. 1: each unit serves one head; 1 / heads: all serve all alike. None without
/// weights. `weights`: head_weights().
[[nodiscard]] std::optional<double> head_separation(const std::vector<std::vector<double>>& weights);

}  // namespace modsweep
