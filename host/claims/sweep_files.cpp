#include "claims/sweep_files.h"

#include "core/text.h"
#include "results/parent_labels.h"

#include <algorithm>
#include <filesystem>
#include <map>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "modsweep/error.h"
#include "modsweep/settings.h"

namespace modsweep::claims {
namespace {

using nlohmann::json;

const SweepFile& file_of(std::string_view name) {
  const auto& files = sweep_files();
  const auto found = std::ranges::find(files, name, &SweepFile::name);
  if (found == files.end())
    throw LogicError(fmt::format("no sweep file {}.toml among {}", name, files.size()));
  return *found;
}

/// Whether a parent has one of the values that start.where, "KEY=VALUE", gives for a key.
bool meets(const json& settings, const std::vector<std::string>& where) {
  return std::ranges::all_of(where, [&](const std::string& condition) {
    const std::string key = condition.substr(0, condition.find('='));
    return std::ranges::any_of(where, [&](const std::string& other) {
      return other.starts_with(key + "=") &&
             settings.at(key) == json::parse(other.substr(key.size() + 1), nullptr, false);
    });
  });
}

/// Adds the axis of the cells of the file whose store start.from names, as a run finds them in the store.
void add_parents(Sweep& sweep) {
  const Sweep parent_sweep = shipped_sweep(std::filesystem::path(sweep.base.start.from).stem().string());
  std::map<std::string, json> parents;
  for (std::uint64_t i = 0; i < parent_sweep.size(); ++i) {
    const Cell cell = parent_sweep.cell(i);
    json settings;
    for (const SettingValue& value : canonical_settings(cell.settings))
      settings[value.key] = json::parse(value.json);
    if (meets(settings, sweep.base.start.where)) parents[shown_id(cell.id)] = std::move(settings);
  }
  Axis axis{{"start.cell", "start.label"}, {}};
  for (const auto& [id, label] : parent_labels(parents))
    axis.values.push_back({json(id).dump(), json(label).dump()});
  sweep.axes.insert(sweep.axes.begin(), std::move(axis));
  sweep.base.start.cell = parents.begin()->first;
}

}  // namespace

Sweep shipped_sweep(std::string_view name) {
  const SweepFile& file = file_of(name);
  Sweep sweep = parse_sweep(std::string(file.text), std::string(file.path));
  if (!sweep.base.start.from.empty()) add_parents(sweep);
  return sweep;
}

std::string_view shipped_path(std::string_view name) {
  return file_of(name).path;
}

std::optional<std::string> quick_command(std::string_view text) {
  constexpr std::string_view indent = "#     ";
  std::string command;
  while (text.starts_with('#')) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const bool goes_on = command.ends_with('\\');
    if (!goes_on && !command.empty()) break;
    if (!line.starts_with(indent)) continue;
    line.remove_prefix(std::min(line.find_first_not_of("# "), line.size()));
    if (goes_on) command.pop_back();
    if (goes_on || line.starts_with("modsweep run ")) command += line;
  }
  // A command that trains the whole sweep is not a shorter form of it.
  if (command.find("--set") == std::string::npos && !command.ends_with("_quick.toml")) return std::nullopt;
  return command;
}

std::optional<std::string> shipped_quick_command(std::string_view name) {
  return quick_command(file_of(name).text);
}

}  // namespace modsweep::claims
