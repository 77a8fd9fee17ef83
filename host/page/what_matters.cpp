#include "page/what_matters.h"

#include "analysis/variance_shares.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <string>
#include <utility>

#include <fmt/format.h>

namespace modsweep::page {
namespace {

/// From this ratio of the largest value to the smallest on, shares are of the logarithm: else a few large
/// values would be all that counts.
constexpr double wide_ratio = 100.0;

/// The groups with their points on the axes; values are added later.
struct AxisPoints {
  std::vector<VarianceGroup> groups;
  std::size_t axes = 0;
  bool any_varies = false;
};

AxisPoints points_of(const StoreData& data) {
  AxisPoints points;
  points.axes = data.shown_names().size();
  std::vector<std::map<std::string, std::size_t>> levels(points.axes);
  for (const CellGroup& group : data.groups) {
    const auto values = data.shown_values(group);
    VarianceGroup& point = points.groups.emplace_back();
    for (std::size_t a = 0; a < points.axes; ++a)
      point.levels.push_back(levels[a].try_emplace(values[a].dump(), levels[a].size()).first->second);
  }
  points.any_varies = std::ranges::any_of(levels, [](const auto& axis) { return axis.size() > 1; });
  return points;
}

/// Puts a column's values into the groups; returns whether they are logarithms.
bool fill(AxisPoints& points, const StoreData& data, const std::string& column) {
  double low = std::numeric_limits<double>::infinity();
  double high = -low;
  for (std::size_t g = 0; g < points.groups.size(); ++g) {
    auto& values = points.groups[g].values;
    values = data.values(data.groups[g], column);
    std::erase_if(values, [](double value) { return !std::isfinite(value); });
    for (const double value : values) {
      low = std::min(low, value);
      high = std::max(high, value);
    }
  }
  if (!(low > 0.0 && high >= wide_ratio * low)) return false;
  for (VarianceGroup& group : points.groups)
    for (double& value : group.values) value = std::log10(value);
  return true;
}

}  // namespace

Section what_matters(const StoreData& data) {
  Section section{"What matters", {}};
  AxisPoints points = points_of(data);
  if (!points.any_varies) {
    section.blocks.push_back({Paragraph{"There is one setting only so far: nothing to compare."}});
    return section;
  }
  ShareBars bars;
  bars.legend = data.shown_names();
  bars.legend.emplace_back("axes together");
  bars.legend.emplace_back("seeds");
  bool overlap = false;
  for (const ShownColumn& column : data.shown) {
    const bool logarithmic = fill(points, data, column.name);
    const auto shares = variance_shares(points.groups, points.axes);
    if (!shares) continue;
    ShareRow row{column.name, {}, logarithmic ? "log" : ""};
    row.shares.assign(shares->axes.begin(), shares->axes.end());
    row.shares.push_back(shares->together);
    row.shares.push_back(shares->repeated ? std::optional(shares->within) : std::nullopt);
    overlap = overlap || !shares->together;
    bars.rows.push_back(std::move(row));
  }
  if (bars.rows.empty()) {
    section.blocks.push_back({Paragraph{"No number varies between these networks so far."}});
    return section;
  }
  section.blocks.push_back({Paragraph{fmt::format(
      "The share of the variance between networks that each axis explains by itself (eta squared), what "
      "axes do only in combination, and what differs between seeds. Diverged networks and missing values are "
      "left out.{}{}",
      std::ranges::any_of(bars.rows, [](const ShareRow& row) { return !row.remark.empty(); })
          ? " Of numbers that span two decades or more it is the variance of the logarithm."
          : "",
      overlap ? " Some combinations of settings have fewer values than others: shares of axes overlap, and "
                "what they do in combination is not told apart."
              : "")}});
  section.blocks.push_back({std::move(bars)});
  return section;
}

}  // namespace modsweep::page
