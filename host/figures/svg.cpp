#include "figures/svg.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <utility>

#include <fmt/format.h>

namespace modsweep::figures {
namespace {

bool is_blank(char c) {
  return std::isspace(static_cast<unsigned char>(c)) != 0;
}

/// Runs of blanks with a line break or a tab in them: nothing between two elements, else one blank.
std::string without_line_breaks(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    std::size_t end = i;
    while (end < text.size() && is_blank(text[end])) ++end;
    const std::string_view run = text.substr(i, end - i);
    if (run.empty()) {
      out += text[i++];
      continue;
    }
    const bool between = !out.empty() && out.back() == '>' && end < text.size() && text[end] == '<';
    if (run.find_first_of("\n\t\r") == std::string_view::npos)
      out += run;
    else if (!between)
      out += ' ';
    i = end;
  }
  return out;
}

/// "#2f708b" of "rgb( 47, 112, 139)" at the beginning of the text, and the length of the latter; empty: there
/// is no color.
std::pair<std::string, std::size_t> hexadecimal(std::string_view text) {
  const std::size_t end = text.find(')');
  if (end > 24) return {};  // npos, too
  std::array<int, 3> parts{};
  const char* at = text.data() + 4;
  for (int& part : parts) {
    while (at < text.data() + end && (is_blank(*at) || *at == ',')) ++at;
    const auto read = std::from_chars(at, text.data() + end, part);
    if (read.ec != std::errc{} || part < 0 || part > 255) return {};
    at = read.ptr;
  }
  return {fmt::format("#{:02x}{:02x}{:02x}", parts[0], parts[1], parts[2]), end + 1};
}

std::string with_short_colors(std::string_view text) {
  std::string out;
  std::size_t from = 0;
  for (auto at = text.find("rgb("); at != std::string_view::npos; at = text.find("rgb(", at + 4)) {
    const auto [color, length] = hexadecimal(text.substr(at));
    if (color.empty()) continue;
    out += text.substr(from, at - from);
    out += color;
    from = at + length;
  }
  return out.append(text.substr(from));
}

/// Removes groups without anything in them, also those that held only such groups.
std::string without_empty_groups(std::string text) {
  constexpr std::string_view end = "></g>";
  while (true) {
    std::string out;
    std::size_t from = 0;
    for (auto at = text.find(end); at != std::string::npos; at = text.find(end, at + end.size())) {
      const std::size_t begin = text.rfind('<', at);
      if (begin == std::string::npos || begin < from || text.compare(begin, 3, "<g ") != 0) continue;
      out.append(text, from, begin - from);
      from = at + end.size();
    }
    if (from == 0) return text;
    text = out.append(text, from);
  }
}

/// Without gnuplot's filters for boxes around labels, which no figure has.
std::string without_filters(std::string_view text) {
  constexpr std::string_view end = "</filter>";
  std::string out;
  std::size_t from = 0;
  for (auto at = text.find("<filter "); at != std::string_view::npos; at = text.find("<filter ", from)) {
    const auto close = text.find(end, at);
    if (close == std::string_view::npos) break;
    out += text.substr(from, at - from);
    from = close + end.size();
  }
  return out.append(text.substr(from));
}

}  // namespace

std::string replaced(std::string_view text, std::string_view what, std::string_view by) {
  std::string out;
  std::size_t from = 0;
  for (auto at = text.find(what); at != std::string_view::npos; at = text.find(what, from)) {
    out += text.substr(from, at - from);
    out += by;
    from = at + what.size();
  }
  return out.append(text.substr(from));
}

std::string compact_svg(std::string_view svg) {
  std::string text = without_filters(with_short_colors(without_line_breaks(svg)));
  text = replaced(text, " stroke-linecap=\"butt\" stroke-linejoin=\"miter\"", "");
  for (const char* attribute : {"fill", "points"})
    text = replaced(text, fmt::format("{} = '", attribute), fmt::format("{}='", attribute));
  // Numbers of a matrix stay squares where the picture is enlarged.
  text = replaced(text, "<image ", "<image style='image-rendering:pixelated' ");
  text = without_empty_groups(std::move(text));
  // Rectangles of a map or a matrix: one group for all of them.
  constexpr std::string_view group = "<g stroke='none' shape-rendering='crispEdges'>";
  return replaced(text, fmt::format("</g>{}", group), "");
}

}  // namespace modsweep::figures
