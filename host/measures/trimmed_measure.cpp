// What is left of a network without weights and units that do nothing: how many units, in how many parts, and
// how modular it is among networks with the same weights at each unit.
#include "measures/graph_settings.h"

#include "modsweep/measure.h"

namespace modsweep {
namespace {

void score_trimmed(const MeasuredNetwork& network, MeasureOutput& out) {
  const WeightMagnitudes trimmed = graph_part(network.settings, trim(weight_magnitudes(network.weights)));
  out.network({relative_cut(trimmed, modules_sought(network.settings),
                            permutations_setting.of(network.settings.measure)),
               connected_components(network_graph(trimmed)), trimmed.units()});
}

}  // namespace

Measure trimmed_measure() {
  return {
      .name = "trimmed",
      .asked = [](const CellSettings& cell) { return graph_setting.of(cell.measure); },
      .network = {{.name = "relative_cut",
                   .doc = "cut of the trimmed network over that of copies with permuted hidden units: 1 no "
                          "modules, 0 modules; none: no copy has a cut",
                   .since = 6,
                   .run = {.heading = "relative cut", .format = "{:.3f}", .order = 75}},
                  {.name = "components",
                   .doc = "connected components of the trimmed network's graph",
                   .since = 6,
                   .type = ColumnType::integer},
                  {.name = "trimmed_units",
                   .doc = "units of the trimmed network, inputs and outputs counted",
                   .unit = "units",
                   .since = 6,
                   .type = ColumnType::integer}},
      .compute = score_trimmed,
  };
}

}  // namespace modsweep
