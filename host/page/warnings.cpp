#include "page/warnings.h"

#include "core/formats.h"
#include "core/text.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "modsweep/statistics.h"

namespace modsweep::page {
namespace {

using nlohmann::json;
using Lines = std::vector<std::string>;

/// A layer has many dead units where half of them or more are dead.
constexpr double many_dead = 0.5;
/// Training has reached no plateau where the test loss fell by more than a tenth in its last fifth.
constexpr double last_part = 0.8;
constexpr double plateau = 0.9;

std::string count_text(std::size_t count, std::string_view noun) {
  return format_plural(static_cast<double>(count), noun);
}

void add_diverged(const StoreData& data, Lines& lines) {
  if (data.diverged() == 0) return;
  std::size_t none_left = 0;
  for (const CellGroup& group : data.groups)
    none_left += group.diverged > 0 && data.cells(group) == 0 ? 1U : 0U;
  std::string where;
  if (none_left > 0)
    where = fmt::format(" Of {} of {} every network diverged.", format_count(static_cast<double>(none_left)),
                        count_text(data.groups.size(), "setting"));
  lines.push_back(fmt::format(
      "{} of {} finished diverged (a loss or weights that are not finite) and {} left "
      "out of every number on this page.{}",
      format_count(static_cast<double>(data.diverged())),
      count_text(data.done() + data.diverged(), "network"), data.diverged() == 1 ? "is" : "are", where));
}

void add_missing(const StoreData& data, Lines& lines) {
  Lines texts;
  for (const ShownColumn& column : data.shown) {
    std::size_t missing = 0;
    for (const CellGroup& group : data.groups)
      missing += data.cells(group) - data.values(group, column.name).size();
    if (missing > 0) texts.push_back(fmt::format("{} ({})", column.name, missing));
  }
  if (!texts.empty())
    lines.push_back(
        fmt::format("Some networks have no value of {}; they are left out there.", fmt::join(texts, ", ")));
}

/// The units of the hidden layers of a group's networks; empty: not known.
std::vector<double> hidden_units(const StoreData& data, const CellGroup& group) {
  const auto value_of = [&](const std::string& name) -> json {
    for (std::size_t k = 0; k < data.keys.size(); ++k)
      if (data.keys[k] == name) return group.keys[k];
    std::optional<json> found;
    for (const StoredSweep& sweep : data.sweeps) {
      const json base = json::parse(sweep.base);
      const json value = base.value(name, json());
      if (found && *found != value) return {};
      found = value;
    }
    return found.value_or(json());
  };
  if (value_of("network.architecture") != "layers") return {};
  const json hidden = value_of("network.hidden");
  return hidden.is_array() ? hidden.get<std::vector<double>>() : std::vector<double>{};
}

void add_dead(const StoreData& data, Lines& lines) {
  if (data.groups.empty() || data.many) return;
  std::map<std::size_t, std::size_t> groups_of_layer;
  for (const CellGroup& group : data.groups) {
    const std::vector<double> units = hidden_units(data, group);
    for (std::size_t layer = 1; layer <= units.size(); ++layer) {
      std::vector<double> dead = data.values(group, fmt::format("dead_layer{}", layer));
      if (!dead.empty() && median(dead) >= many_dead * units[layer - 1]) ++groups_of_layer[layer];
    }
  }
  for (const auto& [layer, groups] : groups_of_layer)
    lines.push_back(
        fmt::format("Half of the units of layer {} or more are dead in {} of {}: there, trust "
                    "gap_live and modules_live, and ask whether the layer is still needed.",
                    layer, groups, count_text(data.groups.size(), "setting")));
}

/// The medians of the test loss of one group by step.
using LossCurve = std::map<std::uint64_t, double>;

bool still_falls(const LossCurve& curve) {
  if (curve.size() < 2) return false;
  const auto last = std::prev(curve.end());
  auto before = curve.upper_bound(static_cast<std::uint64_t>(last_part * static_cast<double>(last->first)));
  if (before == curve.begin()) return false;
  --before;
  return before->second > 0.0 && last->second < plateau * before->second;
}

void add_no_plateau(const Store& store, const StoreData& data, Lines& lines) {
  if (data.many || data.groups.empty() || data.left() > 0) return;
  const std::vector<std::string> known = store.columns(Table::history);
  if (std::ranges::find(known, "test_loss") == known.end()) return;  // another family of networks
  std::vector<std::string> keys = data.keys;
  keys.emplace_back("step");
  std::map<std::vector<json>, LossCurve> curves;
  for (const CellGroup& group : read_groups(store, data.name, Table::history, keys, {"test_loss"})) {
    std::vector<double> losses = group.values(0, 1);
    if (losses.empty()) continue;
    curves[{group.keys.begin(), group.keys.end() - 1}].emplace(group.keys.back().get<std::uint64_t>(),
                                                               median(losses));
  }
  const auto falling = static_cast<std::size_t>(
      std::ranges::count_if(curves, [](const auto& entry) { return still_falls(entry.second); }));
  if (falling > 0)
    lines.push_back(
        fmt::format("No plateau: in {} of {} the median test loss fell by more than 10 % in the "
                    "last fifth of the training; longer training may change what is seen here.",
                    falling, count_text(curves.size(), "setting")));
}

void add_few_seeds(const StoreData& data, Lines& lines) {
  if (data.groups.empty()) return;
  std::size_t least = data.cells(data.groups.front());
  std::size_t most = 0;
  for (const CellGroup& group : data.groups) {
    least = std::min(least, data.cells(group));
    most = std::max(most, data.cells(group));
  }
  if (most <= 1) {
    lines.emplace_back(
        "One network for each setting: differences between settings may be differences between seeds. An "
        "axis "
        "\"training.seed\" = { range = [0, 10] } tells them apart.");
    return;
  }
  IntervalMaker maker({});
  const std::vector<double> any(least, 0.0);
  if (least >= 1 && !maker.of(any, Statistic::median).interval)
    lines.push_back(fmt::format(
        "Few seeds: {} for a setting are too few for an interval of 95 % of a median, "
        "which takes six.",
        least == most ? count_text(least, "network") : fmt::format("{} to {} networks", least, most)));
}

}  // namespace

std::vector<std::string> warnings_about(const Store& store, const StoreData& data) {
  Lines lines;
  add_diverged(data, lines);
  add_missing(data, lines);
  add_dead(data, lines);
  add_no_plateau(store, data, lines);
  add_few_seeds(data, lines);
  if (data.status.programs.size() > 1)
    lines.push_back(
        fmt::format("Several programs wrote these results: {}.", fmt::join(data.status.programs, ", ")));
  return lines;
}

}  // namespace modsweep::page
