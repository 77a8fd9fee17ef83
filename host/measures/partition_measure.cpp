// How well a clustering of a layer's units separates its modules.
#include "modsweep/error.h"
#include "modsweep/measure.h"
#include "modsweep/partition.h"

namespace modsweep {
namespace {

void score_layers(const MeasuredNetwork& network, MeasureOutput& out) {
  const Parameters& weights = network.weights;
  for (std::size_t l = 0; l < weights.shape.weight_layers(); ++l) {
    const auto scores =
        layer_partition(weights.dense_weights(l), weights.shape.sizes[l + 1], weights.shape.sizes[l],
                        modules_sought(network.settings), network.settings.measure.cluster_by);
    if (scores) out.layer(l, {scores->modularity, scores->normalized_cut, scores->block_share});
  }
}

void check_partition(const CellSettings& cell) {
  if (cell.measure.partition && !cell.measure.spectrum)
    throw InputError(
        "measure.partition = true needs the similarity graphs of measure.spectrum; set that to true or leave "
        "the partition out");
}

}  // namespace

Measure partition_measure() {
  return {
      .name = "partition",
      .asked = [](const CellSettings& cell) { return cell.measure.partition; },
      .check = check_partition,
      .layer = {{.name = "modularity",
                 .doc =
                     "Newman's, of the live rows' similarities in n clusters; none: fewer than n live rows",
                 .since = 3},
                {.name = "normalized_cut", .doc = "normalized cut of the same n clusters", .since = 3},
                {.name = "block_share",
                 .doc = "share of the sum of |W| that lies in the clusters' blocks",
                 .since = 3}},
      .compute = score_layers,
  };
}

}  // namespace modsweep
