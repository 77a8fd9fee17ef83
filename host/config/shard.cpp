#include "modsweep/shard.h"

#include "core/text.h"

#include <charconv>
#include <optional>

#include <fmt/format.h>

#include "modsweep/error.h"

namespace modsweep {
namespace {

/// None if the text has anything but digits; too many digits give the largest number.
std::optional<std::uint64_t> digits(std::string_view text) {
  if (text.empty() || text.find_first_not_of("0123456789") != std::string_view::npos) return std::nullopt;
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} ? value : UINT64_MAX;
}

}  // namespace

Shard Shard::parse(std::string_view text) {
  const std::size_t slash = text.find('/');
  const auto index = digits(text.substr(0, slash));
  const auto count = slash == std::string_view::npos ? std::nullopt : digits(text.substr(slash + 1));
  if (!index || !count)
    throw InputError(
        fmt::format("shard '{}' is not of the form I/N; give which part, from 1, and of how many: 1/8 to 8/8",
                    one_line(text)));
  if (*count == 0 || *count > most)
    throw InputError(fmt::format("shard '{}' is one of {} parts; give 1 to {}", one_line(text),
                                 one_line(text.substr(slash + 1)), most));
  if (*index == 0 || *index > *count)
    throw InputError(fmt::format("there is no shard '{}'; they are 1/{} to {}/{}", one_line(text), *count,
                                 *count, *count));
  return {static_cast<std::uint32_t>(*index), static_cast<std::uint32_t>(*count)};
}

}  // namespace modsweep
