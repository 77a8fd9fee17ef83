#include "cli/parent_cells.h"

#include "cli/cell_conditions.h"
#include "cli/sweep_options.h"
#include "config/keys.h"
#include "core/text.h"
#include "results/parent_labels.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "modsweep/error.h"
#include "modsweep/store.h"

namespace modsweep::cli {
namespace {

using nlohmann::json;

constexpr const char* cell_key = "start.cell";
constexpr const char* label_key = "start.label";

bool is_parents_axis(const Axis& axis) {
  return std::ranges::find(axis.keys, cell_key) != axis.keys.end();
}

/// Settings by the ids of the cells that are done, have weights and meet the conditions.
std::map<std::string, json> parents_in(const Store& store, CellConditions& conditions) {
  std::set<std::string> with_weights;
  store.read_kept_weights([&](const Store::KeptWeights& kept) { with_weights.insert(kept.cell_id); });
  std::map<std::string, json> parents;
  store.read_rows(Table::cells, {"cell", "sweep", "status", "engine", "device", "settings"},
                  [&](std::span<const std::string> row) {
                    json settings = json::parse(row[5]);
                    json cell = settings;
                    const char* const names[] = {"cell", "sweep", "status", "engine", "device"};
                    for (std::size_t k = 0; k < std::size(names); ++k) cell[names[k]] = json::parse(row[k]);
                    const std::string id(bare_id(cell["cell"].get<std::string>()));
                    if (cell["status"] != "done" || !with_weights.contains(id)) return;
                    cell["cell"] = shown_id(id);
                    if (conditions.met_by(cell)) parents.emplace(shown_id(id), std::move(settings));
                  });
  return parents;
}

/// The parents of the same sweep in its own store, if it is there.
std::optional<Axis> recorded_parents(const Sweep& sweep, const std::string& own_store) {
  if (!path_exists(own_store)) return std::nullopt;
  for (const StoredSweep& stored : Store(own_store, Store::Access::read_only).sweeps()) {
    if (stored.name != sweep.name) continue;
    const Sweep recorded = recorded_sweep(stored.name, stored.base, stored.axes);
    const auto axis = std::ranges::find_if(recorded.axes, is_parents_axis);
    if (axis == recorded.axes.end() || recorded.base.start.from != sweep.base.start.from ||
        recorded.base.start.where != sweep.base.start.where)
      continue;
    return *axis;
  }
  return std::nullopt;
}

CellConditions conditions_of(const Sweep& sweep) {
  try {
    return CellConditions(sweep.base.start.where);
  } catch (const InputError& error) {
    throw InputError(fmt::format("start.where, as {}", error.what()));
  }
}

Axis found_parents(const Sweep& sweep) {
  const std::string& path = sweep.base.start.from;
  CellConditions conditions = conditions_of(sweep);
  const auto parents = parents_in(Store(path, Store::Access::read_only), conditions);
  if (parents.empty()) {
    const std::string unmet = conditions.unmet();
    throw InputError(
        fmt::format("start.from = \"{}\": no finished network with weights{}{}; see what is there with: "
                    "modsweep export {}",
                    path, unmet.empty() ? " is there" : " meets start.where: ", unmet, path));
  }
  const auto labels = parent_labels(parents);
  const bool labeled = std::ranges::any_of(labels, [](const auto& one) { return !one.second.empty(); });
  Axis axis{{cell_key}, {}};
  if (labeled) axis.keys.emplace_back(label_key);
  for (const auto& [id, label] : labels) {
    axis.values.push_back({fmt::format("\"{}\"", id)});
    if (labeled) axis.values.back().push_back(fmt::format("\"{}\"", label));
  }
  return axis;
}

}  // namespace

void name_parents(Sweep& sweep, const std::string& own_store) {
  if (sweep.base.start.from.empty() || !sweep.base.start.cell.empty()) return;
  auto axis = recorded_parents(sweep, own_store);
  if (!axis) axis = found_parents(sweep);
  sweep.axes.insert(sweep.axes.begin(), std::move(*axis));
  const Axis& parents = sweep.axes.front();
  for (std::size_t k = 0; k < parents.keys.size(); ++k)
    find_key(parents.keys[k])->read(sweep.base, parents.values.front()[k]);
}

}  // namespace modsweep::cli
