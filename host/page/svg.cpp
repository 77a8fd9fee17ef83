#include "page/svg.h"

#include "figures/svg.h"

#include <cctype>

#include <fmt/format.h>

#include "modsweep/error.h"

namespace modsweep::page {
namespace {

bool is_blank(char c) {
  return std::isspace(static_cast<unsigned char>(c)) != 0;
}

/// Without the attributes of this name.
std::string without_attribute(std::string_view text, std::string_view name) {
  std::string out;
  std::size_t from = 0;
  for (auto at = text.find(name); at != std::string_view::npos; at = text.find(name, at + 1)) {
    const std::size_t quote = text.find_first_of("\"'>", at);
    if (at < from || quote == std::string_view::npos || text[quote] == '>' || !is_blank(text[at - 1]))
      continue;
    const std::size_t end = text.find(text[quote], quote + 1);
    if (end == std::string_view::npos) break;
    std::size_t begin = at;
    while (begin > from && is_blank(text[begin - 1])) --begin;
    out += text.substr(from, begin - from);
    from = end + 1;
  }
  return out.append(text.substr(from));
}

}  // namespace

std::string inline_svg(std::string_view svg, std::string_view prefix) {
  const std::size_t begin = svg.find("<svg");
  const std::size_t end = svg.rfind("</svg>");
  if (begin == std::string_view::npos || end == std::string_view::npos || end < begin)
    throw LogicError("a picture is not an SVG document");
  std::string text = without_attribute(svg.substr(begin, end + 6 - begin), "xmlns");
  for (const char* before : {" id='", " id=\"", "href='#", "href=\"#", "url(#", "url('#", "url(\"#"})
    text = figures::replaced(text, before, fmt::format("{}{}", before, prefix));
  return text;
}

}  // namespace modsweep::page
