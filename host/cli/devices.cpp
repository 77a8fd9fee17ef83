// modsweep devices: the devices that this build can train on, on this machine.
#include "cli/command.h"
#include "cli/json_output.h"
#include "engines/registry.h"

#include <algorithm>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <fmt/ostream.h>

#include "modsweep/names.h"

namespace modsweep::cli {
namespace {

using nlohmann::ordered_json;

struct DevicesArguments {
  std::string format = "table";
};

/// The engine that `auto` takes for every sweep; empty: it depends on the sweep.
std::string only_engine(GpuOpener& gpu) {
  std::vector<std::string_view> usable;
  for (const EngineEntry& entry : engine_entries())
    if (entry.unavailable(gpu).empty() && std::ranges::find(usable, entry.name) == usable.end())
      usable.push_back(entry.name);
  return usable.size() == 1 ? std::string(usable.front()) : "";
}

void print_devices(std::ostream& out) {
  GpuOpener gpu;
  for (const EngineEntry& entry : engine_entries()) {
    const std::string reason = entry.unavailable(gpu);
    fmt::print(out, "{}: {}\n", entry.name, entry.summary);
    if (!reason.empty()) {
      fmt::print(out, "  cannot be used here: {}\n", reason);
      continue;
    }
    for (const auto& engine : entry.make(gpu, 0)) fmt::print(out, "  {}\n", device_text(*engine));
  }
  for (const std::string& skipped : gpu().skipped) fmt::print(out, "not used: {}\n", skipped);
  if (const std::string limits = machine_limits().text(); !limits.empty())
    fmt::print(out, "limited to: {}\n", limits);
  const std::string only = only_engine(gpu);
  fmt::print(out, "--engine auto takes: {}\n",
             only.empty() ? "the one that is fastest with the sweep's cells, by a moment's trial" : only);
}

ordered_json devices_json() {
  GpuOpener gpu;
  auto engines = ordered_json::array();
  for (const EngineEntry& entry : engine_entries()) {
    const std::string reason = entry.unavailable(gpu);
    auto devices = ordered_json::array();
    if (reason.empty())
      for (const auto& engine : entry.make(gpu, 0))
        devices.push_back({{"device", engine->device()}, {"memory_bytes", engine->memory()}});
    engines.push_back({{"engine", entry.name},
                       {"family", name_of(entry.family)},
                       {"summary", entry.summary},
                       {"usable", reason.empty()},
                       {"reason", reason.empty() ? ordered_json() : ordered_json(reason)},
                       {"devices", std::move(devices)}});
  }
  const std::string only = only_engine(gpu);
  return {{"engines", std::move(engines)},
          {"not_used", gpu().skipped},
          {"auto", only.empty() ? ordered_json() : ordered_json(only)},
          {"machine", json_of(machine_limits())}};
}

ExitCode devices(const DevicesArguments& options, Console& console) {
  if (options.format == "json")
    write_json(devices_json(), console.out);
  else
    print_devices(console.out);
  return ExitCode::done;
}

}  // namespace

void add_devices(CLI::App& app, Action& chosen) {
  const auto options = std::make_shared<DevicesArguments>();
  CLI::App* command = app.add_subcommand("devices", "List the engines of this build and what they run on");
  add_format_option(*command, options->format);
  command->footer("Example:\n  modsweep devices");
  on_chosen(command, chosen, options, devices);
}

}  // namespace modsweep::cli
