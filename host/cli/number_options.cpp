#include "cli/number_options.h"

#include "core/text.h"

#include <charconv>
#include <cmath>
#include <string>
#include <system_error>
#include <vector>

#include <fmt/format.h>

namespace modsweep::cli {
namespace {

/// None if the text is not a number of that type.
template <typename Number>
std::optional<Number> number_of(std::string_view text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

/// "1 to 4096" for the help; empty if there are no bounds to show.
template <typename Number>
std::string range_text(Number low, Number high) {
  if (high < std::numeric_limits<Number>::max()) return fmt::format("{} to {}", low, high);
  return low > std::numeric_limits<Number>::lowest() ? fmt::format("{} or more", low) : "";
}

template <typename Number>
std::string complaint(std::string_view text, const char* kind, Number low, Number high) {
  const std::string range = range_text(low, high);
  return fmt::format("'{}' is no {}{}", one_line(text), kind, range.empty() ? "" : ", " + range);
}

struct Unit {
  char name;
  double seconds;
};
constexpr Unit units[] = {{'s', 1.0}, {'m', 60.0}, {'h', 3600.0}, {'d', 86400.0}};

std::optional<double> seconds_with_unit(std::string_view text) {
  for (const Unit& unit : units) {
    if (!text.ends_with(unit.name)) continue;
    const auto number = number_of<double>(text.substr(0, text.size() - 1));
    if (!number || !std::isfinite(*number)) return std::nullopt;
    return *number * unit.seconds;
  }
  return std::nullopt;
}

/// Fields of "1:02:03": whole numbers, all but the first below 60. Empty if the text has another form.
std::vector<double> clock_fields(std::string_view text) {
  std::vector<double> fields;
  for (bool more = true; more;) {
    const std::size_t colon = text.find(':');
    const auto field = number_of<std::uint32_t>(text.substr(0, colon));
    if (!field || (!fields.empty() && *field > 59)) return {};
    fields.push_back(*field);
    more = colon != std::string_view::npos;
    if (more) text.remove_prefix(colon + 1);
  }
  return fields;
}

std::optional<double> slurm_seconds(std::string_view text) {
  double seconds = 0.0;
  const std::size_t dash = text.find('-');
  const bool has_days = dash != std::string_view::npos;
  if (has_days) {
    const auto days = number_of<std::uint32_t>(text.substr(0, dash));
    if (!days) return std::nullopt;
    seconds = 86400.0 * *days;
    text.remove_prefix(dash + 1);
  }
  const std::vector<double> fields = clock_fields(text);
  if (fields.empty() || fields.size() > 3) return std::nullopt;
  // With days the first field is hours; without days, its unit depends on the number of fields.
  double weight = has_days || fields.size() == 3 ? 3600.0 : 60.0;
  for (const double field : fields) {
    seconds += weight * field;
    weight /= 60.0;
  }
  return seconds;
}

}  // namespace

CLI::Option* whole_number(CLI::Option* option, std::uint64_t low, std::uint64_t high) {
  return option->transform(CLI::Validator(
      [low, high](std::string& text) {
        const auto number = number_of<std::uint64_t>(text);
        if (!number || *number < low || *number > high) return complaint(text, "whole number", low, high);
        text = std::to_string(*number);  // without leading zeros, which would make it octal
        return std::string();
      },
      range_text(low, high)));
}

CLI::Option* finite_number(CLI::Option* option, double low, double high) {
  return option->transform(CLI::Validator(
      [low, high](std::string& text) {
        const auto number = number_of<double>(text);
        if (!number || !(*number >= low && *number <= high))
          return complaint(text, "finite number", low, high);
        return std::string();
      },
      range_text(low, high)));
}

std::optional<double> span_seconds(std::string_view text) {
  constexpr double most = 1000.0 * 86400.0;
  auto seconds = seconds_with_unit(text);
  if (!seconds) seconds = slurm_seconds(text);
  if (!seconds || !(*seconds >= 1.0 && *seconds <= most)) return std::nullopt;
  return seconds;
}

CLI::Option* time_span(CLI::Option* option) {
  return option->transform(CLI::Validator(
      [](std::string& text) {
        const auto seconds = span_seconds(text);
        if (!seconds)
          return fmt::format(
              "'{}' is no span of time from 1 s to 1000 days; write 90s, 30m, 12h, or as Slurm does: "
              "minutes, H:M:S, D-H:M:S",
              one_line(text));
        text = fmt::format("{}", *seconds);
        return std::string();
      },
      ""));
}

}  // namespace modsweep::cli
