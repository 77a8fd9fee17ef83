#include "results/cells.h"

#include "core/text.h"
#include "measures/measure_tables.h"
#include "results/parent_labels.h"
#include "results/values.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <span>
#include <unordered_set>
#include <utility>

#include "modsweep/measure.h"
#include "modsweep/merge.h"
#include "modsweep/names.h"
#include "modsweep/store.h"

namespace modsweep {
namespace {

using nlohmann::json;

/// Adds the rows of one table to the cells that are recurrent networks. `columns` begins with cell and step.
void read_rows_of(const Store& store, Table table, const std::string& name,
                  const std::vector<std::string>& columns, bool last_step,
                  const std::unordered_map<std::string, std::size_t>& positions,
                  std::vector<ResultCell>& cells) {
  const std::vector<std::string> known = store.columns(table);
  for (const std::string& column : columns)  // nothing of this was measured
    if (std::ranges::find(known, column) == known.end()) return;
  std::unordered_map<std::string, std::string> steps;  // of the rows that are kept, by cell
  store.read_rows(table, columns, [&](std::span<const std::string> row) {
    const std::string id(bare_id(json::parse(row[0]).get<std::string>()));
    const auto position = positions.find(id);
    if (position == positions.end()) return;
    auto& rows = cells[position->second].rows[name];
    if (std::string& step = steps[id]; last_step && step != row[1]) {  // rows ascend in their step
      rows.clear();
      step = row[1];
    }
    json values = json::object();
    for (std::size_t i = 2; i < columns.size(); ++i) values[columns[i]] = json::parse(row[i]);
    rows.push_back(std::move(values));
  });
}

void read_recurrent_tables(const Store& store, const std::unordered_map<std::string, std::size_t>& positions,
                           std::vector<ResultCell>& cells) {
  read_rows_of(store, Table::history, "history",
               {"cell", "step", "epoch", "n_solved", "parameters", "timescale"}, false, positions, cells);
  for (const Measure& measure : measures()) {
    if (measure.family != Family::recurrent) continue;
    for (const MeasureTable& table : measure.tables) {
      std::vector<std::string> columns = {"cell", "step"};
      for (const auto* list : {&table.keys, &table.columns})
        for (const MeasureColumn& column : *list) columns.emplace_back(column.name);
      read_rows_of(store, Table(table.name), std::string(table.name), columns, true, positions, cells);
    }
  }
}

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
  std::unordered_map<std::string, std::size_t> recurrent;
  for (const auto& [id, position] : positions)
    if (cells[position].settings.value("network.family", "") == name_of(Family::recurrent))
      recurrent.emplace(id, position);
  if (!recurrent.empty()) read_recurrent_tables(store, recurrent, cells);
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

const std::vector<json>& ResultCell::table(const std::string& name) const {
  static const std::vector<json> nothing;
  const auto found = rows.find(name);
  return found == rows.end() ? nothing : found->second;
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
