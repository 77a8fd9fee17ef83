#include "plan/recurrent_work.h"

#include "tasks/parity.h"

#include <algorithm>

namespace modsweep {
namespace {

constexpr double backward_cost = 3.0;

/// Of one network at one task: operations for each sample, training aside, and those of a step.
struct Costs {
  double test = 0.0;
  double step = 0.0;
};

/// Costs with the network's newest task N, where it has N - 1 modules or heads.
Costs costs_at(const CellSettings& cell, double task) {
  const double units = cell.network.units;
  const double square = units * units;
  const double old = task - 2.0;  // modules or heads before the newest
  // Lengths are uniform between N + 2 and the factor times N.
  const double length = std::max(task + 2.0, (task + 2.0 + parity::length_factor.of(cell.task) * task) / 2.0);
  if (cell.network.topology == Topology::flat) {
    const double heads = 12.0 * units * (old + 1.0);
    return {length * 2.0 * square + heads, length * (2.0 + backward_cost * 4.0) * square + heads};
  }
  const double forward = 2.0 * square + 4.0 * square * old;
  // Of the newest module the backward pass has W_R and the sums for W_R and W_FF, of each older one that is
  // trained too W_FF as well.
  const double newest = old > 0.0 ? 6.0 * square : 4.0 * square;
  const double others = cell.growth.old_rate > 0.0 ? 8.0 * square * old : 0.0;
  return {length * forward, length * (forward + backward_cost * (newest + others))};
}

}  // namespace

double recurrent_flop(const CellSettings& cell, std::uint64_t steps) {
  const std::uint64_t each = cell.growth.epoch_steps;
  double operations = 0.0;
  for (std::uint64_t epoch = 0; epoch * each < steps; ++epoch) {
    const std::uint64_t taken = std::min(each, steps - epoch * each);
    const Costs costs = costs_at(cell, static_cast<double>(epoch) + 2.0);
    operations += costs.step * static_cast<double>(taken);
    if (taken == each) operations += costs.test * cell.growth.test_batches;
  }
  return operations * cell.training.batch_size;
}

}  // namespace modsweep
