#include "cli/refine_grid.h"

#include "config/keys.h"
#include "core/synonyms.h"
#include "core/text.h"

#include <algorithm>
#include <limits>
#include <span>
#include <string_view>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "modsweep/error.h"

namespace modsweep::cli {
namespace {

using nlohmann::json;

constexpr std::size_t fewest_points = 5;  // for a transition: see fit_transition
constexpr std::size_t fewest_seeds = 2;   // for an interval

/// The index of the axis of a single key.
std::size_t find_axis(const Sweep& sweep, const std::string& key, const char* remedy) {
  for (std::size_t a = 0; a < sweep.axes.size(); ++a) {
    const auto& keys = sweep.axes[a].keys;
    if (std::ranges::find(keys, key) == keys.end()) continue;
    if (keys.size() == 1) return a;
    throw InputError(fmt::format(
        "sweep {}: {} is zipped with another setting; refine needs an axis of its own", sweep.name, key));
  }
  std::vector<std::string_view> names;
  for (const Axis& axis : sweep.axes) names.insert(names.end(), axis.keys.begin(), axis.keys.end());
  const auto close = meant(key, names);
  throw InputError(fmt::format("sweep {} has no axis {}; {} (its axes: {})", sweep.name, one_line(key),
                               close.empty() ? remedy : did_you_mean(close),
                               names.empty() ? "none" : fmt::format("{}", fmt::join(names, ", "))));
}

}  // namespace

RefineGrid::RefineGrid(const Sweep& sweep, const std::string& x)
    : sweep_(sweep),
      x_axis_(find_axis(sweep, x, "name one with --x")),
      seed_axis_(
          find_axis(sweep, "training.seed", "an interval needs seeds: give it one of two values or more")) {
  const KeyInfo& key = *find_key(x);
  whole_numbers_ = key.kind == ValueKind::integer;
  if ((!whole_numbers_ && key.kind != ValueKind::number) || x_axis_ == seed_axis_)
    throw InputError(fmt::format("{} has no order to refine along; name an axis of numbers with --x", x));
  for (const auto& point : sweep.axes[x_axis_].values) {
    x_.push_back(json::parse(point[0]).get<double>());
    if (!(x_.back() > 0.0))
      throw InputError(fmt::format("sweep {}: {} = {} has no logarithm; leave it out of the axis", sweep.name,
                                   x, point[0]));
  }
  std::ranges::sort(x_);
  if (x_.size() < fewest_points)
    throw InputError(fmt::format("sweep {}: {} has {} values; refine needs {}, spread over the transition",
                                 sweep.name, x, x_.size(), fewest_points));
  for (const auto& point : sweep.axes[seed_axis_].values)
    seeds_.push_back(json::parse(point[0]).get<std::uint64_t>());
  if (seeds_.size() < fewest_seeds)
    throw InputError(fmt::format("sweep {}: training.seed has one value; an interval needs {} or more",
                                 sweep.name, fewest_seeds));

  group_points_.emplace_back(sweep.axes.size(), 0);
  for (std::size_t a = 0; a < sweep.axes.size(); ++a) {
    if (a == x_axis_ || a == seed_axis_) continue;
    group_keys_.insert(group_keys_.end(), sweep.axes[a].keys.begin(), sweep.axes[a].keys.end());
    std::vector<std::vector<std::size_t>> more;
    for (const auto& group : group_points_)
      for (std::size_t point = 0; point < sweep.axes[a].values.size(); ++point)
        (more.emplace_back(group))[a] = point;
    group_points_ = std::move(more);
  }
  for (const auto& points : group_points_) {
    auto& values = groups_.emplace_back();
    for (std::size_t a = 0; a < sweep.axes.size(); ++a) {
      if (a == x_axis_ || a == seed_axis_) continue;
      for (const std::string& value : sweep.axes[a].values[points[a]]) values.push_back(json::parse(value));
    }
  }
}

std::string RefineGrid::x_text(double value) const {
  std::string text;
  whole_numbers_ ? append_json(text, static_cast<std::uint64_t>(value)) : append_json(text, value);
  return text;
}

std::string RefineGrid::seed_text(std::size_t seed, std::uint32_t block) const {
  if (block == 0) return std::to_string(seeds_[seed]);
  const std::uint64_t value = *std::ranges::max_element(seeds_) + 1 + (block - 1) * seeds_.size() + seed;
  if (value > std::numeric_limits<std::uint32_t>::max())
    throw InputError(
        fmt::format("sweep {}: refine needs the seed {}, more than {}; lower those of training.seed",
                    sweep_.name, value, std::numeric_limits<std::uint32_t>::max()));
  return std::to_string(value);
}

Sweep RefineGrid::sweep_of(const std::vector<GroupRow>& rows, const std::string& name) const {
  Axis cells;
  for (const Axis& axis : sweep_.axes)
    cells.keys.insert(cells.keys.end(), axis.keys.begin(), axis.keys.end());
  for (const GroupRow& row : rows)
    for (std::size_t seed = 0; seed < seeds_.size(); ++seed) {
      auto& cell = cells.values.emplace_back();
      for (std::size_t a = 0; a < sweep_.axes.size(); ++a) {
        if (a == x_axis_) {
          cell.push_back(x_text(row.row.x));
        } else if (a == seed_axis_) {
          cell.push_back(seed_text(seed, row.row.block));
        } else {
          const auto& values = sweep_.axes[a].values[group_points_[row.group][a]];
          cell.insert(cell.end(), values.begin(), values.end());
        }
      }
    }
  return {name, sweep_.base, {std::move(cells)}};
}

}  // namespace modsweep::cli
