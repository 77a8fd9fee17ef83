// Which measurements the sweeps of a store do not ask for.
#pragma once

#include <set>
#include <span>
#include <string_view>

#include <SQLiteCpp/SQLiteCpp.h>

#include "modsweep/sweep.h"

namespace modsweep {

/// The names of all columns of measures (of networks and of layers) that no cell of these sweeps asks for.
[[nodiscard]] std::set<std::string_view> unmeasured_columns(std::span<const Sweep> sweeps);

/// The same for all sweeps of some stores. Empty where there are no sweeps yet, and where a sweep has
/// settings that this program does not know.
[[nodiscard]] std::set<std::string_view> unmeasured_columns(std::span<SQLite::Database* const> stores);

}  // namespace modsweep
