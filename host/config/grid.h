// From an index of a grid to the settings of its cell.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "modsweep/sweep.h"

namespace modsweep {

/// Sets one value; training.steps and training.epochs clear each other. Throws InputError for a key that does
/// not exist or a text that does not fit (possible only in a Sweep that was not parsed from a file).
void set_value(CellSettings& settings, std::string_view key, std::string_view json);

/// The settings of a cell, unchecked.
[[nodiscard]] CellSettings settings_at(const Sweep& sweep, std::uint64_t index);

/// "noise.strength = 0.1, training.seed = 3": the varied values of a cell, for messages; the first few of
/// many.
[[nodiscard]] std::string describe_cell(const Sweep& sweep, std::uint64_t index);

}  // namespace modsweep
