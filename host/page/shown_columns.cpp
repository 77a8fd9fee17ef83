#include "page/shown_columns.h"

#include <algorithm>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "modsweep/measure.h"

namespace modsweep::page {

std::vector<ShownColumn> shown_columns(const Store& store) {
  const std::vector<std::string> names = store.columns(Table::results);
  const std::vector<std::string> docs = store.column_docs(Table::results);
  std::vector<std::pair<int, ShownColumn>> shown;
  const auto add = [&](const std::string& name, const RunColumn& run) {
    const auto found = std::ranges::find(names, name);
    if (found == names.end()) return;
    const auto position = static_cast<std::size_t>(found - names.begin());
    shown.push_back({run.order, {name, docs[position], std::string(run.format)}});
  };
  for (const Measure& measure : measures()) {
    for (const MeasureColumn& column : measure.network)
      if (!column.run.heading.empty()) add(std::string(column.name), column.run);
    for (const MeasureColumn& column : measure.layer)
      for (std::size_t layer = 1; !column.run.heading.empty() && layer <= column.run.layers; ++layer)
        add(fmt::format("{}_layer{}", column.name, layer), column.run);
  }
  std::ranges::stable_sort(shown, {}, [](const auto& entry) { return entry.first; });
  std::vector<ShownColumn> columns;
  for (auto& [order, column] : shown) columns.push_back(std::move(column));
  return columns;
}

}  // namespace modsweep::page
