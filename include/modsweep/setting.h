// A setting that belongs to one task: declared beside the code that uses it, and kept by its key. The table
// of all settings (host/config/keys.cpp) takes it from the task, so that nothing else has to name it.
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

/// Which numbers a setting takes; for a list, each of its entries.
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

/// A value of a setting that is kept by its key.
using OwnValue = std::variant<bool, std::uint32_t, double, std::string>;

/// Values of settings by their keys. A setting that is not here has its default; Setting::set keeps it so,
/// and then equal settings compare equal.
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
  std::string_view doc{};                     ///< one line: whose it is and what it means
  /// True: part of every cell's id. False, for every new setting: only of ids of cells where it is not the
  /// default, so that cells of stores that do not know it keep their ids.
  bool in_every_id = false;

  using Value = T;
  using Stored = std::conditional_t<std::is_same_v<T, std::string_view>, std::string, T>;

  /// The value in settings that keep some by key, as TaskSettings; a text lives as long as they do.
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
