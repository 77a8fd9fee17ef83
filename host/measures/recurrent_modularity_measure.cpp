// Newman's Q of W_R of recurrent networks (science.md section 8.8).
#include "measures/growing.h"

#include "modsweep/recurrent_graph.h"

namespace modsweep {
namespace {

constexpr Setting<bool> recurrent_modularity_wanted{
    .key = "measure.recurrent_modularity",
    .doc = "at the end, Newman's modularity Q of W_R of the newest module"};
constexpr Setting<std::uint32_t> recurrent_copies{
    .key = "measure.recurrent_copies",
    .standard = 20,
    .limits = {0, 10000},
    .doc = "recurrent_modularity: copies of W_R with shuffled entries whose Q is compared; 0: none"};

void write_recurrent_modularity(const MeasuredNetwork& network, MeasureOutput& out) {
  const Shape& shape = network.weights.shape;
  const std::uint32_t copies = recurrent_copies.of(network.settings.measure);
  const RecurrentModularity found = recurrent_modularity(
      recurrent_weights(network.weights, shape.modules - 1), shape.form.units, shape.heads, copies);
  out.network({found.clusters, found.louvain, found.found,
               copies > 0 ? MeasuredValue(found.shuffled) : MeasuredValue()});
}

}  // namespace

Measure recurrent_modularity_measure() {
  constexpr std::int32_t since = 7;
  return {
      .name = "recurrent_modularity",
      .family = Family::recurrent,
      .keys = {recurrent_modularity_wanted, recurrent_copies},
      .only_last = true,
      .network = {{.name = "recurrent_q",
                   .doc = "Newman's Q of |W_R| + |W_R|^T in n clusters by eigenvectors, n the network's "
                          "heads; none: fewer units with edges",
                   .since = since},
                  {.name = "recurrent_louvain",
                   .doc = "Newman's Q of the clusters that Louvain's method finds in the same graph",
                   .since = since},
                  {.name = "recurrent_clusters",
                   .doc = "how many clusters these are",
                   .since = since,
                   .type = ColumnType::integer},
                  {.name = "recurrent_shuffled",
                   .doc = "mean recurrent_louvain of copies whose entries change places; none: of no copy",
                   .since = since}},
      .compute = write_recurrent_modularity,
  };
}

}  // namespace modsweep
