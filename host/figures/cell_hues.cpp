#include "figures/cell_hues.h"

#include "figures/joint_keys.h"
#include "results/values.h"

#include <algorithm>
#include <set>
#include <span>
#include <utility>

#include <fmt/format.h>

namespace modsweep::figures {

using nlohmann::json;

std::optional<std::size_t> CellHues::of(const std::string& cell) const {
  const auto value = of_cell.find(cell);
  if (value == of_cell.end()) return std::nullopt;
  const auto place = std::ranges::find(hue.values, value->second);
  if (place == hue.values.end()) return std::nullopt;
  return static_cast<std::size_t>(place - hue.values.begin());
}

std::string CellHues::label(std::size_t index) const {
  if (hue.key.empty()) return "";
  if (!crossed) return value_name(hue, index);
  std::string text;
  const std::vector<std::string> settings = settings_of(hue.key);
  for (std::size_t part = 0; part < settings.size(); ++part)
    text +=
        fmt::format("{}{} {}", text.empty() ? "" : ", ", settings[part].substr(settings[part].rfind('.') + 1),
                    value_text(hue.values[index][part]));
  return text;
}

CellHues cell_hues(const Source& source, const Request& request, const std::string& key) {
  CellHues found;
  std::vector<std::string> columns = {"cell", "status"};
  for (std::string& setting : settings_of(key)) {
    check_column(setting, source.store.columns(Table::results), source.name, Table::results);
    columns.push_back(std::move(setting));
  }
  std::set<json> values;
  source.store.read_rows(Table::results, columns, [&](std::span<const std::string> row) {
    const std::string cell = json::parse(row[0]);
    if (row[1] == "\"diverged\"" || (request.cells && !request.cells->contains(cell))) return;
    std::vector<json> parts;
    for (const std::string& part : row.subspan(2)) parts.push_back(json::parse(part));
    values.insert(found.of_cell.emplace(cell, joint_value(parts)).first->second);
  });
  constexpr std::size_t most_lines = 7;
  const std::vector<json> all(values.begin(), values.end());
  found.hue.key = key;
  found.crossed = settings_of(key).size() > 1 && varied_values(source, request).size() > 1;
  for (const std::size_t i : evenly(all.size(), most_lines)) found.hue.values.push_back(all[i]);
  if (found.hue.values.size() < all.size())
    found.notes.push_back(
        fmt::format("{} of {} values of {} are drawn", found.hue.values.size(), all.size(), key));
  return found;
}

}  // namespace modsweep::figures
