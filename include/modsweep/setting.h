// A setting that one task or measure declares for itself, beside the code that uses it; its value is stored
// by key. The table of all settings (host/config/keys.cpp) collects these declarations, so that no other file
// has to name the setting.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

namespace modsweep {

/// The numbers that a setting accepts; for a list, each of its entries.
struct Limits {
  double low = 0.0;
  double high = 0.0;
  bool above_low = false;   ///< low itself is excluded
  bool below_high = false;  ///< high itself is excluded

  [[nodiscard]] bool contains(double value) const {
    return (above_low ? value > low : value >= low) && (below_high ? value < high : value <= high);
  }
  /// "from 1 to 65536", "at least 0 and below 1".
  [[nodiscard]] std::string text() const;
};

/// The value of a setting that is stored by key.
using OwnValue = std::variant<bool, std::uint32_t, double, std::string>;

/// Values of settings by key. An absent setting has its default; Setting::set never stores a default, so that
/// equal settings compare equal.
class OwnValues {
 public:
  /// Null: the setting has its default.
  [[nodiscard]] const OwnValue* find(std::string_view key) const {
    const auto found = values_.find(key);
    return found == values_.end() ? nullptr : &found->second;
  }
  void set(std::string_view key, OwnValue value) {
    values_.insert_or_assign(std::string(key), std::move(value));
  }
  void erase(std::string_view key) {
    if (const auto found = values_.find(key); found != values_.end()) values_.erase(found);
  }
  bool operator==(const OwnValues&) const = default;

 private:
  std::map<std::string, OwnValue, std::less<>> values_;
};

/// The declaration of a setting, a constant in the file of the code that uses it. T: bool, std::uint32_t,
/// double, or std::string_view (one of `choices`, or any text on one line where there are none).
template <typename T>
struct Setting {
  std::string_view key{};                     ///< "task.fan_fraction"
  T standard{};                               ///< its default
  Limits limits{};                            ///< of a number
  std::array<std::string_view, 8> choices{};  ///< of a text; ends with the first empty one
  std::string_view doc{};                     ///< one line: the task or measure that uses it, and its meaning
  /// True: part of every cell's id. False (every new setting): part of the ids only of cells where it differs
  /// from its default, so that cells of older stores keep their ids.
  bool in_every_id = false;

  using Value = T;
  using Stored = std::conditional_t<std::is_same_v<T, std::string_view>, std::string, T>;

  /// The value in `settings`, a group with a member `own` (TaskSettings, MeasureSettings); a text lives as
  /// long as the group.
  [[nodiscard]] T of(const auto& settings) const {
    const OwnValue* value = settings.own.find(key);
    return value == nullptr ? standard : T(std::get<Stored>(*value));
  }
  void set(auto& settings, T value) const {
    if (value == standard)
      settings.own.erase(key);
    else
      settings.own.set(key, Stored(value));
  }
};

using AnySetting =
    std::variant<Setting<bool>, Setting<std::uint32_t>, Setting<double>, Setting<std::string_view>>;

[[nodiscard]] inline std::string_view key_of(const AnySetting& setting) {
  return std::visit([](const auto& one) { return one.key; }, setting);
}

}  // namespace modsweep
