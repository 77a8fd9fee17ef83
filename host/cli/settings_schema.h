// The form of a sweep file as a JSON Schema, for editors.
#pragma once

#include "config/keys.h"

#include <span>
#include <string>

namespace modsweep::cli {

/// A JSON Schema (draft 7) of sweep files with these settings: a nested object for each table, the axes in
/// all their forms, name and zip. It accepts every sweep file that `run` accepts, and refuses unknown keys,
/// values of a wrong type and values out of range; rules that involve several settings are left to `plan`.
[[nodiscard]] std::string sweep_schema(std::span<const KeyInfo* const> keys);

}  // namespace modsweep::cli
