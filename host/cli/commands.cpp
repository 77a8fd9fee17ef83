// The list of subcommands, and the one place that parses arguments.
#include "cli/command.h"
#include "cli/version.h"
#include "config/text.h"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace modsweep::cli {
namespace {

constexpr std::array<AddCommand, 8> commands = {add_run,      add_plan,    add_status, add_export,
                                                add_spectrum, add_weights, add_bench,  add_devices};

std::string help_hint(const CLI::App& app) {
  std::string command = "modsweep";
  if (const auto parsed = app.get_subcommands(); !parsed.empty()) command += ' ' + parsed.front()->get_name();
  return command + " --help";
}

/// The parser takes an unknown command for a missing one: says what is wrong before it does.
void check_command(const CLI::App& app, int argc, const char* const* argv) {
  if (argc < 2) return;
  const std::string_view asked = argv[1];
  if (asked.starts_with('-')) {
    if (asked == "-h" || asked == "--help" || asked == "--version") return;
    throw InputError(
        fmt::format("there is no option '{}' before a command; see modsweep --help", one_line(asked)));
  }
  std::vector<std::string_view> names;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; }))
    names.push_back(command->get_name());
  if (std::find(names.begin(), names.end(), asked) != names.end()) return;
  const auto close = nearest(asked, names);
  throw InputError(fmt::format("there is no command '{}'; {}", one_line(asked),
                               close ? fmt::format("did you mean {}?", *close)
                                     : fmt::format("choose one of {}", fmt::join(names, ", "))));
}

}  // namespace

ExitCode run_command_line(int argc, const char* const* argv, Console& console) {
  CLI::App app("Train and measure whole grids of small networks, and find their modules.", "modsweep");
  app.set_version_flag("--version", "modsweep " MODSWEEP_VERSION, "Print the version and exit");
  app.require_subcommand(1);
  app.footer(
      "modsweep COMMAND --help tells more about a command. A first sweep:\n"
      "  modsweep run sweeps/quickstart.toml\n"
      "Exit codes: 0 done, 1 some cells diverged, 2 wrong input, 3 device or I/O failure, 130 interrupted\n"
      "(state saved: the same command goes on).");
  Action chosen;
  for (const AddCommand add : commands) add(app, chosen);
  check_command(app, argc, argv);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) {  // help or version
      app.exit(error, console.out, console.out);
      return ExitCode::done;
    }
    std::string text = error.what();
    std::replace(text.begin(), text.end(), '\n', ' ');
    throw InputError(fmt::format("{}; see {}", text, help_hint(app)));
  }
  return chosen(console);
}

}  // namespace modsweep::cli
