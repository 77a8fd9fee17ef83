// The settings of the measures of the whole network's graph (science.md section 9).
#pragma once

#include <cstdint>

#include "modsweep/network_graph.h"
#include "modsweep/setting.h"
#include "modsweep/settings.h"

namespace modsweep {

inline constexpr Setting<bool> graph_setting{
    .key = "measure.graph",
    .doc = "the whole network as a graph: cut, modularity, relative cut, components, separation"};
inline constexpr Setting<bool> graph_outputs_setting{
    .key = "measure.graph_outputs",
    .standard = true,
    .doc =
        "measure.graph: whether the weights of the outputs are edges; false where outputs mix the modules"};
inline constexpr Setting<std::uint32_t> permutations_setting{
    .key = "measure.permutations",
    .standard = 12,
    .limits = {0, 10000},
    .doc = "measure.graph: copies with permuted hidden units that relative_cut compares with; 0: none"};
inline constexpr Setting<std::uint32_t> shuffles_setting{
    .key = "measure.shuffles",
    .limits = {0, 10000},
    .doc = "measure.graph: copies with shuffled weights that shuffle_z compares with; 0: none"};

/// The part of the network that is the graph, as it is or trimmed. Trimming looks at the outputs in any case:
/// a hidden unit that no output depends on does nothing.
[[nodiscard]] inline WeightMagnitudes graph_part(const CellSettings& cell, WeightMagnitudes network) {
  return graph_outputs_setting.of(cell.measure) ? network : without_outputs(std::move(network));
}

}  // namespace modsweep
