// Options of every command that computes intervals.
#pragma once

#include <CLI/CLI.hpp>

#include "modsweep/statistics.h"

namespace modsweep::cli {

/// Adds --interval, --confidence, --resamples and --seed to a command.
void add_interval_options(CLI::App* command, IntervalSettings& settings);

}  // namespace modsweep::cli
