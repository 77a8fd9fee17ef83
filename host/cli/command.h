// What the subcommands share. Each lives in a file of its own and is listed in commands.cpp.
#pragma once

#include "cli/output.h"

#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <utility>

#include <CLI/CLI.hpp>

#include "modsweep/error.h"

namespace modsweep::cli {

/// Where a command writes: results to `out` (errors throw), messages to `err` (errors are ignored).
struct Console {
  DescriptorStream& out;
  std::ostream& err;
  bool err_is_terminal = false;
  std::string command_line = {};  ///< as it was typed, for records
};

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

/// Parses the arguments and carries the command out. Wrong usage is an InputError.
[[nodiscard]] ExitCode run_command_line(int argc, const char* const* argv, Console& console);

}  // namespace modsweep::cli
