// Whether the units of each hidden layer serve one group of inputs each.
#include "measures/graph_settings.h"

#include "modsweep/measure.h"

namespace modsweep {
namespace {

void separate(const MeasuredNetwork& network, MeasureOutput& out) {
  const auto found = separations(weight_magnitudes(network.weights), input_groups(network.settings.task));
  for (std::size_t l = 0; l < found.size(); ++l) out.layer(l, {found[l]});
}

}  // namespace

Measure separation_measure() {
  return {
      .name = "separation",
      .asked = [](const CellSettings& cell) { return graph_setting.of(cell.measure); },
      .layer = {{.name = "separation",
                 .doc = "share of a hidden layer's paths that come from each unit's main group of inputs: 1 "
                        "modules; none: the outputs' layer",
                 .since = 6}},
      .compute = separate,
  };
}

}  // namespace modsweep
