// Functions that build the lines of the tables of settings (keys.cpp, recurrent_keys.cpp).
#pragma once

#include "config/json_values.h"
#include "config/keys.h"

#include <algorithm>
#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace modsweep::keys {

// ---- From a member of a settings struct to its value in a cell.

template <typename>
struct MemberOf;
template <typename Class, typename T>
struct MemberOf<T Class::*> {
  using Section = Class;
  using Type = T;
};

auto& section_of(auto& cell, const TaskSettings*) {
  return cell.task;
}
auto& section_of(auto& cell, const NetworkSettings*) {
  return cell.network;
}
auto& section_of(auto& cell, const NoiseSettings*) {
  return cell.noise;
}
auto& section_of(auto& cell, const RegularizerSettings*) {
  return cell.regularizer;
}
auto& section_of(auto& cell, const TrainingSettings*) {
  return cell.training;
}
auto& section_of(auto& cell, const PruningSettings*) {
  return cell.pruning;
}
auto& section_of(auto& cell, const GrowthSettings*) {
  return cell.growth;
}
auto& section_of(auto& cell, const StartSettings*) {
  return cell.start;
}
auto& section_of(auto& cell, const MeasureSettings*) {
  return cell.measure;
}

template <auto Member>
auto& member_of(auto& cell) {
  using Section = typename MemberOf<decltype(Member)>::Section;
  return section_of(cell, static_cast<const Section*>(nullptr)).*Member;
}

template <auto Member>
KeyInfo key(std::string_view name, ValueKind kind, std::string_view doc) {
  KeyInfo info;
  info.name = name;
  info.kind = kind;
  info.doc = doc;
  info.write = [](const CellSettings& cell, std::string& out) { append_value(out, member_of<Member>(cell)); };
  info.read = [](CellSettings& cell, std::string_view json) {
    return read_value(json, member_of<Member>(cell));
  };
  return info;
}

// ---- Functions that build the lines of the table. The member's type decides the kind of value; limits and
// choices come between name and doc.

template <auto Member>
KeyInfo key(std::string_view name, Limits limits, std::string_view doc) {
  using Type = typename MemberOf<decltype(Member)>::Type;
  KeyInfo info =
      key<Member>(name, std::is_same_v<Type, double> ? ValueKind::number : ValueKind::integer, doc);
  info.limits = limits;
  return info;
}

template <auto Member>
KeyInfo key(std::string_view name, std::string_view doc) {
  using Type = typename MemberOf<decltype(Member)>::Type;
  if constexpr (Enumeration<Type>) {
    KeyInfo info = key<Member>(name, ValueKind::choice, doc);
    for (const auto& [value, text] : EnumNames<Type>::table) info.choices.push_back(text);
    return info;
  } else {
    constexpr bool text = std::is_same_v<Type, std::string>;
    static_assert(text || std::is_same_v<Type, bool>, "this key needs limits");
    return key<Member>(name, text ? ValueKind::text : ValueKind::boolean, doc);
  }
}

template <auto Member>
KeyInfo key(std::string_view name, std::vector<std::string_view> choices, std::string_view doc) {
  KeyInfo info = key<Member>(name, ValueKind::choice, doc);
  info.choices = std::move(choices);
  return info;
}

template <auto Member>
KeyInfo list(std::string_view name, std::size_t shortest, std::size_t longest, Limits each,
             std::string_view doc) {
  KeyInfo info = key<Member>(name, ValueKind::integer_list, doc);
  info.limits = each;
  info.shortest = shortest;
  info.longest = longest;
  return info;
}

template <auto Member>
KeyInfo line(std::string_view name, std::string_view doc) {
  return key<Member>(name, ValueKind::line, doc);
}

template <auto Member>
KeyInfo lines(std::string_view name, std::size_t shortest, std::size_t longest, std::string_view doc) {
  KeyInfo info = key<Member>(name, ValueKind::line_list, doc);
  info.shortest = shortest;
  info.longest = longest;
  return info;
}

inline KeyInfo with_alias(KeyInfo info, const ChoiceAlias& alias) {
  info.aliases.push_back(alias);
  return info;
}

inline KeyInfo later(KeyInfo info) {
  info.later = true;
  return info;
}

/// A setting of these families of networks; without a call: of feed-forward ones alone.
inline KeyInfo of(std::initializer_list<Family> families, KeyInfo info) {
  info.families = {};
  for (const Family family : families) info.families.set(static_cast<std::size_t>(family));
  return info;
}

/// A setting of all families.
inline KeyInfo of_all(KeyInfo info) {
  info.families.set();
  return info;
}

/// The same with another default for recurrent networks, as canonical JSON.
inline KeyInfo of_all(KeyInfo info, std::string_view recurrent_standard) {
  info.standards[static_cast<std::size_t>(Family::recurrent)] = recurrent_standard;
  return of_all(std::move(info));
}

/// The key of a setting that is declared beside the code that uses it. Section: the table whose `own` stores
/// its value.
template <auto Section, typename T>
KeyInfo own_key(const Setting<T>& setting) {
  constexpr bool text = std::is_same_v<T, std::string_view>;
  KeyInfo info;
  info.name = setting.key;
  info.doc = setting.doc;
  info.limits = setting.limits;
  info.later = !setting.in_every_id;
  for (const std::string_view choice : setting.choices)
    if (!choice.empty()) info.choices.push_back(choice);
  if constexpr (text)
    info.kind = info.choices.empty() ? ValueKind::line : ValueKind::choice;
  else
    info.kind = std::is_same_v<T, bool>     ? ValueKind::boolean
                : std::is_same_v<T, double> ? ValueKind::number
                                            : ValueKind::integer;
  info.write = [setting](const CellSettings& cell, std::string& out) {
    append_value(out, setting.of(cell.*Section));
  };
  info.read = [setting](CellSettings& cell, std::string_view json) {
    typename Setting<T>::Stored value{};
    if (!read_value(json, value)) return false;
    setting.set(cell.*Section, value);
    return true;
  };
  return info;
}

/// Appends the keys of settings declared that way, of networks of that family; several tasks may share one.
template <auto Section>
void add_own_keys(const std::vector<AnySetting>& settings, Family family, std::vector<KeyInfo>& keys) {
  for (const AnySetting& setting : settings) {
    auto found = std::ranges::find(keys, key_of(setting), &KeyInfo::name);
    if (found == keys.end()) {
      keys.push_back(std::visit([](const auto& one) { return own_key<Section>(one); }, setting));
      found = keys.end() - 1;
      found->families = {};
    }
    found->families.set(static_cast<std::size_t>(family));
  }
}

// No coefficient of a network is useful beyond this, and it is finite in single precision, too.
inline constexpr double huge = 1e30;
inline constexpr Limits counter = {0, 2147483648.0};  // steps are 32-bit counters of the noise generator
inline constexpr Limits seed = {0, 4294967295.0};
inline constexpr Limits samples = {1, 1e8};
inline constexpr Limits width = {1, 65536};
inline constexpr Limits depth = {1, 31};  // of each part of a named architecture: at most 63 hidden layers
inline constexpr Limits not_negative = {0, huge};
inline constexpr Limits positive = {0, huge, true};
inline constexpr Limits exponent = {0, math::largest_activity_exponent};
inline constexpr Limits fraction = {0, 1, false, true};
inline constexpr Limits fraction_or_one = {0, 1};
inline constexpr Limits positive_fraction = {0, 1, true};

}  // namespace modsweep::keys
