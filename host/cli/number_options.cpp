#include "cli/number_options.h"

#include "config/text.h"

#include <charconv>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

#include <fmt/format.h>

namespace modsweep::cli {
namespace {

/// None where the text is anything but a number of that type.
template <typename Number>
std::optional<Number> number_of(std::string_view text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

/// "1 to 4096" for the help; empty where there is no bound to tell.
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

}  // namespace

CLI::Option* whole_number(CLI::Option* option, std::uint64_t low, std::uint64_t high) {
  return option->transform(CLI::Validator(
      [low, high](std::string& text) {
        const auto number = number_of<std::uint64_t>(text);
        if (!number || *number < low || *number > high) return complaint(text, "whole number", low, high);
        text = std::to_string(*number);  // without zeros in front, which would make it octal
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

}  // namespace modsweep::cli
