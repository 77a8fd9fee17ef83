#include "cli/report.h"

#include "core/formats.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <optional>
#include <span>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>
#include <fmt/ostream.h>
#include <fmt/ranges.h>

#include "modsweep/statistics.h"

namespace modsweep::cli {
namespace {

constexpr std::uint64_t most_rows = 30;
constexpr std::uint64_t most_cells = 20000;  // looked up for one table
constexpr std::size_t most_layers = 4;       // whose gaps are shown

/// Final numbers of one finished cell; those that were not measured or are not finite are missing.
struct FinalNumbers {
  std::optional<double> test_loss, ood_loss, block_error, sum_w2, modules;
  std::array<std::optional<double>, most_layers> gap;  // of layer l + 1
};

/// The cells of the first rows of the table, found by arithmetic over the grid: a sweep of millions is not
/// walked.
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

  /// The groups that a shard (nullptr: none, all cells) has cells of, in grid order, `most` at most.
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

std::optional<double> number(const std::string& text) {
  double value = 0.0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::unordered_map<std::string, FinalNumbers> look_up(const Store& store,
                                                      const std::vector<std::string>& ids) {
  constexpr std::size_t at_once = 500;
  std::unordered_map<std::string, FinalNumbers> found;
  for (std::size_t begin = 0; begin < ids.size(); begin += at_once) {
    const auto some = std::span(ids).subspan(begin, std::min(at_once, ids.size() - begin));
    const auto table =
        store.query(fmt::format("SELECT c.id, m.test_loss, m.sum_w2, l.layer, l.gap_live, l.modules_live, "
                                "m.ood_loss, m.block_error FROM cells c "
                                "JOIN measurements m ON m.cell = c.num AND m.step = c.step "
                                "LEFT JOIN layers l ON l.cell = c.num AND l.step = c.step "
                                "WHERE c.status = 'done' AND c.id IN ('{}')",
                                fmt::join(some, "','")));
    for (const auto& row : table.rows) {
      FinalNumbers& numbers = found[row[0]];
      numbers.test_loss = number(row[1]);
      numbers.sum_w2 = number(row[2]);
      numbers.ood_loss = number(row[6]);
      numbers.block_error = number(row[7]);
      const auto layer = static_cast<std::size_t>(number(row[3]).value_or(0.0));
      if (layer == 0 || layer > most_layers) continue;
      numbers.gap[layer - 1] = number(row[4]);
      if (layer == 1) numbers.modules = number(row[5]);
    }
  }
  return found;
}

/// "gap_4", or "gap_n" where n varies.
std::string gap_name(const Sweep& sweep) {
  for (const Axis& axis : sweep.axes)
    for (const std::string& key : axis.keys)
      if (key == "measure.modules" || key == "task.inputs") return "gap_n";
  return fmt::format("gap_{}", modules_sought(sweep.base));
}

/// The median of what `value` picks of each cell; "-" where no cell has it.
template <typename Value>
std::string median_text(const std::vector<FinalNumbers>& cells, fmt::format_string<double> format,
                        Value value) {
  std::vector<double> values;
  for (const FinalNumbers& cell : cells)
    if (const std::optional<double> number = value(cell)) values.push_back(*number);
  return values.empty() ? "-" : fmt::format(format, median(values));
}

/// Medians that only some sweeps have, each a column where any cell has the number.
struct OptionalColumn {
  const char* name;
  std::optional<double> FinalNumbers::*value;
};
constexpr std::array<OptionalColumn, 2> optional_columns = {
    {{"ood loss", &FinalNumbers::ood_loss}, {"block error", &FinalNumbers::block_error}}};

std::vector<OptionalColumn> present_columns(const std::unordered_map<std::string, FinalNumbers>& found) {
  std::vector<OptionalColumn> present;
  for (const OptionalColumn& column : optional_columns)
    if (std::ranges::any_of(found,
                            [&](const auto& entry) { return (entry.second.*column.value).has_value(); }))
      present.push_back(column);
  return present;
}

/// Hidden layers whose gaps the table shows, of the sweep's deepest network.
std::size_t shown_layers(const Sweep& sweep) {
  return std::min(sweep.most_hidden_layers(), most_layers);
}

/// How the stores of all shards become one, by the names that they have where nobody chose others.
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

void print_table(std::ostream& out, const std::vector<std::vector<std::string>>& rows, std::size_t left) {
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
  for (std::size_t group = 0; group < shown; ++group) {
    bool named = false;
    for (std::uint64_t seed = 0; seed < grid.seeds(); ++seed) {
      const std::uint64_t index = grid.index(groups[group], seed);
      if (shard != nullptr && !shard->contains(index)) continue;
      const Cell cell = sweep.cell(index);
      if (!std::exchange(named, true)) {
        for (const SettingValue& value : cell.varied) {
          if (value.key == "training.seed" && grid.seeds() > 1) continue;
          if (group == 0) rows[0].push_back(value.key);
          rows[group + 1].push_back(value.json);
        }
      }
      ids[group].push_back(cell.id);
      every_id.push_back(cell.id);
    }
  }
  const std::size_t varied = rows[0].size();
  const auto found = look_up(store, every_id);
  const std::size_t layers = shown_layers(sweep);
  const std::vector<OptionalColumn> optional = present_columns(found);
  rows[0].insert(rows[0].end(), {"cells", "test loss"});
  for (const OptionalColumn& column : optional) rows[0].emplace_back(column.name);
  rows[0].insert(rows[0].end(), {"sum W^2", "modules layer 1", gap_name(sweep) + " layer 1"});
  for (std::size_t l = 2; l <= layers; ++l) rows[0].push_back(fmt::format("layer {}", l));
  for (std::size_t group = 0; group < shown; ++group) {
    std::vector<FinalNumbers> cells;
    for (const std::string& id : ids[group])
      if (const auto entry = found.find(id); entry != found.end()) cells.push_back(entry->second);
    auto& row = rows[group + 1];
    row.push_back(std::to_string(cells.size()));
    row.push_back(median_text(cells, "{:.2e}", [](const FinalNumbers& c) { return c.test_loss; }));
    for (const OptionalColumn& column : optional)
      row.push_back(median_text(cells, "{:.2e}", [&](const FinalNumbers& c) { return c.*column.value; }));
    row.push_back(median_text(cells, "{:.2f}", [](const FinalNumbers& c) { return c.sum_w2; }));
    row.push_back(median_text(cells, "{:g}", [](const FinalNumbers& c) { return c.modules; }));
    for (std::size_t l = 0; l < layers; ++l)
      row.push_back(median_text(cells, "{:.3f}", [l](const FinalNumbers& c) { return c.gap[l]; }));
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
