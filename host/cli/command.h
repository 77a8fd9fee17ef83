// What the subcommands share. Each lives in a file of its own, NAME.cpp with add_NAME, and has a line in
// commands.def.
#pragma once

#include "cli/console.h"

#include <functional>
#include <memory>
#include <utility>

#include <CLI/CLI.hpp>

#include "modsweep/error.h"

namespace modsweep::cli {

/// The chosen command, ready to run.
using Action = std::function<ExitCode(Console&)>;

/// Adds a subcommand to `app` that sets `chosen` when it is parsed.
using AddCommand = void (*)(CLI::App& app, Action& chosen);

/// Binds options that outlive parsing to the function that runs the command.
template <typename Options>
void on_chosen(CLI::App* command, Action& chosen, std::shared_ptr<Options> options,
               ExitCode (*carry_out)(const Options&, Console&)) {
  command->callback([&chosen, options = std::move(options), carry_out] {
    chosen = [options, carry_out](Console& console) { return carry_out(*options, console); };
  });
}

}  // namespace modsweep::cli
