// How soon a network is good enough: the first measured step whose loss is below a threshold.
#include <optional>

#include "modsweep/measure.h"
#include "modsweep/signs.h"

namespace modsweep {
namespace {

constexpr Setting<double> threshold_setting{
    .key = "measure.threshold",
    .limits = {0, 1e30},
    .doc = "first_step_below: of test_loss; where targets are signs, of wrong_signs; 0: not measured"};

/// Signs: a network without a wrong one has learned a goal, whatever its loss. None: not a number.
std::optional<double> loss_that_counts(const MeasuredNetwork& network) {
  if (!task_kind(network.settings.task.kind).targets_are_signs) return network.test.mse;
  const NetworkSettings& own = network.settings.network;
  return wrong_sign_share(network.weights, own.activation, own.leaky_slope, network.data.test);
}

void find_first_step(const MeasuredNetwork& network, MeasureOutput& out) {
  std::optional<std::uint64_t> first = network.first_step_below;
  const std::optional<double> loss = loss_that_counts(network);
  if (!first && loss && *loss < threshold_setting.of(network.settings.measure)) first = network.step;
  MeasuredValue value;
  if (first) value = *first;
  out.network({value});
}

}  // namespace

Measure first_step_measure() {
  return {
      .name = "first_step",
      .keys = {threshold_setting},
      .asked = [](const CellSettings& cell) { return threshold_setting.of(cell.measure) > 0.0; },
      .network = {{.name = "first_step_below",
                   .doc = "first measured step with test_loss, or of tasks of signs wrong_signs, below "
                          "measure.threshold; none: not yet",
                   .unit = "steps",
                   .since = 7,
                   .type = ColumnType::integer,
                   .run = {.heading = "first step", .format = "{:.0f}", .order = 24}}},
      .compute = find_first_step,
  };
}

}  // namespace modsweep
