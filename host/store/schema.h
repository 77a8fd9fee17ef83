// The tables of a store and how it says that it is one.
#pragma once

#include <cstdint>
#include <string_view>

namespace modsweep {

/// PRAGMA application_id of a store: "MSWP" in ASCII.
inline constexpr std::int32_t store_application_id = 0x4d535750;

/// PRAGMA user_version: raised whenever a table or column changes its meaning.
inline constexpr std::int32_t store_format = 1;

/// Makes all tables; each column is explained there. The views depend on the sweeps: see tables.h.
[[nodiscard]] std::string_view schema_sql();

/// Makes the table `fits` where it is not there yet. It is no part of the schema above: a store has it from
/// its first fit on, and a store without it is whole.
[[nodiscard]] std::string_view fits_sql();

}  // namespace modsweep
