// modsweep help: the help of the program or of a command, as --help prints it.
#include "cli/command.h"

#include <string>
#include <vector>

#include <fmt/format.h>

namespace modsweep::cli {
namespace {

struct HelpArguments {
  const CLI::App* app = nullptr;
  std::vector<std::string> names;  ///< a command, and a kind of it; empty: the program itself
};

ExitCode help(const HelpArguments& options, Console& console) {
  const CLI::App* shown = options.app;
  std::string title = shown->get_name();
  for (const std::string& name : options.names) {
    shown = &find_subcommand(*shown, name, shown == options.app ? "command" : "kind of " + shown->get_name());
    title += ' ' + name;
  }
  console.out << shown->get_formatter()->make_help(shown, title, CLI::AppFormatMode::Normal);
  return ExitCode::done;
}

}  // namespace

void add_help(CLI::App& app, Action& chosen) {
  const auto options = std::make_shared<HelpArguments>();
  options->app = &app;
  CLI::App* command = app.add_subcommand("help", "Print the help of a command");
  command
      ->add_option("command", options->names, "The command, and its kind where it has several [the program]")
      ->type_name("COMMAND");
  command->footer(
      "Examples:\n"
      "  modsweep help run\n"
      "  modsweep help fit transition");
  on_chosen(command, chosen, options, help);
}

}  // namespace modsweep::cli
