// What tests look for in pictures.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace modsweep::test {

inline std::size_t count_of(std::string_view text, std::string_view part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string_view::npos; at = text.find(part, at + part.size()))
    ++count;
  return count;
}

/// Whether every element of an XML text is closed in its turn, and no stray '<' or '&' is in it.
inline bool is_well_formed(std::string_view text) {
  std::vector<std::string> open;
  for (std::size_t at = 0; (at = text.find_first_of("<&", at)) != std::string_view::npos; ++at) {
    if (text[at] == '&') {
      const std::size_t end = text.find(';', at);
      if (end == std::string_view::npos || end - at > 8) return false;
      continue;
    }
    if (text.substr(at, 4) == "<!--") {
      at = text.find("-->", at);
      if (at == std::string_view::npos) return false;
      continue;
    }
    const std::size_t end = text.find('>', at);
    if (end == std::string_view::npos) return false;
    const std::string_view tag = text.substr(at + 1, end - at - 1);
    at = end;
    if (tag.starts_with('?') || tag.starts_with('!') || tag.ends_with('/')) continue;
    const std::size_t name_end = tag.find_first_of(" \t\r\n", 1);
    if (!tag.starts_with('/')) {
      open.emplace_back(tag.substr(0, name_end));
      continue;
    }
    if (open.empty() ||
        tag.substr(1, name_end == std::string_view::npos ? name_end : name_end - 1) != open.back())
      return false;
    open.pop_back();
  }
  return open.empty();
}

/// Every text element's letters, without markup.
inline std::vector<std::string> texts_of(std::string_view svg) {
  std::vector<std::string> texts;
  for (std::size_t at = svg.find("<text>"); at != std::string_view::npos; at = svg.find("<text>", at + 1)) {
    std::string text;
    bool inside = true;
    for (std::size_t i = at + 6; i < svg.size() && !svg.substr(i).starts_with("</text>"); ++i) {
      if (svg[i] == '<') inside = false;
      if (inside) text += svg[i];
      if (svg[i] == '>') inside = true;
    }
    const std::size_t first = text.find_first_not_of(" \t\r\n");
    const std::size_t last = text.find_last_not_of(" \t\r\n");
    texts.push_back(first == std::string::npos ? "" : text.substr(first, last - first + 1));
  }
  return texts;
}

}  // namespace modsweep::test
