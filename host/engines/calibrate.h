// How fast an engine trains the cells of a sweep: for time estimates only.
#pragma once

#include "plan/summary.h"

#include <cstddef>

#include "modsweep/engine.h"
#include "modsweep/sweep.h"
#include "modsweep/task.h"

namespace modsweep {

/// Speeds from a short measurement on this machine.
struct Calibration {
  double flop_per_second = 0.0;  ///< as training_flop counts them; 0 where nothing remains to be trained
  double seconds_per_measurement =
      0.0;  ///< per network, with all threads at work, without writing the results

  /// Speeds of several devices in parallel, each about as fast as the one that was timed; at most one device
  /// per pack counts.
  [[nodiscard]] Calibration on(std::size_t devices, const PlanSummary& plan) const;
  [[nodiscard]] double seconds_to_measure(const PlanSummary& plan) const {
    return plan.measurements * seconds_per_measurement;
  }
  /// Seconds to train and measure the remaining cells.
  [[nodiscard]] double seconds(const PlanSummary& plan) const {
    return plan.seconds(flop_per_second) + seconds_to_measure(plan);
  }
};

/// Seconds per cell in addition to training and measuring: for creating its network, and for writing one
/// measurement of it. Timed on the shape with the most work, with a store in a temporary folder; 0 where no
/// cell remains.
[[nodiscard]] double seconds_to_keep_a_cell(const Sweep& sweep, const PlanSummary& plan, Engine& engine,
                                            DatasetCache& datasets, std::size_t threads);

/// Trains a few cells of the shape with the most work for about `seconds`, measures them once and discards
/// them. `plan` is of the same sweep and kind of engine.
[[nodiscard]] Calibration calibrate(const Sweep& sweep, const PlanSummary& plan, Engine& engine,
                                    DatasetCache& datasets, std::size_t threads, double seconds);

}  // namespace modsweep
