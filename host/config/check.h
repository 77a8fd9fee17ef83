// What a cell must satisfy beyond the types and limits of its single settings.
#pragma once

#include "modsweep/settings.h"

namespace modsweep {

/// Throws InputError naming the key, its value and the remedy, without a location in a file.
void check_cell(const CellSettings& cell);

/// The same for a cell whose foreign keys (foreign_keys() of its family) are known to be at their defaults.
/// Most of the time of check_cell() goes into those, and they are the same for all cells of a sweep without
/// such an axis.
void check_cell_of_family(const CellSettings& cell);

}  // namespace modsweep
