#include "measures/measure_tables.h"

#include <algorithm>
#include <numeric>
#include <set>
#include <string>

#include <fmt/format.h>

#include "modsweep/error.h"

namespace modsweep {
namespace {

struct Layout {
  std::vector<MeasuredTable> tables;
  std::vector<MeasurePositions> positions;  // per measure of measures()
};

/// Appends columns; returns their indices.
std::vector<std::size_t> append(MeasuredTable& table, const std::vector<MeasureColumn>& columns) {
  std::vector<std::size_t> numbers(columns.size());
  std::iota(numbers.begin(), numbers.end(), table.columns.size());
  table.columns.insert(table.columns.end(), columns.begin(), columns.end());
  return numbers;
}

/// Sorts the columns of a table into the store's order. Returns the new index of each old one.
std::vector<std::size_t> order_columns(MeasuredTable& table) {
  std::vector<std::size_t> by_format(table.columns.size());
  std::iota(by_format.begin(), by_format.end(), std::size_t{0});
  std::ranges::stable_sort(by_format, {}, [&](std::size_t c) { return table.columns[c].since; });
  const std::vector<MeasureColumn> listed = std::move(table.columns);
  table.columns.clear();
  table.listed.resize(listed.size());
  for (const std::size_t c : by_format) {
    table.listed[c] = table.columns.size();
    table.columns.push_back(listed[c]);
  }
  return table.listed;
}

/// Of two equal names, a lookup would find only one: such a list is refused before anything is measured.
void check_names(const std::vector<MeasuredTable>& tables) {
  std::set<std::string_view> names = {"cells",  "sweeps", "checkpoints", "weights", "store",  "runs",
                                      "shards", "fits",   "results",     "history", "spectra"};
  for (const MeasuredTable& table : tables) {
    if (!names.insert(table.name).second)
      throw LogicError(fmt::format("measures: two tables are called '{}'", table.name));
    std::set<std::string_view> columns = {"cell", "step"};
    for (const auto* list : {&table.keys, &table.columns})
      for (const MeasureColumn& column : *list)
        if (!columns.insert(column.name).second)
          throw LogicError(
              fmt::format("measures: two columns of table {} are called '{}'", table.name, column.name));
  }
}

Layout make_layout() {
  Layout layout;
  std::vector<MeasuredTable>& tables = layout.tables;
  tables = {
      {.name = "measurements", .doc = "one network at one step; NULL: not measured, or not a finite number"},
      {.name = "layers",
       .doc = "one weight layer of a network at one step",
       .keys = {
           {.name = "layer", .doc = "from 1, the layer next to the inputs", .type = ColumnType::integer}}}};
  for (const Measure& measure : measures()) {
    MeasurePositions& positions = layout.positions.emplace_back();
    positions.network = append(tables[network_table], measure.network);
    positions.layer = append(tables[layer_table], measure.layer);
    for (const MeasureTable& own : measure.tables) {
      MeasuredTable& table = tables.emplace_back(MeasuredTable{.name = own.name,
                                                               .doc = own.doc,
                                                               .since = own.since,
                                                               .keys = own.keys,
                                                               .exported = own.exported,
                                                               .only_last = measure.only_last,
                                                               .long_rows = own.long_rows});
      std::vector<std::size_t> columns = append(table, own.columns);
      positions.tables.push_back({tables.size() - 1, std::move(columns)});
    }
  }
  // Tables and columns of a later format follow those of old stores.
  std::vector<std::size_t> order(tables.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin() + layer_table + 1, order.end(),
                   [&](std::size_t a, std::size_t b) { return tables[a].since < tables[b].since; });
  std::vector<std::size_t> table_number(tables.size());
  std::vector<MeasuredTable> ordered;
  for (const std::size_t t : order) {
    table_number[t] = ordered.size();
    ordered.push_back(std::move(tables[t]));
  }
  tables = std::move(ordered);
  std::vector<std::vector<std::size_t>> column_number;
  for (MeasuredTable& table : tables) column_number.push_back(order_columns(table));
  const auto renumber = [&](std::vector<std::size_t>& columns, std::size_t table) {
    for (std::size_t& column : columns) column = column_number[table][column];
  };
  for (MeasurePositions& positions : layout.positions) {
    renumber(positions.network, network_table);
    renumber(positions.layer, layer_table);
    for (MeasurePositions::Own& own : positions.tables) {
      own.table = table_number[own.table];
      renumber(own.columns, own.table);
    }
  }
  check_names(tables);
  return layout;
}

const Layout& layout() {
  static const Layout made = make_layout();
  return made;
}

}  // namespace

std::size_t MeasuredTable::column(std::string_view column_name) const {
  const auto found = std::ranges::find(columns, column_name, &MeasureColumn::name);
  if (found == columns.end())
    throw LogicError(fmt::format("measures: table {} has no column '{}'", name, column_name));
  return static_cast<std::size_t>(found - columns.begin());
}

const std::vector<MeasuredTable>& measured_tables() {
  return layout().tables;
}

std::int32_t measured_format() {
  std::int32_t format = 1;
  for (const MeasuredTable& table : measured_tables()) {
    format = std::max(format, table.since);
    for (const MeasureColumn& column : table.columns) format = std::max(format, column.since);
  }
  return format;
}

const MeasurePositions& positions_of(const Measure& measure) {
  return layout().positions.at(static_cast<std::size_t>(&measure - measures().data()));
}

}  // namespace modsweep
