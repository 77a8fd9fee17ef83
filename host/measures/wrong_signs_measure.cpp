// How often a network is wrong, for tasks whose targets are signs.
#include "modsweep/measure.h"
#include "modsweep/signs.h"

namespace modsweep {

Measure wrong_signs_measure() {
  return {
      .name = "wrong_signs",
      .asked = [](const CellSettings& cell) { return task_kind(cell.task.kind).targets_are_signs; },
      .network = {{.name = "wrong_signs",
                   .doc = "share of the test samples with an output of the wrong sign; for tasks of signs",
                   .since = 6,
                   .run = {.heading = "wrong signs", .format = "{:.3f}", .order = 25}}},
      .compute =
          [](const MeasuredNetwork& network, MeasureOutput& out) {
            const NetworkSettings& own = network.settings.network;
            out.network(
                {wrong_sign_share(network.weights, own.activation, own.leaky_slope, network.data.test)});
          },
  };
}

}  // namespace modsweep
