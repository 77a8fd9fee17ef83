// When a cell is measured, and how much work its training is: arithmetic over settings alone.
#pragma once

#include <cstdint>
#include <optional>

#include "modsweep/settings.h"

namespace modsweep {

/// The first step >= `from` at which the cell is measured: multiples of every_steps,
/// round(10^(i/points_per_decade)), 0 where `initial`, and always the last step. None where `from` is past
/// the last step.
[[nodiscard]] std::optional<std::uint64_t> next_measurement(const CellSettings& cell, std::uint64_t from);

/// Whether a step, or what is kept of it, depends on how many follow it, as a learning rate that falls over
/// the whole run does: then a shorter run is no beginning of a longer one. The one place that says so: noise,
/// order and batches are drawn by the number of the step.
[[nodiscard]] bool first_steps_depend_on_length(const CellSettings& cell);

/// The number of measurements of a whole run.
[[nodiscard]] std::uint64_t measurement_count(const CellSettings& cell);

/// Samples that the first `steps` steps see; the last batch of an epoch may be smaller than the others.
/// Exact below 2^53.
[[nodiscard]] double samples_in_steps(const CellSettings& cell, std::uint64_t steps);

/// Floating-point operations of the first `steps` steps: 6 per weight and sample (2 forward, 4 backward); of
/// a recurrent network recurrent_flop().
[[nodiscard]] double training_flop(const CellSettings& cell, std::uint64_t weights, std::uint64_t steps);

}  // namespace modsweep
