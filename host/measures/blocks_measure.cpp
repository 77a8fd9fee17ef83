// What the blocks of a network have learned, for networks with blocks.
#include "modsweep/blocks.h"
#include "modsweep/measure.h"

namespace modsweep {

Measure blocks_measure() {
  return {
      .name = "blocks",
      .network = {{.name = "block_error",
                   .doc = "mean over blocks of the RMSE of the best line from output to target",
                   .unit = "target",
                   .since = 2,
                   .run = {.heading = "block error", .format = "{:.2e}", .order = 30}}},
      .compute =
          [](const MeasuredNetwork& network, MeasureOutput& out) {
            const NetworkSettings& own = network.settings.network;
            out.network({block_error(network.weights, own.activation, own.leaky_slope, network.data.test)});
          },
  };
}

}  // namespace modsweep
