// What the subcommands share. Each lives in a file of its own, NAME.cpp with add_NAME, and has a line in
// commands.def.
#pragma once

#include "cli/console.h"

#include <functional>
#include <memory>
#include <string_view>
#include <utility>

#include <CLI/CLI.hpp>

#include "modsweep/error.h"

namespace modsweep::cli {

/// The chosen command, ready to run.
using Action = std::function<ExitCode(Console&)>;

/// Adds a subcommand to `app` that sets `chosen` when it is parsed.
using AddCommand = void (*)(CLI::App& app, Action& chosen);

/// The subcommand of that name. Throws InputError where there is none: "there is no {what} '{name}'", and
/// what may have been meant.
[[nodiscard]] const CLI::App& find_subcommand(const CLI::App& app, std::string_view name,
                                              std::string_view what);

/// Binds options that outlive parsing to the function that runs the command.
template <typename Options>
void on_chosen(CLI::App* command, Action& chosen, std::shared_ptr<Options> options,
               ExitCode (*carry_out)(const Options&, Console&)) {
  command->callback([&chosen, options = std::move(options), carry_out] {
    chosen = [options, carry_out](Console& console) { return carry_out(*options, console); };
  });
}

}  // namespace modsweep::cli
