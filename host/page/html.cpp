#include "page/html.h"

#include "core/text.h"

#include <cctype>

#include <fmt/format.h>

namespace modsweep::page {
namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";

/// The number of bytes of the UTF-8 character at the beginning of the text; 0: it begins with none.
std::size_t character_bytes(std::string_view text) {
  for (std::size_t bytes = 1; bytes <= 4 && bytes <= text.size(); ++bytes)
    if (is_utf8(text.substr(0, bytes))) return bytes;
  return 0;
}

bool is_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (byte < 0x20 && c != '\n' && c != '\t') || byte == 0x7f;
}

/// Characters that stand for themselves in a link and in an attribute.
bool is_plain_in_link(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
         std::string_view("-_.,~!*()/:;=").find(c) != std::string_view::npos;
}

}  // namespace

std::string escaped(std::string_view text) {
  std::string out;
  out.reserve(text.size() + text.size() / 8);
  while (!text.empty()) {
    const char c = text.front();
    const std::size_t bytes = character_bytes(text);
    if (bytes == 0 || is_control(c))
      out += replacement;
    else if (c == '&')
      out += "&amp;";
    else if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else if (c == '"')
      out += "&quot;";
    else if (c == '\'')
      out += "&#39;";
    else
      out += text.substr(0, bytes);
    text.remove_prefix(bytes == 0 ? 1 : bytes);
  }
  return out;
}

std::string data_link(std::string_view type, std::string_view text) {
  std::string out = fmt::format("data:{};charset=utf-8,", type);
  for (const char c : text) {
    if (is_plain_in_link(c))
      out += c;
    else
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return out;
}

std::string plain_word(std::string_view text) {
  std::string word;
  for (const char c : text) {
    if (std::isalnum(static_cast<unsigned char>(c)) != 0)
      word += c;
    else if (!word.empty() && word.back() != '-')
      word += '-';
  }
  while (!word.empty() && word.back() == '-') word.pop_back();
  return word.empty() ? "x" : word.substr(0, 80);
}

}  // namespace modsweep::page
