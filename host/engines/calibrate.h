// How fast an engine trains the cells of a sweep: for time estimates only.
#pragma once

#include "plan/summary.h"

#include <cstddef>

#include "modsweep/engine.h"
#include "modsweep/sweep.h"
#include "modsweep/task.h"

namespace modsweep {

/// What was measured, for a moment, on this machine.
struct Calibration {
  double flop_per_second = 0.0;  ///< as training_flop counts them; 0 where nothing is left to train
  double seconds_per_measurement =
      0.0;  ///< of one network, all threads at work; writing it down not included

  /// On several devices side by side, each about as fast as the one that was timed, as long as there are
  /// packs.
  [[nodiscard]] Calibration on(std::size_t devices, const PlanSummary& plan) const;
  [[nodiscard]] double seconds_to_measure(const PlanSummary& plan) const {
    return plan.measurements * seconds_per_measurement;
  }
  /// To train and to measure what is left.
  [[nodiscard]] double seconds(const PlanSummary& plan) const {
    return plan.seconds(flop_per_second) + seconds_to_measure(plan);
  }
};

/// Seconds that a cell takes beside training and measuring: making its network, and writing what was measured
/// of it once. Timed on the shape with the most work, with a store in a temporary folder; 0 where nothing is
/// left.
[[nodiscard]] double seconds_to_keep_a_cell(const Sweep& sweep, const PlanSummary& plan, Engine& engine,
                                            DatasetCache& datasets, std::size_t threads);

/// Trains a few cells of the shape with the most work for about `seconds`, measures them once and forgets
/// them. `plan` is of the same sweep and kind of engine.
[[nodiscard]] Calibration calibrate(const Sweep& sweep, const PlanSummary& plan, Engine& engine,
                                    DatasetCache& datasets, std::size_t threads, double seconds);

}  // namespace modsweep
