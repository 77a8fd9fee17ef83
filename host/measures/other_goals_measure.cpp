// Of networks with several goals: which one they learn, and how well they do at the others.
#include <algorithm>

#include "modsweep/measure.h"

namespace modsweep {
namespace {

/// Evaluates the pack once for each further goal, each network at the goals behind its present one, and turns
/// it back.
bool evaluate_other_goals(Training& training, std::span<const MeasuredNetwork> networks,
                          std::span<MeasureOutput> out) {
  std::size_t most = 0;
  for (const MeasuredNetwork& network : networks) most = std::max(most, network.settings.task.goals.size());
  std::vector<double> sums(networks.size());
  const auto learn = [&](const MeasuredNetwork& network, std::size_t further) {
    const std::size_t now = goal_of_step(network.settings, network.step);
    training.learn(network.index, (now + further) % network.settings.task.goals.size());
  };
  for (std::size_t further = 1; further < most; ++further) {
    for (const MeasuredNetwork& network : networks)
      if (further < network.settings.task.goals.size()) learn(network, further);
    const std::vector<Evaluation> losses = training.evaluate(Split::test, {});
    for (std::size_t i = 0; i < networks.size(); ++i)
      if (further < networks[i].settings.task.goals.size()) sums[i] += losses[networks[i].index].mse;
  }
  for (std::size_t i = 0; i < networks.size(); ++i) {
    const std::vector<std::string>& goals = networks[i].settings.task.goals;
    learn(networks[i], 0);
    out[i].network({goals[goal_of_step(networks[i].settings, networks[i].step)],
                    sums[i] / static_cast<double>(goals.size() - 1)});
  }
  return true;
}

}  // namespace

Measure other_goals_measure() {
  return {
      .name = "other_goals",
      .asked = [](const CellSettings& cell) { return cell.task.goals.size() > 1; },
      .finite_weights = false,
      .network = {{.name = "goal",
                   .doc = "the one of task.goals that the step learned; losses and wrong_signs are of it",
                   .since = 7,
                   .type = ColumnType::text},
                  {.name = "test_loss_other",
                   .doc = "test_loss at the others of task.goals, their mean",
                   .unit = "target^2",
                   .since = 7,
                   .run = {.heading = "other goals", .format = "{:.2e}", .order = 22}}},
      .compute_pack = evaluate_other_goals,
  };
}

}  // namespace modsweep
