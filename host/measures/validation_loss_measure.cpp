// The loss of the validation set, and the step whose weights are kept.
#include <algorithm>

#include "modsweep/measure.h"

namespace modsweep {
namespace {

bool evaluate_validation(Training& training, std::span<const MeasuredNetwork> networks,
                         std::span<MeasureOutput> out) {
  const std::vector<Evaluation> losses = training.evaluate(Split::validation, {});
  for (std::size_t i = 0; i < networks.size(); ++i) {
    const double loss = losses[networks[i].index].mse;
    BestStep best = networks[i].best;
    best.update(networks[i].step, loss);
    MeasuredValue kept;
    if (networks[i].settings.training.keep == Keep::best) kept = best.step;
    out[i].network({loss, kept});
  }
  return true;
}

}  // namespace

Measure validation_loss_measure() {
  return {
      .name = "validation_loss",
      .asked = [](const CellSettings& cell) { return cell.task.validation_samples > 0; },
      .finite_weights = false,
      .network = {{.name = "validation_loss",
                   .doc = "mean squared error, clean, whole validation set",
                   .unit = "target^2",
                   .since = 5,
                   .run = {.heading = "validation loss", .format = "{:.2e}", .order = 15}},
                  {.name = "kept_step",
                   .doc = "with keep = best: the step, up to this one, with the lowest validation_loss",
                   .since = 5,
                   .type = ColumnType::integer}},
      .compute_pack = evaluate_validation,
  };
}

}  // namespace modsweep
