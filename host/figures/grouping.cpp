#include "figures/grouping.h"

#include "figures/joint_keys.h"
#include "figures/theme.h"
#include "figures/ticks.h"
#include "results/values.h"

#include <algorithm>
#include <set>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "modsweep/error.h"

namespace modsweep::figures {
namespace {

using nlohmann::json;

constexpr std::size_t most_facets = 6;

/// The keys that the request names.
std::vector<std::string> named_keys(const Request& request) {
  std::vector<std::string> keys;
  for (const std::string& key : {request.x, request.hue, request.row, request.col})
    if (!key.empty()) keys.push_back(key);
  for (auto key = keys.begin(); key != keys.end(); ++key)
    if (std::find(keys.begin(), key, *key) != key)
      throw InputError(fmt::format(
          "{} is asked for twice; give each of --x, --hue, --row and --col another setting", *key));
  return keys;
}

/// Takes the key with the most values out of `from`; numbers before others.
std::string take_longest(std::vector<KeyValues>& from) {
  if (from.empty()) return "";
  const auto longest = std::ranges::max_element(
      from, {}, [](const KeyValues& key) { return std::pair(all_numbers(key.values), key.values.size()); });
  std::string key = longest->key;
  from.erase(longest);
  return key;
}

std::string take_first(std::vector<KeyValues>& from) {
  if (from.empty()) return "";
  std::string key = from.front().key;
  from.erase(from.begin());
  return key;
}

struct Keys {
  std::string row, col, hue, x;
  std::vector<std::string> pooled;
};

Keys choose_keys(const Source& source, const Request& request, const Wanted& wanted) {
  std::vector<KeyValues> left = varied_values(source, request);
  Keys keys{request.row, request.col, request.hue, request.x.empty() ? wanted.x : request.x, {}};
  if (keys.x.empty()) keys.x = take_longest(left);
  if (keys.hue.empty()) keys.hue = wanted.two_axes ? take_longest(left) : take_first(left);
  if (keys.col.empty()) keys.col = take_first(left);
  if (keys.row.empty()) keys.row = take_first(left);
  for (const KeyValues& key : left) keys.pooled.push_back(key.key);
  return keys;
}

/// The place of each setting of a key among the keys of groups.
using Positions = std::vector<std::size_t>;

json value_in(const CellGroup& group, const Positions& positions) {
  std::vector<json> parts;
  for (const std::size_t position : positions) parts.push_back(group.keys[position]);
  return joint_value(parts);
}

/// The values of a key among groups, thinned out; `notes` say so.
KeyValues values_of(const std::string& key, const Positions& positions, const std::vector<CellGroup>& groups,
                    std::size_t most, std::vector<std::string>& notes) {
  KeyValues found{key, {}};
  if (positions.empty()) return {"", {json()}};
  std::set<json> values;
  for (const CellGroup& group : groups) values.insert(value_in(group, positions));
  const std::vector<json> all(values.begin(), values.end());
  for (const std::size_t i : evenly(all.size(), most)) found.values.push_back(all[i]);
  if (found.values.size() < all.size())
    notes.push_back(fmt::format("{} of {} values of {} are drawn", found.values.size(), all.size(), key));
  return found;
}

void say_what_is_left_out(Plotted& plotted, const std::vector<std::string>& pooled) {
  if (!pooled.empty())
    plotted.notes.push_back(
        fmt::format("networks of all values of {} are taken together", fmt::join(pooled, ", ")));
  std::size_t diverged = 0;
  for (const auto& [place, group] : plotted.groups) diverged += group.diverged;
  if (diverged > 0)
    plotted.notes.push_back(
        fmt::format("left out: {} diverged {}", diverged, diverged == 1 ? "network" : "networks"));
}

}  // namespace

std::vector<KeyValues> varied_values(const Source& source, const Request& request) {
  std::vector<std::string> named;
  for (const std::string& key : named_keys(request))
    for (std::string& setting : settings_of(key)) named.push_back(std::move(setting));
  return joint_values(source, request, default_keys(source.store, named));
}

bool all_numbers(std::span<const json> values) {
  return std::ranges::all_of(values, [](const json& value) { return value.is_number(); });
}

std::string value_text(const json& value) {
  if (value.is_null()) return "none";
  if (value.is_string()) return value.get<std::string>();
  return value.is_number() ? number_text(value.get<double>()) : value.dump();
}

std::vector<std::size_t> evenly(std::size_t count, std::size_t most) {
  std::vector<std::size_t> chosen;
  for (std::size_t i = 0; i < std::min(count, most); ++i)
    chosen.push_back(count <= most || most < 2 ? i : (i * (count - 1) + (most - 1) / 2) / (most - 1));
  return chosen;
}

const CellGroup* Plotted::at(const Place& place) const {
  const auto found = groups.find(place);
  return found == groups.end() ? nullptr : &found->second;
}

Plotted read_plotted(const Source& source, const Request& request, const Wanted& wanted) {
  const Keys chosen = choose_keys(source, request, wanted);
  std::vector<std::string> keys;
  const auto add = [&](const std::string& key) {
    Positions positions;
    for (std::string& setting : settings_of(key)) {
      positions.push_back(keys.size());
      keys.push_back(std::move(setting));
    }
    return positions;
  };
  const std::array<Positions, 4> position = {add(chosen.row), add(chosen.col), add(chosen.hue),
                                             add(chosen.x)};
  const auto labels = wanted.curves ? curve_keys(source.store, keys, chosen.x) : std::vector<std::string>();
  std::vector<CellGroup> groups = read_groups(source.store, source.name, wanted.table, keys, wanted.columns,
                                              labels, request.cells ? &*request.cells : nullptr);
  Plotted plotted;
  plotted.columns = wanted.columns.size();
  plotted.row = values_of(chosen.row, position[0], groups, most_facets, plotted.notes);
  plotted.col = values_of(chosen.col, position[1], groups, most_facets, plotted.notes);
  plotted.hue = values_of(chosen.hue, position[2], groups, wanted.most_hues, plotted.notes);
  plotted.x = values_of(chosen.x, position[3], groups, groups.size(), plotted.notes);
  const std::array<const KeyValues*, 4> axes = {&plotted.row, &plotted.col, &plotted.hue, &plotted.x};
  for (CellGroup& group : groups) {
    Place place{};
    bool drawn = true;
    for (std::size_t i = 0; i < axes.size(); ++i) {
      const json value = value_in(group, position[i]);
      const auto found = std::ranges::find(axes[i]->values, value);
      drawn = drawn && found != axes[i]->values.end();
      place[i] = static_cast<std::size_t>(found - axes[i]->values.begin());
    }
    if (drawn) plotted.groups.emplace(place, std::move(group));
  }
  say_what_is_left_out(plotted, chosen.pooled);
  return plotted;
}

std::vector<std::string> drawn_columns(const Source& source, const Request& request, Table table,
                                       std::size_t most) {
  if (!request.y.empty()) {
    for (const std::string& column : request.y)
      check_column(column, source.store.columns(table), source.name, table);
    return request.y;
  }
  const std::vector<std::string> known = source.store.columns(table);
  std::vector<std::string> columns;
  for (const char* usual :
       {"test_loss", "gap_live_layer1", "gap_layer1", "train_loss", "weight_sum", "n_solved", "accuracy"})
    if (std::ranges::find(known, usual) != known.end() && columns.size() < most &&
        !(std::string_view(usual) == "gap_layer1" &&
          std::ranges::find(columns, "gap_live_layer1") != columns.end()))
      columns.emplace_back(usual);
  if (columns.empty())
    throw InputError(fmt::format("{}: has none of the usual columns; choose with --y among {}", source.name,
                                 fmt::join(known, ", ")));
  return columns;
}

}  // namespace modsweep::figures
