#include "claims/sweep_files.h"

#include <algorithm>

#include <fmt/format.h>

#include "modsweep/error.h"

namespace modsweep::claims {
namespace {

const SweepFile& file_of(std::string_view name) {
  const auto& files = sweep_files();
  const auto found = std::ranges::find(files, name, &SweepFile::name);
  if (found == files.end())
    throw LogicError(fmt::format("no sweep file {}.toml among {}", name, files.size()));
  return *found;
}

}  // namespace

Sweep shipped_sweep(std::string_view name) {
  return parse_sweep(std::string(file_of(name).text), fmt::format("sweeps/{}.toml", name));
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
