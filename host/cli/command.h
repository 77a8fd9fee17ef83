// What the subcommands share. Each lives in a file of its own and is listed in commands.cpp.
#pragma once

#include "cli/console.h"

#include <functional>
#include <memory>
#include <utility>

#include <CLI/CLI.hpp>

#include "modsweep/error.h"

namespace modsweep::cli {

/// The command that was asked for, ready to go.
using Action = std::function<ExitCode(Console&)>;

/// Adds a subcommand to `app` that sets `chosen` when it is parsed.
using AddCommand = void (*)(CLI::App& app, Action& chosen);

void add_run(CLI::App& app, Action& chosen);
void add_refine(CLI::App& app, Action& chosen);
void add_plan(CLI::App& app, Action& chosen);
void add_status(CLI::App& app, Action& chosen);
void add_merge(CLI::App& app, Action& chosen);
void add_export(CLI::App& app, Action& chosen);
void add_aggregate(CLI::App& app, Action& chosen);
void add_fit(CLI::App& app, Action& chosen);
void add_reproduce(CLI::App& app, Action& chosen);
void add_settings(CLI::App& app, Action& chosen);
void add_spectrum(CLI::App& app, Action& chosen);
void add_modules(CLI::App& app, Action& chosen);
void add_weights(CLI::App& app, Action& chosen);
void add_bench(CLI::App& app, Action& chosen);
void add_devices(CLI::App& app, Action& chosen);

/// Binds options that outlive parsing to the function that carries the command out.
template <typename Options>
void on_chosen(CLI::App* command, Action& chosen, std::shared_ptr<Options> options,
               ExitCode (*carry_out)(const Options&, Console&)) {
  command->callback([&chosen, options = std::move(options), carry_out] {
    chosen = [options, carry_out](Console& console) { return carry_out(*options, console); };
  });
}

}  // namespace modsweep::cli
