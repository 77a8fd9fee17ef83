#include "analysis/variance_shares.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include <fmt/format.h>

#include "modsweep/error.h"

namespace modsweep {
namespace {

/// Number and sum of the values of one level or group, as differences from the mean of all.
struct LevelSum {
  std::size_t count = 0;
  double sum = 0.0;

  void add(double value) {
    ++count;
    sum += value;
  }
  /// The sum of squares that the level's mean explains.
  [[nodiscard]] double square() const { return count == 0 ? 0.0 : sum * sum / static_cast<double>(count); }
};

double mean_of_all(std::span<const VarianceGroup> groups, std::size_t count) {
  double sum = 0.0;
  for (const VarianceGroup& group : groups)
    for (const double value : group.values) sum += value / static_cast<double>(count);
  return sum;
}

/// Whether every combination of levels occurs, all with the same number of values: then the axes do not
/// overlap.
bool is_balanced(std::span<const VarianceGroup> groups, std::size_t axes) {
  std::vector<std::set<std::size_t>> levels(axes);
  std::set<std::vector<std::size_t>> points;
  for (const VarianceGroup& group : groups) {
    if (group.values.size() != groups.front().values.size()) return false;
    for (std::size_t a = 0; a < axes; ++a) levels[a].insert(group.levels[a]);
    points.insert(group.levels);
  }
  std::size_t combinations = 1;
  for (const auto& axis : levels) combinations *= axis.size();
  return points.size() == combinations && groups.size() == combinations;
}

}  // namespace

std::optional<VarianceShares> variance_shares(std::span<const VarianceGroup> groups, std::size_t axes) {
  VarianceShares shares;
  for (const VarianceGroup& group : groups) {
    if (group.levels.size() != axes)
      throw LogicError(fmt::format("a group has {} axes instead of {}", group.levels.size(), axes));
    shares.values += group.values.size();
    shares.repeated = shares.repeated || group.values.size() > 1;
  }
  if (shares.values < 2) return std::nullopt;
  const double mean = mean_of_all(groups, shares.values);
  double total = 0.0;
  double between = 0.0;
  std::vector<std::map<std::size_t, LevelSum>> levels(axes);
  for (const VarianceGroup& group : groups) {
    LevelSum own;
    for (const double value : group.values) {
      const double difference = value - mean;
      total += difference * difference;
      own.add(difference);
      for (std::size_t a = 0; a < axes; ++a) levels[a][group.levels[a]].add(difference);
    }
    between += own.square();
  }
  // Equal values whose mean is rounded are not equal to it.
  const double rounding = 1e-14 * std::abs(mean);
  if (!(total > rounding * rounding * static_cast<double>(shares.values))) return std::nullopt;
  double alone = 0.0;
  for (const auto& axis : levels) {
    double explained = 0.0;
    for (const auto& [level, sum] : axis) explained += sum.square();
    shares.axes.push_back(std::clamp(explained / total, 0.0, 1.0));
    alone += explained;
  }
  shares.within = std::clamp(1.0 - between / total, 0.0, 1.0);
  if (is_balanced(groups, axes)) shares.together = std::clamp((between - alone) / total, 0.0, 1.0);
  return shares;
}

}  // namespace modsweep
