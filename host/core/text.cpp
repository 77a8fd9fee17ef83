#include "core/text.h"

#include <algorithm>
#include <numeric>
#include <vector>

namespace modsweep {
namespace {

/// Bytes of the UTF-8 sequence that a text begins with; 0: it begins with none (RFC 3629).
std::size_t utf8_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned first = byte(0);
  if (first < 0x80U) return 1;
  const std::size_t length = first < 0xC2U   ? 0
                             : first < 0xE0U ? 2
                             : first < 0xF0U ? 3
                             : first < 0xF5U ? 4
                                             : 0;
  if (length == 0 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i)
    if ((byte(i) & 0xC0U) != 0x80U) return 0;
  // Longer forms of shorter sequences, halves of UTF-16 pairs, and what lies beyond U+10FFFF.
  if ((first == 0xE0U && byte(1) < 0xA0U) || (first == 0xEDU && byte(1) > 0x9FU) ||
      (first == 0xF0U && byte(1) < 0x90U) || (first == 0xF4U && byte(1) > 0x8FU))
    return 0;
  return length;
}

}  // namespace

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

std::string one_line(std::string_view text, std::size_t limit) {
  const bool cut = text.size() > limit;
  if (cut) {
    text = text.substr(0, limit);
    // A UTF-8 sequence is left out whole rather than cut in two.
    while (!text.empty() && (static_cast<unsigned char>(text.back()) & 0xC0U) == 0x80U) text.remove_suffix(1);
    if (!text.empty() && static_cast<unsigned char>(text.back()) >= 0xC0U) text.remove_suffix(1);
  }
  std::string out;
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    const auto c = static_cast<unsigned char>(text.front());
    // C1 controls are two bytes in UTF-8, C2 80 .. C2 9F; terminals obey some of them.
    const bool c1 = length == 2 && c == 0xC2U && static_cast<unsigned char>(text[1]) < 0xA0U;
    const bool shown = length > 0 && !c1 && c >= 0x20U && c != 0x7FU;
    const std::size_t taken = std::max<std::size_t>(length, 1);
    out += shown ? std::string(text.substr(0, taken)) : std::string(taken, '?');
    text.remove_prefix(taken);
  }
  return cut ? out + "..." : out;
}

bool is_plain_name(std::string_view text) {
  return !text.empty() && text.size() <= 100 && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  });
}

bool is_plain_line(std::string_view text) {
  return !text.empty() && text.size() <= 1000 && std::ranges::none_of(text, [](char c) {
    return static_cast<unsigned char>(c) < 0x20U || c == 0x7F || c == '"' || c == '\\';
  });
}

std::string shown_id(std::string_view id) {
  return std::string("c").append(id);
}

std::string_view bare_id(std::string_view text) {
  constexpr std::size_t digits = 16;
  const bool lettered = text.size() == digits + 1 && (text.front() == 'c' || text.front() == 'C');
  return lettered ? text.substr(1) : text;
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0U : 1U);
      diagonal = row[j];
      row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row[b.size()];
}

std::optional<std::string_view> nearest(std::string_view text, std::span<const std::string_view> candidates) {
  constexpr std::size_t longest =
      200;  // a longer text is no misspelling, and the distance takes quadratic time
  if (text.size() > longest) return std::nullopt;
  std::optional<std::string_view> best;
  std::size_t best_distance = std::max<std::size_t>(2, text.size() / 3) + 1;
  for (const std::string_view candidate : candidates) {
    const std::size_t distance = edit_distance(text, candidate);
    // Texts that share no letter are not alike: "a" is not a misspelling of "l1".
    if (distance < best_distance && distance < candidate.size()) {
      best = candidate;
      best_distance = distance;
    }
  }
  return best;
}

}  // namespace modsweep
