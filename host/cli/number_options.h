// Numbers on the command line. A value that is not a number, not finite or out of range is refused with the
// option's name and range, never read as something else.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>

#include <CLI/CLI.hpp>

namespace modsweep::cli {

/// Restricts an option to decimal whole numbers from `low` to `high`: no signs, no hexadecimal or octal
/// numbers. Returns the option.
CLI::Option* whole_number(CLI::Option* option, std::uint64_t low = 0,
                          std::uint64_t high = std::numeric_limits<std::uint64_t>::max());

/// Restricts an option to decimal numbers from `low` to `high`, which excludes nan and inf. Returns the
/// option.
CLI::Option* finite_number(CLI::Option* option, double low = -std::numeric_limits<double>::max(),
                           double high = std::numeric_limits<double>::max());

/// Lets an option of type double accept a time span and converts it to seconds. Returns the option.
CLI::Option* time_span(CLI::Option* option);

/// Seconds of a time span in Slurm's form (M, M:S, H:M:S, D-H, D-H:M, D-H:M:S, with M minutes) or as a number
/// with a unit (90s, 30m, 12h, 1.5d); none if it has neither form, or is not from 1 s to 1000 days.
[[nodiscard]] std::optional<double> span_seconds(std::string_view text);

}  // namespace modsweep::cli
