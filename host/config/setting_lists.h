// Axes that are lists of settings: each point is a table of settings, and what it does not name stays as in
// the base. So settings that belong together vary together, and one that makes sense only beside another
// stands there.
#pragma once

#include "config/draft.h"

#include <string>
#include <string_view>

namespace modsweep {

/// Whether such an axis may have the name: it is neither a setting nor a table of settings.
[[nodiscard]] bool is_setting_list_name(std::string_view name);

/// Whether the value of an axis is a list of tables.
[[nodiscard]] bool is_setting_list(const toml::node& node);

/// Reads such an axis. Throws InputError.
[[nodiscard]] AxisDraft read_setting_list(const std::string& name, const toml::node& node,
                                          const Source& source, const std::string& location);

/// Replaces these axes by axes of their keys that move together, after all settings are known. Throws
/// InputError where another axis has one of the keys.
void expand_setting_lists(Draft& draft);

}  // namespace modsweep
