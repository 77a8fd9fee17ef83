// Clusters of the whole network's graph: how little weight runs between them.
#include "measures/graph_settings.h"

#include <algorithm>

#include <fmt/format.h>

#include "modsweep/error.h"
#include "modsweep/measure.h"
#include "modsweep/partition.h"

namespace modsweep {
namespace {

// The eigenvalue problem of a graph of this size takes about a minute and half a gigabyte.
constexpr std::size_t most_graph_units = 4096;

void score_graph(const MeasuredNetwork& network, MeasureOutput& out) {
  const NetworkGraph graph = network_graph(graph_part(network.settings, weight_magnitudes(network.weights)));
  const auto partition = graph_partition(graph, modules_sought(network.settings));
  if (!partition) return;
  const double of_louvain = modularity(graph.edges, louvain(graph.edges, graph.units.size()));
  out.network({partition->normalized_cut, std::max(partition->modularity, of_louvain)});
}

void check_graph(const CellSettings& cell) {
  if (!graph_setting.of(cell.measure)) return;
  std::size_t units = std::size_t{cell.task.inputs} + task_kind(cell.task.kind).outputs(cell.task);
  for (const std::uint32_t width : spelled_out(cell.network, cell.task.inputs).hidden) units += width;
  if (units > most_graph_units)
    throw InputError(fmt::format(
        "measure.graph = true with {} units in all layers: it is for at most {}; leave it out or give fewer",
        units, most_graph_units));
}

}  // namespace

Measure graph_measure() {
  return {
      .name = "graph",
      .keys = {graph_setting, graph_outputs_setting, permutations_setting, shuffles_setting},
      .check = check_graph,
      .network = {{.name = "graph_cut",
                   .doc = "normalized cut of the whole network in n clusters; none: fewer than n units "
                          "with weights",
                   .since = 6},
                  {.name = "graph_modularity",
                   .doc = "Newman's Q of these clusters or of Louvain's, whichever is larger",
                   .since = 6}},
      .compute = score_graph,
  };
}

}  // namespace modsweep
