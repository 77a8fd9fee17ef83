#include "page/setting_text.h"

#include <algorithm>
#include <cctype>
#include <cstdint>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace modsweep::page {

using nlohmann::json;

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
