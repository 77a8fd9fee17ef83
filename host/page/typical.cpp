#include "page/typical.h"

#include "core/text.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <span>
#include <unordered_set>

#include <fmt/format.h>

#include "modsweep/statistics.h"

namespace modsweep::page {
namespace {

using nlohmann::json;

constexpr const char* gap_column = "gap_live_layer1";

/// A group, its median gap, and the network that is nearest to it so far.
struct Sought {
  const CellGroup* group = nullptr;
  double median = 0.0;
  std::string cell = {};
  double distance = std::numeric_limits<double>::infinity();
  double gap = 0.0;
};

std::vector<Sought> extreme_groups(const StoreData& data) {
  std::optional<Sought> lowest, highest;
  for (const CellGroup& group : data.groups) {
    std::vector<double> gaps = data.values(group, gap_column);
    if (gaps.empty()) continue;
    const Sought one{&group, median(gaps)};
    if (!lowest || one.median < lowest->median) lowest = one;
    if (!highest || one.median > highest->median) highest = one;
  }
  if (!highest) return {};
  if (highest->group == lowest->group) return {*highest};
  return {*highest, *lowest};
}

}  // namespace

std::vector<TypicalNetwork> typical_networks(const Store& store, const StoreData& data) {
  std::vector<Sought> sought = data.many ? std::vector<Sought>() : extreme_groups(data);
  if (sought.empty()) return {};
  std::unordered_set<std::string> kept;
  store.read_kept_weights(
      [&](const Store::KeptWeights& weights) { kept.insert(std::string(bare_id(weights.cell_id))); });
  std::vector<std::string> columns = data.keys;
  columns.insert(columns.end(), {"cell", gap_column});
  store.read_rows(Table::results, columns, [&](std::span<const std::string> row) {
    const json gap = json::parse(row.back());
    if (!gap.is_number()) return;
    const std::string cell = json::parse(row[data.keys.size()]);
    for (Sought& one : sought) {
      const double distance = std::abs(gap.get<double>() - one.median);
      if (distance >= one.distance || !kept.contains(std::string(bare_id(cell)))) continue;
      bool same = true;
      for (std::size_t k = 0; k < data.keys.size() && same; ++k)
        same = json::parse(row[k]) == one.group->keys[k];
      if (!same) continue;
      one.cell = shown_id(bare_id(cell));
      one.distance = distance;
      one.gap = gap.get<double>();
    }
  });
  std::vector<TypicalNetwork> networks;
  for (std::size_t i = 0; i < sought.size(); ++i)
    if (!sought[i].cell.empty())
      networks.push_back(
          {sought[i].cell, fmt::format("{}{} {:.3g}: {}", gap_column,
                                       sought.size() == 1 ? "" : (i == 0 ? ", highest," : ", lowest,"),
                                       sought[i].gap, data.text_of(*sought[i].group))});
  return networks;
}

}  // namespace modsweep::page
