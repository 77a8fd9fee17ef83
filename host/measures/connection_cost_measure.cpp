// What a network's connections cost, of cells whose loss has that cost.
#include "modsweep/measure.h"

namespace modsweep {

Measure connection_cost_measure() {
  return {
      .name = "connection_cost",
      .asked = [](const CellSettings& cell) { return cell.regularizer.connection_cost > 0.0; },
      .finite_weights = false,
      .network = {{.name = "connection_cost",
                   .doc = "the sum over W that regularizer.connection_cost multiplies",
                   .since = 6}},
      .compute =
          [](const MeasuredNetwork& network, MeasureOutput& out) {
            out.network({weight_regularizers(network.weights, network.settings.regularizer).connection_cost});
          },
  };
}

}  // namespace modsweep
