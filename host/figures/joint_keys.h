// Settings that vary together on an axis, none of which tells the others: a key with commas between their
// names, whose values are lists of theirs.
#pragma once

#include "figures/grouping.h"
#include "figures/request.h"

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

namespace modsweep::figures {

/// The names of a key's settings: one, or those between its commas; none of an empty key.
[[nodiscard]] std::vector<std::string> settings_of(std::string_view key);

/// The value of a key from those of its settings; null of none.
[[nodiscard]] nlohmann::json joint_value(std::span<const nlohmann::json> parts);

/// Of each of these keys its values among the cells that are asked for, where there are several; keys that
/// are on one axis are joined, without those of them that have one value.
[[nodiscard]] std::vector<KeyValues> joint_values(const Source& source, const Request& request,
                                                  const std::vector<std::string>& keys);

/// A value of a key as people write it. Of joint settings those that differ from what most values have: "l12
/// 0.0005".
[[nodiscard]] std::string value_name(const KeyValues& key, std::size_t index);

}  // namespace modsweep::figures
