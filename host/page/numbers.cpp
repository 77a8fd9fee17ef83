#include "page/numbers.h"

#include "core/formats.h"
#include "page/setting_text.h"
#include "results/group_statistics.h"

#include <algorithm>
#include <sstream>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "modsweep/statistics.h"

namespace modsweep::page {
namespace {

// A page stays below 1 MB: a row of the table takes some 100 bytes a column, of the file some 300 in all.
constexpr std::size_t most_rows = 300;
constexpr std::size_t most_csv_rows = 1000;

/// Evenly chosen groups, the first and the last among them.
std::vector<CellGroup> some_of(const std::vector<CellGroup>& groups, std::size_t most) {
  if (groups.size() <= most) return groups;
  std::vector<CellGroup> some;
  for (std::size_t i = 0; i < most; ++i) some.push_back(groups[i * (groups.size() - 1) / (most - 1)]);
  return some;
}

std::string how_many(std::size_t shown, std::size_t all) {
  return fmt::format("{} of {}, evenly chosen", format_count(static_cast<double>(shown)),
                     format_plural(static_cast<double>(all), "group"));
}

TableCell number_cell(const StoreData& data, const CellGroup& group, const ShownColumn& column,
                      IntervalMaker& maker) {
  std::vector<double> values = data.values(group, column.name);
  if (values.empty()) return {"-"};
  const StatisticInterval found = maker.of(values, Statistic::median);
  const double middle = median(values);
  TableCell cell{fmt::format(fmt::runtime(column.format), middle), middle};
  if (found.interval)
    cell.remark = fmt::format("[{:.3g}, {:.3g}]", found.interval->low, found.interval->high);
  const std::size_t cells = data.cells(group);
  if (values.size() < cells)
    cell.remark += fmt::format("{}{} of {}", cell.remark.empty() ? "" : " ", values.size(), cells);
  return cell;
}

SortableTable table_of(const StoreData& data, const std::vector<CellGroup>& groups) {
  SortableTable table;
  for (const std::string& key : data.shown_names()) table.columns.push_back({key, "", false});
  table.columns.push_back({"networks", "done, without those that diverged", true});
  const bool any_diverged = std::ranges::any_of(groups, [](const CellGroup& g) { return g.diverged > 0; });
  if (any_diverged) table.columns.push_back({"diverged", "left out of all numbers", true});
  for (const ShownColumn& column : data.shown) table.columns.push_back({column.name, column.doc, true});
  IntervalMaker maker({});
  for (const CellGroup& group : groups) {
    auto& row = table.rows.emplace_back();
    for (const nlohmann::json& value : data.shown_values(group))
      row.push_back(
          {value_text(value), value.is_number() ? std::optional(value.get<double>()) : std::nullopt});
    const auto count = [&](std::size_t n) { row.push_back({std::to_string(n), static_cast<double>(n)}); };
    count(data.cells(group));
    if (any_diverged) count(group.diverged);
    for (const ShownColumn& column : data.shown) row.push_back(number_cell(data, group, column, maker));
  }
  return table;
}

/// The same groups with fewer columns.
std::vector<CellGroup> with_columns(const StoreData& data, const std::vector<CellGroup>& groups,
                                    const std::vector<std::string>& columns) {
  std::vector<std::size_t> positions;
  for (const std::string& name : columns)
    positions.push_back(
        static_cast<std::size_t>(std::ranges::find(data.columns, name) - data.columns.begin()));
  std::vector<CellGroup> fewer;
  for (const CellGroup& group : groups) {
    CellGroup& one = fewer.emplace_back(CellGroup{group.keys, group.diverged, {}, {}});
    for (std::size_t cell = 0; cell < data.cells(group); ++cell)
      for (const std::size_t c : positions)
        one.numbers.push_back(group.numbers[cell * data.columns.size() + c]);
  }
  return fewer;
}

}  // namespace

Section group_numbers(const StoreData& data) {
  Section section{"All numbers", {}};
  if (data.groups.empty()) {
    section.blocks.push_back({Paragraph{"No network is finished yet."}});
    return section;
  }
  const std::vector<CellGroup> shown = some_of(data.groups, most_rows);
  section.blocks.push_back({Paragraph{fmt::format(
      "Medians over the networks of a setting, with intervals of 95 % where there are six networks or more. "
      "A "
      "click on a heading sorts.{}",
      shown.size() < data.groups.size() ? " " + how_many(shown.size(), data.groups.size()) + "." : "")}});
  section.blocks.push_back({table_of(data, shown)});

  // All columns where they fit, else the shown ones.
  std::vector<std::string> columns = data.columns;
  if (data.groups.size() * columns.size() > most_csv_rows) {
    columns.clear();
    for (const ShownColumn& column : data.shown) columns.push_back(column.name);
  }
  if (columns.empty()) return section;
  const std::vector<CellGroup> in_file =
      some_of(data.groups, std::max<std::size_t>(2, most_csv_rows / columns.size()));
  std::ostringstream csv;
  write_csv(statistics_table(data.keys, columns, with_columns(data, in_file, columns), Statistic::median, {}),
            csv);
  const bool whole = in_file.size() == data.groups.size();
  section.blocks.push_back(
      {Download{fmt::format("CSV: every statistic of {}{}",
                            columns.size() == data.columns.size() ? "every column" : "these columns",
                            whole ? "" : ", " + how_many(in_file.size(), data.groups.size())),
                "groups.csv", "text/csv", csv.str()}});
  if (!whole || columns.size() < data.columns.size())
    section.blocks.push_back({Code{fmt::format("modsweep aggregate {} --value {} -o groups.csv\n", data.words,
                                               fmt::join(columns, " "))}});
  return section;
}

}  // namespace modsweep::page
