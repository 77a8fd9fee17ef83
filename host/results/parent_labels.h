// The label of a parent: which of its settings vary among the parents of a sweep (science.md section 9).
#pragma once

#include <map>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

namespace modsweep {

/// "regularizer.l1=0.0001 regularizer.l2=0" of each parent, by id: what varies among them, but for the seed
/// and the measures. `parents`: settings by dotted key, by id.
[[nodiscard]] std::map<std::string, std::string> parent_labels(
    const std::map<std::string, nlohmann::json>& parents);

/// The settings that a label names, by dotted key; a value that is no JSON is a text.
[[nodiscard]] std::map<std::string, nlohmann::json> settings_of_label(std::string_view label);

/// Adds to the settings of a cell those of its parent that start.label names, as "start.KEY".
void add_parent_settings(nlohmann::json& settings);

}  // namespace modsweep
