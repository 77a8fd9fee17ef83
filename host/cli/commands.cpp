// The one place that parses arguments; commands.def lists the subcommands.
#include "cli/command.h"
#include "cli/sweep_options.h"
#include "cli/version_text.h"
#include "core/text.h"

#include <algorithm>
#include <array>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace modsweep::cli {

#define MODSWEEP_COMMAND(name) void add_##name(CLI::App& app, Action& chosen);
#include "cli/commands.def"
#undef MODSWEEP_COMMAND

namespace {

constexpr std::array commands = {
#define MODSWEEP_COMMAND(name) AddCommand{add_##name},
#include "cli/commands.def"
#undef MODSWEEP_COMMAND
};

std::string help_hint(const CLI::App& app) {
  std::string command = "modsweep";
  if (const auto parsed = app.get_subcommands(); !parsed.empty()) command += ' ' + parsed.front()->get_name();
  return command + " --help";
}

std::vector<std::string_view> names_of_subcommands(const CLI::App& app) {
  std::vector<std::string_view> names;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; }))
    names.push_back(command->get_name());
  return names;
}

bool contains(const std::vector<std::string_view>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

[[noreturn]] void refuse_name(std::string_view what, std::string_view asked,
                              const std::vector<std::string_view>& names) {
  const auto close = nearest(asked, names);
  throw InputError(fmt::format("there is no {} '{}'; {}", what, one_line(asked),
                               close ? fmt::format("did you mean {}?", *close)
                                     : fmt::format("choose one of {}", fmt::join(names, ", "))));
}

/// Checks the kind of a command that has several (`fit FILE.db KIND`). A missing kind is left to the parser.
void check_kind(const CLI::App& command, std::span<const char* const> arguments) {
  const auto kinds = names_of_subcommands(command);
  if (kinds.empty() || arguments.size() < 2) return;
  std::string_view unknown;
  for (const std::string_view asked : arguments.subspan(1)) {  // after the first of the stores
    if (asked.starts_with('-') || contains(kinds, asked)) break;
    if (!path_exists(std::string(asked))) unknown = asked;
  }
  if (!unknown.empty()) refuse_name("kind of " + command.get_name(), unknown, kinds);
}

/// The parser would report an unknown command as a missing one: this reports the error first.
void check_command(const CLI::App& app, std::span<const char* const> arguments) {
  if (arguments.size() < 2) return;
  const std::string_view asked = arguments[1];
  if (asked.starts_with('-')) {
    if (asked == "-h" || asked == "--help" || asked == "-V" || asked == "--version") return;
    throw InputError(
        fmt::format("there is no option '{}' before a command; see modsweep --help", one_line(asked)));
  }
  check_kind(find_subcommand(app, asked, "command"), arguments.subspan(2));
}

}  // namespace

const CLI::App& find_subcommand(const CLI::App& app, std::string_view name, std::string_view what) {
  const auto names = names_of_subcommands(app);
  if (names.empty())
    throw InputError(fmt::format("{} has no kinds; leave '{}' out", app.get_name(), one_line(name)));
  if (!contains(names, name)) refuse_name(what, name, names);
  return *app.get_subcommand(std::string(name));
}

ExitCode run_command_line(int argc, const char* const* argv, Console& console) {
  CLI::App app("Train and measure whole grids of small networks, and find their modules.", "modsweep");
  app.set_version_flag("-V,--version", version_text,
                       "Print the version, and what it was built with, and exit");
  app.require_subcommand(1);
  app.footer(
      "modsweep help COMMAND tells more about a command. A first sweep:\n"
      "  modsweep run sweeps/quickstart.toml\n"
      "Exit codes: 0 done, 1 some cells diverged or a refinement is not as narrow as asked for, 2 wrong "
      "input,\n"
      "3 device or I/O failure, 130 interrupted or out of time (state saved: the same command goes on), 131\n"
      "interrupted a second time by Ctrl-C (not saved: what was trained since the last save).");
  Action chosen;
  for (const AddCommand add : commands) add(app, chosen);
  console.command_line = fmt::format("{}", fmt::join(argv, argv + argc, " "));
  check_command(app, {argv, static_cast<std::size_t>(argc)});
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
