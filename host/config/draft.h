// The content of a sweep file and the --set options, before it becomes a grid.
#pragma once

#include "config/keys.h"
#include "config/random_axis.h"
#include "config/toml_values.h"

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "modsweep/sweep.h"

namespace modsweep {

struct Fixed {
  std::string json;
  std::string location;
};

struct AxisDraft {
  std::string name;    // a key, or the name of a list of settings
  const KeyInfo* key;  // null for a list of settings
  std::vector<std::string> points;
  std::string location;
  std::optional<RandomAxis> random = {};              // where the points were drawn
  std::vector<std::vector<SettingValue>> lists = {};  // [point] of a list of settings
};

/// The axis along a key. Throws InputError.
[[nodiscard]] AxisDraft axis_along(const KeyInfo& key, const toml::node& node, const Source& source,
                                   const std::string& location);

struct Zip {
  std::vector<std::string> keys;
  std::string location;
};

// The content of file and options, before it becomes a grid.
struct Draft {
  std::string name;
  std::map<std::string, Fixed, std::less<>> fixed;
  std::vector<AxisDraft> axes;  // in grid order
  std::vector<Zip> zips;
  std::set<std::string, std::less<>> overridden;
  std::vector<std::string> notes;  // Sweep::notes

  [[nodiscard]] AxisDraft* axis(std::string_view key) {
    const auto found = std::ranges::find(axes, key, &AxisDraft::name);
    return found == axes.end() ? nullptr : &*found;
  }
  void remove_axis(std::string_view key) {
    std::erase_if(axes, [&](const AxisDraft& a) { return a.name == key; });
  }
};

/// The family of a sweep's networks, which its base names.
[[nodiscard]] Family family_of(const Draft& draft);

/// Reads a parsed sweep file. Throws InputError.
void read_document(const toml::table& document, const Source& source, Draft& draft);

/// Replaces names that stand for two settings (ChoiceAlias) by these, and tells of it in the notes. Throws
/// InputError where the second setting is given otherwise.
void resolve_aliases(Draft& draft);

/// Applies the key=value texts of --set to the content of the file. Throws InputError.
void apply_overrides(const std::vector<std::string>& overrides, Draft& draft);

}  // namespace modsweep
