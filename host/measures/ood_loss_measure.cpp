// The loss of samples unlike any in training, for tasks that have them.
#include <algorithm>

#include "modsweep/measure.h"

namespace modsweep {
namespace {

bool evaluate_ood(Training& training, std::span<const MeasuredNetwork> networks,
                  std::span<MeasureOutput> out) {
  const auto has_ood = [](const MeasuredNetwork& network) { return network.data.ood.count > 0; };
  if (std::ranges::none_of(networks, has_ood)) return true;
  const std::vector<Evaluation> losses = training.evaluate(Split::ood, {});
  for (std::size_t i = 0; i < networks.size(); ++i)
    if (has_ood(networks[i])) out[i].network({losses[networks[i].index].mse});
  return true;
}

}  // namespace

Measure ood_loss_measure() {
  return {
      .name = "ood_loss",
      .asked = [](const CellSettings& cell) { return cell.task.ood_samples > 0; },
      .finite_weights = false,
      .network = {{.name = "ood_loss",
                   .doc = "mean squared error, clean, of all out-of-distribution samples",
                   .unit = "target^2",
                   .since = 2,
                   .run = {.heading = "ood loss", .format = "{:.2e}", .order = 20}}},
      .compute_pack = evaluate_ood,
  };
}

}  // namespace modsweep
