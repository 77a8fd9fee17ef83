// From a cell's settings to those of a recurrent run.
#pragma once

#include "recurrent/training.h"

#include "modsweep/settings.h"

namespace modsweep::recurrent {

/// The settings of a cell that check_cell() has accepted.
[[nodiscard]] RunSettings run_settings(const CellSettings& cell);

}  // namespace modsweep::recurrent
