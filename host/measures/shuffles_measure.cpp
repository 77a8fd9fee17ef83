// Filan's comparison of a network's cut with those of copies with shuffled weights. Only to compare with
// others' numbers: in sparse networks it ranks causes the wrong way round (science.md section 9).
#include "measures/graph_settings.h"

#include "modsweep/measure.h"

namespace modsweep {
namespace {

void compare_with_shuffles(const MeasuredNetwork& network, MeasureOutput& out) {
  const WeightMagnitudes part = graph_part(network.settings, weight_magnitudes(network.weights));
  const auto scores =
      shuffle_scores(part, modules_sought(network.settings), shuffles_setting.of(network.settings.measure));
  if (scores) out.network({scores->z, scores->percentile});
}

}  // namespace

Measure shuffles_measure() {
  return {
      .name = "shuffles",
      .asked =
          [](const CellSettings& cell) {
            return graph_setting.of(cell.measure) && shuffles_setting.of(cell.measure) > 0;
          },
      .network = {{.name = "shuffle_z",
                   .doc =
                       "Filan's z: (graph_cut - mean) / deviation of the copies with shuffled weights; not "
                       "for sparse networks",
                   .since = 6},
                  {.name = "shuffle_percentile",
                   .doc = "percent of these copies with a lower cut",
                   .unit = "%",
                   .since = 6}},
      .compute = compare_with_shuffles,
  };
}

}  // namespace modsweep
