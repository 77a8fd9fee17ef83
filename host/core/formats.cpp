#include "core/formats.h"

#include <array>
#include <cmath>
#include <cstddef>
#include <string_view>

#include <fmt/format.h>

namespace modsweep {

std::string format_duration(double seconds) {
  if (!std::isfinite(seconds)) return "unknown";
  if (seconds < 1.0) return "under 1 s";
  if (seconds < 99.5) return fmt::format("{:.0f} s", seconds);
  const double minutes = std::round(seconds / 60.0);
  if (minutes < 100.0) return fmt::format("{:.0f} min", minutes);
  const double hours = std::floor(minutes / 60.0);
  if (hours < 48.0) return fmt::format("{:.0f} h {:.0f} min", hours, minutes - 60.0 * hours);
  return fmt::format("{:.1f} days", minutes / 1440.0);
}

std::string format_count(double value) {
  std::string text = fmt::format("{:.0f}", value);
  for (std::size_t end = text.size(); end > 3; end -= 3) text.insert(end - 3, 1, ',');
  return text;
}

std::string format_short(double value) {
  constexpr std::array<std::string_view, 7> prefixes = {"", "k", "M", "G", "T", "P", "E"};
  std::size_t prefix = 0;
  while (value >= 999.5 && prefix + 1 < prefixes.size()) {
    value /= 1000.0;
    ++prefix;
  }
  if (prefix == 0 && value == std::floor(value)) return fmt::format("{:.0f}", value);
  const int decimals = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
  return fmt::format("{:.{}f}{}", value, decimals, prefixes[prefix]);
}

std::string format_unit(double value, std::string_view unit) {
  const std::string text = format_short(value);
  const bool prefixed = !text.empty() && text.back() >= 'A';
  if (!prefixed) return fmt::format("{} {}", text, unit == "B" ? "bytes" : unit);
  return fmt::format("{} {}{}", text.substr(0, text.size() - 1), text.back(), unit);
}

std::string format_plural(double count, std::string_view noun) {
  return fmt::format("{} {}{}", format_count(count), noun, count == 1.0 ? "" : "s");
}

}  // namespace modsweep
