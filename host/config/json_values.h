// Canonical JSON of each type that a setting can have: append_value writes it, and read_value reads it;
// read_value returns false and leaves the value unchanged if the text is not JSON of that type.
#pragma once

#include "config/keys.h"

#include <algorithm>
#include <charconv>
#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "modsweep/names.h"

namespace modsweep {

template <typename T>
concept Enumeration = std::is_enum_v<T>;

inline void append_value(std::string& out, bool value) {
  out += value ? "true" : "false";
}
inline void append_value(std::string& out, double value) {
  append_json(out, value);
}
inline void append_value(std::string& out, std::uint32_t value) {
  append_json(out, std::uint64_t{value});
}
inline void append_value(std::string& out, std::uint64_t value) {
  append_json(out, value);
}
// Texts need no escapes: the reader rejects quotes, backslashes and control characters.
inline void append_value(std::string& out, std::string_view value) {
  (out += '"').append(value) += '"';
}
void append_value(std::string& out, Enumeration auto value) {
  append_value(out, name_of(value));
}
template <typename T>
void append_value(std::string& out, const std::vector<T>& values) {
  out += '[';
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (i > 0) out += ',';
    append_value(out, values[i]);
  }
  out += ']';
}

inline bool read_value(std::string_view json, bool& value) {
  if (json != "true" && json != "false") return false;
  value = json == "true";
  return true;
}
template <typename T>
requires(std::same_as<T, double> || std::same_as<T, std::uint32_t> ||
         std::same_as<T, std::uint64_t>) bool read_value(std::string_view json, T& value) {
  const char* end = json.data() + json.size();
  T read{};
  const auto result = std::from_chars(json.data(), end, read);
  const bool whole = result.ec == std::errc() && result.ptr == end;
  if (whole) value = read;
  return whole;
}
inline bool read_value(std::string_view json, std::string& value) {
  if (json.size() < 2 || json.front() != '"' || json.find('"', 1) != json.size() - 1) return false;
  value = json.substr(1, json.size() - 2);
  return true;
}
template <Enumeration Enum>
bool read_value(std::string_view json, Enum& value) {
  if (json.size() < 2 || json.front() != '"' || json.back() != '"') return false;
  const auto found = value_of<Enum>(json.substr(1, json.size() - 2));
  if (found) value = *found;
  return found.has_value();
}
/// Length of the first value between a list's brackets, up to its comma; a comma in quotes does not count.
inline std::size_t first_value(std::string_view json) {
  const std::size_t from = json.front() == '"' ? json.find('"', 1) : 0;
  return std::min(json.find(',', from), json.size());
}
template <typename T>
bool read_value(std::string_view json, std::vector<T>& values) {
  if (json.size() < 2 || json.front() != '[' || json.back() != ']') return false;
  json = json.substr(1, json.size() - 2);
  std::vector<T> read;
  while (!json.empty()) {
    const std::size_t comma = first_value(json);
    if (!read_value(json.substr(0, comma), read.emplace_back())) return false;
    if (comma + 1 == json.size()) return false;  // a trailing comma
    json.remove_prefix(std::min(comma + 1, json.size()));
  }
  values = std::move(read);
  return true;
}

}  // namespace modsweep
