// modsweep spectrum --graph: the weight matrices of a file as layers of one network.
#pragma once

#include "cli/weight_matrices.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "modsweep/network_graph.h"

namespace modsweep::cli {

/// What `spectrum --graph` was asked.
struct GraphOptions {
  bool graph = false;
  bool no_outputs = false;          ///< the weights of the outputs are no edges
  std::uint32_t modules = 0;        ///< clusters; 0: as many as inputs
  std::uint32_t permutations = 12;  ///< copies that relative_cut compares with
  std::uint32_t shuffles = 0;       ///< copies that shuffle_z compares with
};

/// The layers of one network, inputs first.
struct LayerChain {
  std::vector<WeightMatrix> layers;

  /// "W0, W1, W2".
  [[nodiscard]] std::string label() const;
  /// "4-32-4".
  [[nodiscard]] std::string sizes() const;
};

/// The networks of these matrices: one, or those of a stack in turn. Matrices that were named come in the
/// order of their names, others by their names, whose numbers count as numbers. Throws InputError where one
/// layer's inputs are not the outputs of the layer before, or where there are too many units.
[[nodiscard]] std::vector<LayerChain> layer_chains(const std::string& path,
                                                   const std::vector<WeightMatrix>& matrices);

struct GraphFinding {
  std::uint32_t modules = 0;
  std::size_t units = 0;          ///< that have weights
  std::size_t trimmed_units = 0;  ///< of the trimmed network
  std::uint32_t components = 0;
  std::optional<double> cut;
  std::optional<double> modularity;
  std::optional<double> relative_cut;
  std::vector<std::optional<double>> separation;  ///< of each hidden layer
  std::optional<ShuffleScores> shuffles;
};

[[nodiscard]] GraphFinding find_graph(const LayerChain& chain, std::vector<std::vector<double>> weights,
                                      const GraphOptions& options);

[[nodiscard]] nlohmann::ordered_json graph_json(const LayerChain& chain, const GraphFinding& found);
void print_graph(std::ostream& out, const LayerChain& chain, const GraphFinding& found);

}  // namespace modsweep::cli
