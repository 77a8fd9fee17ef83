#include "core/text.h"

#include <algorithm>
#include <numeric>
#include <vector>

namespace modsweep {

std::string one_line(std::string_view text, std::size_t limit) {
  const bool cut = text.size() > limit;
  if (cut) {
    text = text.substr(0, limit);
    // A UTF-8 sequence is left out whole rather than cut in two.
    while (!text.empty() && (static_cast<unsigned char>(text.back()) & 0xC0U) == 0x80U) text.remove_suffix(1);
    if (!text.empty() && static_cast<unsigned char>(text.back()) >= 0xC0U) text.remove_suffix(1);
  }
  std::string out(text);
  for (std::size_t i = 0; i < out.size(); ++i) {
    const auto c = static_cast<unsigned char>(out[i]);
    // C1 controls are two bytes in UTF-8, C2 80 .. C2 9F; terminals obey some of them.
    const bool c1 = c == 0xC2U && i + 1 < out.size() && static_cast<unsigned char>(out[i + 1]) < 0xA0U;
    if (c1) out[i + 1] = '?';
    if (c1 || c < 0x20U || c == 0x7FU) out[i] = '?';
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
