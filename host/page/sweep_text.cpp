#include "page/sweep_text.h"

#include "config/keys.h"

#include <algorithm>
#include <cctype>
#include <cstdint>
#include <set>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace modsweep::page {
namespace {

using nlohmann::json;

/// Texts and lists of canonical JSON are TOML, too; so are numbers.
std::string toml_list(const std::vector<std::string>& values) {
  std::string one_line = fmt::format("[{}]", fmt::join(values, ", "));
  if (one_line.size() <= 110) return one_line;
  return fmt::format("[\n  {},\n]", fmt::join(values, ",\n  "));
}

std::string axis_text(const json& axis) {
  std::string text;
  const json& keys = axis.at("keys");
  for (std::size_t k = 0; k < keys.size(); ++k) {
    std::vector<std::string> values;
    for (const json& point : axis.at("values")) values.push_back(point.at(k).dump());
    text += fmt::format("{} = {}\n", keys[k].dump(), toml_list(values));
  }
  return text;
}

}  // namespace

std::string sweep_file_text(const StoredSweep& sweep) {
  const json base = json::parse(sweep.base);
  const json axes = json::parse(sweep.axes);
  std::set<std::string> varied;
  std::vector<std::string> zips;
  for (const json& axis : axes) {
    for (const json& key : axis.at("keys")) varied.insert(key.get<std::string>());
    if (axis.at("keys").size() > 1) zips.push_back(axis.at("keys").dump());
  }
  std::string text = fmt::format("name = {}\n", json(sweep.name).dump());
  if (!zips.empty()) text += fmt::format("zip = {}\n", toml_list(zips));
  std::string section;
  for (const auto& [key, value] : base.items()) {
    const KeyInfo* known = find_key(key);
    if (varied.contains(key) || (known != nullptr && json::parse(known->standard) == value)) continue;
    const std::size_t dot = key.find('.');
    if (key.substr(0, dot) != section) {
      section = key.substr(0, dot);
      text += fmt::format("\n[{}]\n", section);
    }
    text += fmt::format("{} = {}\n", key.substr(dot + 1), value.dump());
  }
  if (axes.empty()) return text;
  text += "\n[axes]\n";
  for (const json& axis : axes) text += axis_text(axis);
  return text;
}

std::string shell_word(std::string_view text) {
  const auto is_plain = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
           std::string_view("-_./=:,+@%").find(c) != std::string_view::npos;
  };
  if (!text.empty() && text.front() != '-' && std::ranges::all_of(text, is_plain)) return std::string(text);
  std::string word = text.starts_with('-') ? "./" : "";
  word += '\'';
  for (const char c : text) word += c == '\'' ? "'\\''" : std::string(1, c);
  return word + '\'';
}

std::string value_text(const json& value) {
  if (value.is_null()) return "none";
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number_float()) return fmt::format("{:.6g}", value.get<double>());
  if (!value.is_array()) return value.dump();
  std::vector<std::string> texts;
  for (const json& entry : value) texts.push_back(value_text(entry));
  return fmt::format("[{}]", fmt::join(texts, ", "));
}

std::string values_text(const json& values, std::size_t most) {
  const auto consecutive = [&] {
    for (std::size_t i = 0; i < values.size(); ++i)
      if (!values[i].is_number_integer() ||
          values[i].get<std::int64_t>() != values[0].get<std::int64_t>() + static_cast<std::int64_t>(i))
        return false;
    return values.size() > 3;
  };
  if (consecutive()) return fmt::format("{} to {}", value_text(values.front()), value_text(values.back()));
  std::vector<std::string> texts;
  const std::size_t shown = values.size() <= most ? values.size() : most - 2;
  for (std::size_t i = 0; i < shown; ++i) texts.push_back(value_text(values[i]));
  std::string text = fmt::format("{}", fmt::join(texts, ", "));
  if (shown < values.size()) text += fmt::format(", ..., {}", value_text(values.back()));
  return text;
}

}  // namespace modsweep::page
