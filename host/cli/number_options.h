// Numbers on the command line: what is no number, not finite or out of range is told with the option's name
// and range, never taken for something else.
#pragma once

#include <cstdint>
#include <limits>

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

}  // namespace modsweep::cli
