#include "claims/evidence.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <set>
#include <tuple>
#include <unordered_set>

#include <fmt/format.h>

#include "modsweep/error.h"

namespace modsweep::claims {
namespace {

using nlohmann::json;

/// Keys that may differ between cells of one protocol: the axes, the length of training (the steps themselves
/// are compared), and the frequency of measurements.
std::set<std::string> free_keys(const Sweep& file) {
  std::set<std::string> keys = {
      "training.seed",       "training.steps",  "training.epochs",           "growth.epochs",
      "measure.every_steps", "measure.initial", "measure.points_per_decade", "measure.weights",
      "start.from"};
  for (const Axis& axis : file.axes) keys.insert(axis.keys.begin(), axis.keys.end());
  return keys;
}

std::vector<std::string> changes_of(const ResultCell& cell, const std::vector<SettingValue>& fixed) {
  std::vector<std::string> changes;
  for (const SettingValue& value : fixed) {
    const auto found = cell.settings.find(value.key);
    if (found == cell.settings.end() || *found != json::parse(value.json))
      changes.push_back(
          fmt::format("{} = {}", value.key, found == cell.settings.end() ? "none" : found->dump()));
  }
  return changes;
}

std::size_t seeds_of(const Sweep& file) {
  for (const Axis& axis : file.axes)
    if (axis.keys == std::vector<std::string>{"training.seed"}) return axis.values.size();
  return 1;
}

/// What the cells of one protocol have in common. The best protocol sorts first.
using Protocol =
    std::tuple<std::size_t, std::int64_t, std::vector<std::string>>;  // changes, -steps, their text

struct Cells {
  std::vector<const ResultCell*> all;
  std::size_t own = 0;  ///< cells that were trained under the name of the sweep
};

/// If a file has cells of its own, cells that it happens to share with other sweeps do not decide which
/// protocol is chosen.
std::map<Protocol, Cells>::const_iterator best_of(const std::map<Protocol, Cells>& protocols) {
  const auto rank = [](const auto& entry) {
    const auto& [changes, minus_steps, texts] = entry.first;
    return std::tuple(entry.second.own == 0, changes, minus_steps,
                      -static_cast<std::int64_t>(entry.second.all.size()));
  };
  return std::ranges::min_element(protocols, {}, rank);
}

}  // namespace

std::string quick_name(std::string_view sweep) {
  return fmt::format("{}_quick", sweep);
}

std::vector<const ResultCell*> Evidence::where(const Where& conditions) const {
  std::vector<const ResultCell*> found;
  for (const ResultCell& cell : cells)
    if (std::ranges::all_of(conditions, [&](const auto& condition) {
          const auto setting = cell.settings.find(condition.first);
          return setting != cell.settings.end() && *setting == condition.second;
        }))
      found.push_back(&cell);
  return found;
}

std::vector<double> Evidence::axis(const std::string& key) const {
  std::set<double> values;
  for (const ResultCell& cell : cells)
    if (const auto setting = cell.settings.find(key); setting != cell.settings.end() && setting->is_number())
      values.insert(setting->get<double>());
  return {values.begin(), values.end()};
}

double Evidence::nearest(const std::string& key, double x) const {
  double best = std::numeric_limits<double>::quiet_NaN();
  double distance = std::log(1.2);
  for (const double value : axis(key)) {
    const double here = std::abs(std::log(value / x));
    if (!(here <= distance)) continue;
    best = value;
    distance = here;
  }
  return best;
}

Evidence evidence_of(const Sweep& file, const std::vector<ResultCell>& cells) {
  Evidence evidence;
  evidence.file_cells = file.size();
  std::unordered_set<std::string> ids;
  for (std::uint64_t i = 0; i < file.size(); ++i) ids.insert(file.cell(i).id);
  const CellSettings first = file.cell(0).settings;
  evidence.file_steps = total_steps(first);
  evidence.file_seeds = seeds_of(file);
  std::vector<SettingValue> fixed = canonical_settings(first);
  std::erase_if(fixed,
                [free = free_keys(file)](const SettingValue& value) { return free.contains(value.key); });

  std::map<Protocol, Cells> protocols;
  std::vector<const ResultCell*> diverged;
  for (const ResultCell& cell : cells) {
    const bool own = cell.sweep == file.name || cell.sweep == quick_name(file.name);
    if (!own && !ids.contains(cell.id)) continue;
    if (cell.diverged) {  // before its last step
      diverged.push_back(&cell);
      continue;
    }
    auto changes = changes_of(cell, fixed);
    const std::size_t count = changes.size();
    Cells& those = protocols[{count, -static_cast<std::int64_t>(cell.steps), std::move(changes)}];
    those.all.push_back(&cell);
    those.own += own ? 1U : 0U;
  }
  if (protocols.empty()) {
    evidence.diverged = diverged.size();
    return evidence;
  }
  const auto best = best_of(protocols);
  for (const auto& [protocol, those] : protocols) evidence.left_out += those.all.size();
  evidence.left_out -= best->second.all.size();
  evidence.steps = static_cast<std::uint64_t>(-std::get<1>(best->first));
  evidence.changes = std::get<2>(best->first);
  for (const ResultCell* cell : best->second.all) {
    evidence.cells.push_back(*cell);
    evidence.file_cells_found += ids.contains(cell->id) ? 1U : 0U;
  }
  for (const ResultCell* cell : diverged)
    evidence.diverged += changes_of(*cell, fixed) == evidence.changes ? 1U : 0U;
  return evidence;
}

}  // namespace modsweep::claims
