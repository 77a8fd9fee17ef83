// How much work the training of a recurrent network is.
#pragma once

#include <cstdint>

#include "modsweep/settings.h"

namespace modsweep {

/// Operations of the first `steps` steps of a network that solves a task in every epoch, which is the most
/// that it can do: an upper bound, since the work grows with the task. Tests at the ends of epochs are
/// counted. An operation of the backward pass counts three times, because it takes that long: so time is
/// about proportional to this number at all tasks and sizes.
[[nodiscard]] double recurrent_flop(const CellSettings& cell, std::uint64_t steps);

}  // namespace modsweep
