#include "plan/schedule.h"

#include "plan/recurrent_work.h"

#include <algorithm>
#include <cmath>

#include "modsweep/early_stopping.h"

namespace modsweep {
namespace {

/// round(10^(i/points)), or `total` where that is not below it.
std::uint64_t log_spaced_step(std::uint64_t i, std::uint32_t points, std::uint64_t total) {
  const double value = std::round(std::pow(10.0, static_cast<double>(i) / points));
  return value < static_cast<double>(total) ? static_cast<std::uint64_t>(value) : total;
}

std::uint64_t next_log_spaced(std::uint32_t points, std::uint64_t from, std::uint64_t total) {
  // Starts one point early, because the logarithm may round up across a point.
  const double guess =
      from > 1 ? std::floor(points * std::log10(static_cast<double>(from) - 0.5)) - 1.0 : 0.0;
  auto i = static_cast<std::uint64_t>(std::max(guess, 0.0));
  std::uint64_t step = log_spaced_step(i, points, total);
  while (step < from) step = log_spaced_step(++i, points, total);
  return step;
}

/// When a cell is measured.
struct Times {
  std::uint64_t every_steps = 0;
  std::uint32_t points_per_decade = 0;
  bool initial = false;
};

/// A recurrent network is measured at the end of each epoch.
Times times_of(const CellSettings& cell) {
  if (cell.network.family == Family::recurrent) return {.every_steps = cell.growth.epoch_steps};
  return {cell.measure.every_steps, cell.measure.points_per_decade, cell.measure.initial};
}

}  // namespace

std::optional<std::uint64_t> next_measurement(const CellSettings& cell, std::uint64_t from) {
  const Times measure = times_of(cell);
  const std::uint64_t total = total_steps(cell);
  if (from > total) return std::nullopt;
  if (from == 0) {
    if (measure.initial) return 0;
    from = 1;
  }
  std::uint64_t next = total;
  if (measure.every_steps > 0) {
    const std::uint64_t past =
        (from - 1) % measure.every_steps;  // steps since the last multiple below `from`
    const std::uint64_t wait = measure.every_steps - 1 - past;
    if (wait < total - from) next = from + wait;
  }
  if (measure.points_per_decade > 0) {
    next = std::min(next, next_log_spaced(measure.points_per_decade, from, total));
  }
  return next;
}

bool first_steps_depend_on_length(const CellSettings& cell) {
  // A cosine falls over the whole run. Early stopping may choose the last step, which is always measured and
  // which a longer run does not end at.
  return cell.training.schedule == Schedule::cosine || wants_best_step(cell);
}

std::uint64_t measurement_count(const CellSettings& cell) {
  const Times measure = times_of(cell);
  const std::uint64_t total = total_steps(cell);
  if (measure.points_per_decade ==
      0) {  // in closed form: a plan counts the measurements of millions of cells
    const std::uint64_t regular = measure.every_steps > 0 ? total / measure.every_steps : 0;
    const bool last_is_extra = measure.every_steps == 0 || total % measure.every_steps != 0;
    return (measure.initial ? 1 : 0) + regular + (last_is_extra ? 1 : 0);
  }
  const auto log_only = [&] {
    CellSettings sparse = cell;
    sparse.measure.every_steps = 0;
    return sparse;
  }();
  std::uint64_t count = 0;
  for (auto step = next_measurement(log_only, 0); step; step = next_measurement(log_only, *step + 1)) {
    const bool also_regular = measure.every_steps > 0 && *step > 0 && *step % measure.every_steps == 0;
    if (!also_regular) ++count;
  }
  return count + (measure.every_steps > 0 ? total / measure.every_steps : 0);
}

double samples_in_steps(const CellSettings& cell, std::uint64_t steps) {
  const std::uint64_t batch = cell.training.batch_size;
  const std::uint64_t samples = cell.task.train_samples;
  const std::uint64_t batches = (samples + batch - 1) / batch;
  return static_cast<double>(steps / batches) * static_cast<double>(samples) +
         static_cast<double>(steps % batches * batch);
}

double training_flop(const CellSettings& cell, std::uint64_t weights, std::uint64_t steps) {
  if (cell.network.family == Family::recurrent) return recurrent_flop(cell, steps);
  return 6.0 * static_cast<double>(weights) * samples_in_steps(cell, steps);
}

}  // namespace modsweep
