// Numbers on the command line: what is no number, not finite or out of range is told with the option's name
// and range, never taken for something else.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>

#include <CLI/CLI.hpp>

namespace modsweep::cli {

/// Lets an option take decimal whole numbers from `low` to `high` only: no signs, no hexadecimal or octal
/// ones. Returns the option.
CLI::Option* whole_number(CLI::Option* option, std::uint64_t low = 0,
                          std::uint64_t high = std::numeric_limits<std::uint64_t>::max());

/// Lets an option take decimal numbers from `low` to `high` only, which leaves out nan and inf. Returns the
/// option.
CLI::Option* finite_number(CLI::Option* option, double low = -std::numeric_limits<double>::max(),
                           double high = std::numeric_limits<double>::max());

/// Lets an option of type double take a span of time, and makes it seconds. Returns the option.
CLI::Option* time_span(CLI::Option* option);

/// Seconds of a span as Slurm writes it (M, M:S, H:M:S, D-H, D-H:M, D-H:M:S, with M minutes) or as a number
/// with a unit (90s, 30m, 12h, 1.5d); none where it is neither, or not from 1 s to 1000 days.
[[nodiscard]] std::optional<double> span_seconds(std::string_view text);

}  // namespace modsweep::cli
