// All settings: their names in a sweep file, how they are read and written, which values they accept.
// Settings that several parts of the program use are in the table of keys.cpp, those of one task in its file.
#pragma once

#include <array>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "modsweep/setting.h"
#include "modsweep/settings.h"

namespace modsweep {

/// `text`: a plain name; `line`: any text on one line that needs no escapes, such as the path of a file.
enum class ValueKind : std::uint8_t { boolean, integer, number, text, choice, line, integer_list, line_list };

[[nodiscard]] constexpr bool is_list(ValueKind kind) {
  return kind == ValueKind::integer_list || kind == ValueKind::line_list;
}

/// A further name for a choice together with a value of another setting: "relu" is "leaky_relu" with
/// network.leaky_slope = 0. It stands in sweep files only; cells have both settings.
struct ChoiceAlias {
  std::string_view name;
  std::string_view choice;
  std::string_view other_key;
  std::string_view other_json;

  /// "\"leaky_relu\" with network.leaky_slope = 0"
  [[nodiscard]] std::string meaning() const;
};

/// One setting. Values are passed as canonical JSON (modsweep/sweep.h), the form in which axes and stores
/// hold them.
struct KeyInfo {
  std::string_view name;  ///< "noise.strength"
  ValueKind kind = ValueKind::boolean;
  Limits limits;                          ///< integer, number, integer_list
  std::vector<std::string_view> choices;  ///< choice
  std::vector<ChoiceAlias> aliases;       ///< choice: further names
  std::size_t shortest = 0;               ///< lists: entries
  std::size_t longest = 0;
  std::string_view doc;  ///< one line
  bool later = false;    ///< added after the first stores: not part of an id while it has its default
  std::string standard;  ///< canonical JSON of its default, of feed-forward networks
  /// The families of networks for which it means something; for others it stays at its default.
  std::bitset<family_count> families = 1U << static_cast<unsigned>(Family::feedforward);
  std::array<std::string, family_count> standards = {};  ///< by family

  /// Appends the canonical JSON of this setting's value.
  std::function<void(const CellSettings&, std::string& out)> write = nullptr;
  /// Sets the value. Returns false if the text is not the canonical JSON of a value of this type; does not
  /// check limits.
  std::function<bool(CellSettings&, std::string_view json)> read = nullptr;

  [[nodiscard]] std::string_view section() const { return name.substr(0, name.find('.')); }
  [[nodiscard]] std::string_view leaf() const { return name.substr(name.find('.') + 1); }
  [[nodiscard]] bool is_of(Family family) const { return families.test(static_cast<std::size_t>(family)); }
  [[nodiscard]] const std::string& standard_of(Family family) const {
    return standards[static_cast<std::size_t>(family)];
  }
  /// "recurrent", "feedforward, recurrent".
  [[nodiscard]] std::string families_text() const;
  /// What a value must be, for messages and documentation: "an integer from 1 to 65536".
  [[nodiscard]] std::string type() const;
};

/// All settings, sorted by name.
[[nodiscard]] const std::vector<KeyInfo>& setting_keys();

/// The names of the tables, "measure", "network", ..., sorted.
[[nodiscard]] const std::vector<std::string_view>& setting_sections();

/// Null if there is no such key.
[[nodiscard]] const KeyInfo* find_key(std::string_view name);

/// A hint for an unknown key: `; did you mean noise.strength?`, or the keys of its table.
[[nodiscard]] std::string unknown_key_remedy(std::string_view name);

/// What a value that is not among a key's choices may have been meant to be: `did you mean "prelu"?`, or the
/// choices.
[[nodiscard]] std::string unknown_choice_remedy(std::string_view text, const KeyInfo& key);

/// The settings of a family, all at their defaults.
[[nodiscard]] const CellSettings& standard_settings(Family family);

/// The keys that mean nothing for a family.
[[nodiscard]] const std::vector<const KeyInfo*>& foreign_keys(Family family);

/// The key that this one replaces (training.steps and training.epochs), or an empty text.
[[nodiscard]] std::string_view schedule_partner(std::string_view name);

/// Canonical JSON of numbers: the shortest text that reads back exactly, and no negative zero.
void append_json(std::string& out, double value);
void append_json(std::string& out, std::uint64_t value);

}  // namespace modsweep
