#include "cli/run_table.h"

#include "core/formats.h"
#include "core/text.h"
#include "results/groups.h"
#include "results/values.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <span>
#include <string_view>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>
#include <fmt/ostream.h>
#include <fmt/ranges.h>

#include "modsweep/measure.h"
#include "modsweep/statistics.h"

namespace modsweep::cli {
namespace {

constexpr std::uint64_t most_rows = 30;
constexpr std::uint64_t most_cells = 20000;  // looked up for one table

/// A column of the table: medians of a column of results.
struct ShownColumn {
  std::string name;
  std::string heading;
  RunColumn run;
};

/// Final numbers of one finished cell, by column; NaN: not measured, or not finite.
using FinalNumbers = std::vector<double>;

/// The cells of the first rows of the table, computed from the grid: a sweep of millions of cells is not
/// enumerated.
class GroupedGrid {
 public:
  explicit GroupedGrid(const Sweep& sweep) : sweep_(sweep) {
    for (const Axis& axis : sweep.axes) {
      if (axis.keys == std::vector<std::string>{"training.seed"})
        seeds_ = axis.values.size();
      else
        groups_ *= axis.values.size();
    }
  }

  [[nodiscard]] std::uint64_t groups() const { return groups_; }
  [[nodiscard]] std::uint64_t seeds() const { return seeds_; }

  [[nodiscard]] std::uint64_t index(std::uint64_t group, std::uint64_t seed) const {
    std::uint64_t index = 0;
    std::uint64_t stride = 1;
    for (auto axis = sweep_.axes.rbegin(); axis != sweep_.axes.rend(); ++axis) {
      const std::uint64_t points = axis->values.size();
      if (axis->keys == std::vector<std::string>{"training.seed"}) {
        index += stride * seed;
      } else {
        index += stride * (group % points);
        group /= points;
      }
      stride *= points;
    }
    return index;
  }

  /// The first `most` groups, in grid order, that have cells in a shard (nullptr: none, all cells).
  [[nodiscard]] std::vector<std::uint64_t> groups_of(const ShardCells* shard, std::uint64_t most) const {
    std::vector<std::uint64_t> found;
    for (std::uint64_t group = 0; group < groups_ && found.size() < most; ++group) {
      bool any = shard == nullptr;
      for (std::uint64_t seed = 0; seed < seeds_ && !any; ++seed) any = shard->contains(index(group, seed));
      if (any) found.push_back(group);
    }
    return found;
  }

 private:
  const Sweep& sweep_;
  std::uint64_t groups_ = 1;
  std::uint64_t seeds_ = 1;
};

std::unordered_map<std::string, FinalNumbers> look_up(const Store& store, const std::vector<std::string>& ids,
                                                      const std::vector<ShownColumn>& shown) {
  constexpr std::size_t at_once = 500;
  std::vector<std::string> columns = {"cell", "status"};
  for (const ShownColumn& column : shown) columns.push_back(column.name);
  std::unordered_map<std::string, FinalNumbers> found;
  for (std::size_t begin = 0; begin < ids.size(); begin += at_once) {
    const auto some = std::span(ids).subspan(begin, std::min(at_once, ids.size() - begin));
    store.read_cells(
        Table::results, {some.begin(), some.end()}, columns, [&](std::span<const std::string> row) {
          if (row[1] != "\"done\"") return;
          FinalNumbers& numbers =
              found[std::string(bare_id(row[0].substr(1, row[0].size() - 2)))];  // without quotes
          for (std::size_t c = 2; c < row.size(); ++c)
            numbers.push_back(number_in(row[c], columns[c], "the store"));
        });
  }
  return found;
}

/// The n of gap_n; "n" where it varies.
std::string modules_text(const Sweep& sweep) {
  for (const Axis& axis : sweep.axes)
    for (const std::string& key : axis.keys)
      if (key == "measure.modules" || key == "task.inputs") return "n";
  return std::to_string(modules_sought(sweep.base));
}

/// The median of column `c` over cells; "-" if no cell has a value.
std::string median_text(const std::vector<const FinalNumbers*>& cells, std::size_t c,
                        std::string_view format) {
  std::vector<double> values;
  for (const FinalNumbers* cell : cells)
    if (!std::isnan((*cell)[c])) values.push_back((*cell)[c]);
  return values.empty() ? "-" : fmt::format(fmt::runtime(format), median(values));
}

/// The columns that the measures want shown, in order; layer columns for the hidden layers of the sweep's
/// deepest network.
std::vector<ShownColumn> wanted_columns(const Sweep& sweep) {
  const std::string n = modules_text(sweep);
  std::vector<ShownColumn> shown;
  for (const Measure& measure : measures()) {
    for (const MeasureColumn& column : measure.network)
      if (!column.run.heading.empty())
        shown.push_back({std::string(column.name), std::string(column.run.heading), column.run});
    for (const MeasureColumn& column : measure.layer) {
      if (column.run.heading.empty()) continue;
      const std::size_t layers = std::min(sweep.max_hidden_layers(), column.run.layers);
      std::string heading(column.run.heading);
      if (const auto at = heading.find("{n}"); at != std::string::npos) heading.replace(at, 3, n);
      for (std::size_t l = 1; l <= layers; ++l)
        shown.push_back({fmt::format("{}_layer{}", column.name, l),
                         fmt::format("{}layer {}", l == 1 ? heading + " " : "", l), column.run});
    }
  }
  std::ranges::stable_sort(shown, {}, [](const ShownColumn& column) { return column.run.order; });
  return shown;
}

/// Which values of a cell, in axis order, the table shows: of settings that vary together on an axis, those
/// that tell its points apart; without the seed, over which the medians are.
std::vector<bool> shown_values(const Sweep& sweep, bool without_seed) {
  std::vector<bool> shown;
  for (const Axis& axis : sweep.axes) {
    const std::vector<bool> of_axis =
        axis.keys.size() == 1 ? std::vector<bool>{!(without_seed && axis.keys.front() == "training.seed")}
                              : telling_columns(axis.values, std::vector<bool>(axis.keys.size()));
    shown.insert(shown.end(), of_axis.begin(), of_axis.end());
  }
  return shown;
}

/// How to merge the stores of all shards, by their default names.
void print_merge_hint(const ShardCells* shard, const std::string& store_path, std::ostream& out) {
  if (shard == nullptr || shard->shard().whole()) return;
  const auto [index, count] = shard->shard();
  const std::string usual = fmt::format(".shard-{}-of-{}.db", index, count);
  std::string stores = "ALL.db A.db B.db ...";
  if (store_path.ends_with(usual)) {
    const std::string name = store_path.substr(0, store_path.size() - usual.size());
    stores = fmt::format("{0}.db {0}.shard-*-of-{1}.db", name, count);
  }
  fmt::print(out, "this is shard {} of {}; all together: modsweep merge {}\n", index, count, stores);
}

}  // namespace

void print_table(std::ostream& out, std::vector<std::vector<std::string>> rows, std::size_t left) {
  for (auto& row : rows)
    for (std::string& text : row) text = one_line(text, std::string::npos);
  std::vector<std::size_t> width;
  for (const auto& row : rows) {
    width.resize(std::max(width.size(), row.size()));
    for (std::size_t c = 0; c < row.size(); ++c) width[c] = std::max(width[c], row[c].size());
  }
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t c = 0; c < row.size(); ++c) {
      if (c > 0) line += "  ";
      line += c < left ? fmt::format("{:<{}}", row[c], width[c]) : fmt::format("{:>{}}", row[c], width[c]);
    }
    while (!line.empty() && line.back() == ' ') line.pop_back();
    fmt::print(out, "{}\n", line);
  }
}

void print_results(const Sweep& sweep, const Store& store, const std::string& store_path,
                   const ShardCells* shard, std::ostream& out) {
  const GroupedGrid grid(sweep);
  const std::string all = fmt::format("modsweep export {} --table results", store_path);
  const std::uint64_t most = std::min(most_rows, most_cells / grid.seeds());
  std::vector<std::uint64_t> groups = grid.groups_of(shard, most + 1);
  const bool cut = groups.size() > most;
  if (cut) groups.pop_back();
  if (groups.empty()) {
    if (cut) fmt::print(out, "all results: {}\n", all);
    print_merge_hint(shard, store_path, out);
    return;
  }
  const std::size_t shown = groups.size();
  std::vector<std::vector<std::string>> ids(shown);
  std::vector<std::string> every_id;
  std::vector<std::vector<std::string>> rows(shown + 1);
  const std::vector<bool> shown_of_cell = shown_values(sweep, grid.seeds() > 1);
  for (std::size_t group = 0; group < shown; ++group) {
    bool named = false;
    for (std::uint64_t seed = 0; seed < grid.seeds(); ++seed) {
      const std::uint64_t index = grid.index(groups[group], seed);
      if (shard != nullptr && !shard->contains(index)) continue;
      const Cell cell = sweep.cell(index);
      if (!std::exchange(named, true)) {
        for (std::size_t v = 0; v < cell.varied.size(); ++v) {
          if (!shown_of_cell[v]) continue;
          if (group == 0) rows[0].push_back(cell.varied[v].key);
          rows[group + 1].push_back(cell.varied[v].json);
        }
      }
      ids[group].push_back(cell.id);
      every_id.push_back(cell.id);
    }
  }
  const std::size_t varied = rows[0].size();
  std::vector<ShownColumn> columns = wanted_columns(sweep);
  const std::vector<std::string> known = store.columns(Table::results);
  std::erase_if(columns,
                [&](const ShownColumn& c) { return std::ranges::find(known, c.name) == known.end(); });
  const auto found = look_up(store, every_id, columns);
  const auto is_shown = [&](std::size_t c) {
    return columns[c].run.always ||
           std::ranges::any_of(found, [&](const auto& entry) { return !std::isnan(entry.second[c]); });
  };
  std::vector<std::size_t> present;
  for (std::size_t c = 0; c < columns.size(); ++c)
    if (is_shown(c)) present.push_back(c);
  rows[0].emplace_back("cells");
  for (const std::size_t c : present) rows[0].push_back(columns[c].heading);
  for (std::size_t group = 0; group < shown; ++group) {
    std::vector<const FinalNumbers*> cells;
    for (const std::string& id : ids[group])
      if (const auto entry = found.find(id); entry != found.end()) cells.push_back(&entry->second);
    auto& row = rows[group + 1];
    row.push_back(std::to_string(cells.size()));
    for (const std::size_t c : present) row.push_back(median_text(cells, c, columns[c].run.format));
  }
  print_table(out, rows, varied);
  if (grid.seeds() > 1) fmt::print(out, "(medians over training.seed; gap and modules without dead units)\n");
  if (cut && shard == nullptr)
    fmt::print(out, "{} more rows: {}\n", format_count(static_cast<double>(grid.groups() - shown)), all);
  else if (cut)
    fmt::print(out, "more rows: {}\n", all);
  print_merge_hint(shard, store_path, out);
}

}  // namespace modsweep::cli
