#include "results/cells.h"

#include "core/text.h"
#include "results/parent_labels.h"
#include "results/values.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <span>
#include <unordered_set>

#include "modsweep/merge.h"
#include "modsweep/store.h"

namespace modsweep {
namespace {

using nlohmann::json;

/// Adds the finished cells of a store whose ids are not in `known` yet.
void read_store(const std::string& path, std::unordered_set<std::string>& known,
                std::vector<ResultCell>& cells) {
  const Store store(path, Store::Access::read_only);
  std::unordered_map<std::string, std::size_t> positions;
  store.read_rows(Table::cells,
                  {"cell", "sweep", "status", "steps", "engine", "device", "seconds", "settings"},
                  [&](std::span<const std::string> row) {
                    const std::string status = json::parse(row[2]);
                    const std::string id(bare_id(json::parse(row[0]).get<std::string>()));
                    if (status == "running" || !known.insert(id).second) return;
                    positions[id] = cells.size();
                    cells.push_back({.id = id,
                                     .sweep = json::parse(row[1]),
                                     .settings = json::parse(row[7]),
                                     .numbers = {},
                                     .steps = json::parse(row[3]),
                                     .diverged = status == "diverged",
                                     .engine = json::parse(row[4]),
                                     .device = json::parse(row[5]),
                                     .seconds = json::parse(row[6])});
                    add_parent_settings(cells.back().settings);
                  });
  std::vector<std::string> columns = number_columns(store);
  columns.emplace_back("cell");
  store.read_rows(Table::results, columns, [&](std::span<const std::string> row) {
    const auto position = positions.find(std::string(bare_id(json::parse(row.back()).get<std::string>())));
    if (position == positions.end()) return;
    auto& numbers = cells[position->second].numbers;
    for (std::size_t i = 0; i + 1 < columns.size(); ++i)
      if (const auto value = json_number(row[i]); value && !std::isnan(*value)) numbers[columns[i]] = *value;
  });
}

}  // namespace

std::vector<std::string> number_columns(const Store& store) {
  static const std::set<std::string> others = {"cell",        "sweep",  "status", "steps",
                                               "diverged_at", "engine", "device", "seconds"};
  std::vector<std::string> columns;
  for (const auto& name : store.columns(Table::results))
    if (name.find('.') == std::string::npos && !others.contains(name)) columns.push_back(name);
  return columns;
}

double ResultCell::number(const std::string& column) const {
  const auto found = numbers.find(column);
  return found == numbers.end() ? std::numeric_limits<double>::quiet_NaN() : found->second;
}

std::vector<ResultCell> read_cells(const std::vector<std::string>& paths) {
  std::vector<ResultCell> cells;
  std::unordered_set<std::string> known;
  for (const std::string& file : store_files(paths)) read_store(file, known, cells);
  // The result must not depend on the order in which cells were finished, or in which stores are named.
  std::ranges::sort(cells, {}, &ResultCell::id);
  return cells;
}

}  // namespace modsweep
