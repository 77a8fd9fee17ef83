// What the blocks of a network have learned, for networks with blocks.
#include "modsweep/blocks.h"
#include "modsweep/measure.h"

namespace modsweep {
namespace {

/// Whether each block has a target of its own.
bool has_targets(const CellSettings& cell) {
  const Shape shape = shape_of(cell, task_kind(cell.task.kind).outputs(cell.task));
  return shape.outputs() == shape.inputs() && block_layers(shape) > 0;
}

}  // namespace

Measure blocks_measure() {
  return {
      .name = "blocks",
      .asked = has_targets,
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
