// What a cell of a recurrent network must satisfy beyond the types and limits of its single settings.
#pragma once

#include "modsweep/settings.h"

namespace modsweep {

/// Throws InputError naming the key, its value and the remedy, without a location in a file.
void check_recurrent(const CellSettings& cell);

}  // namespace modsweep
