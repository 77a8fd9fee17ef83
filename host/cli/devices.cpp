// modsweep devices: the devices that this build can train on, on this machine.
#include "cli/command.h"
#include "engines/registry.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ostream.h>

namespace modsweep::cli {
namespace {

struct DevicesArguments {};

ExitCode devices(const DevicesArguments&, Console& console) {
  for (const EngineEntry& entry : engine_entries()) {
    const std::string reason = entry.unavailable();
    fmt::print(console.out, "{}: {}\n", entry.name, entry.summary);
    if (!reason.empty()) {
      fmt::print(console.out, "  cannot be used here: {}\n", reason);
      continue;
    }
    for (const auto& engine : entry.make(0)) fmt::print(console.out, "  {}\n", device_text(*engine));
  }
  const auto usable = std::ranges::count_if(
      engine_entries(), [](const EngineEntry& entry) { return entry.unavailable().empty(); });
  fmt::print(console.out, "--engine auto takes: {}\n",
             usable == 1 ? choose_engine("auto", 0).name()
                         : "the one that is fastest with the sweep's cells, by a moment's trial");
  return ExitCode::done;
}

}  // namespace

void add_devices(CLI::App& app, Action& chosen) {
  CLI::App* command = app.add_subcommand("devices", "List the engines of this build and what they run on");
  command->footer("Example:\n  modsweep devices");
  on_chosen(command, chosen, std::make_shared<DevicesArguments>(), devices);
}

}  // namespace modsweep::cli
