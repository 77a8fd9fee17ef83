// The order of a layer's units in pictures, chained to that of the layer before.
#include <algorithm>
#include <cmath>
#include <tuple>

#include <fmt/format.h>

#include "modsweep/error.h"
#include "modsweep/partition.h"

namespace modsweep {
namespace {

/// Sums of |W| and of |W| times the input's position; their quotient is a mean position.
struct WeightedPosition {
  double weight = 0.0;
  double moment = 0.0;
  void add(const WeightedPosition& other) {
    weight += other.weight;
    moment += other.moment;
  }
  [[nodiscard]] double mean() const { return weight > 0.0 ? moment / weight : 0.0; }
};

std::vector<WeightedPosition> unit_positions(std::span<const double> w, std::size_t rows, std::size_t columns,
                                             std::span<const std::uint32_t> inputs) {
  std::vector<WeightedPosition> positions(rows);
  for (std::size_t row = 0; row < rows; ++row)
    for (std::size_t position = 0; position < columns; ++position) {
      const double weight = std::fabs(w[row * columns + inputs[position]]);
      positions[row].add({weight, weight * static_cast<double>(position)});
    }
  return positions;
}

}  // namespace

UnitOrder chained_order(std::span<const double> w, std::size_t rows, std::size_t columns,
                        std::span<const std::uint32_t> dead, std::span<const std::uint32_t> cluster_of,
                        std::span<const std::uint32_t> inputs) {
  if (w.size() != rows * columns || inputs.size() != columns ||
      (!cluster_of.empty() && cluster_of.size() != rows))
    throw LogicError(fmt::format("chained_order: {} weights, {} clustered rows and {} inputs of {} x {}",
                                 w.size(), cluster_of.size(), inputs.size(), rows, columns));
  const std::vector<WeightedPosition> positions = unit_positions(w, rows, columns, inputs);
  const auto cluster = [&](std::uint32_t row) { return cluster_of.empty() ? 0U : cluster_of[row]; };
  std::vector<char> is_dead_row(rows);
  for (const std::uint32_t row : dead) is_dead_row[row] = 1;
  const auto is_dead = [&](std::uint32_t row) { return is_dead_row[row] != 0; };
  std::vector<WeightedPosition> clusters(
      cluster_of.empty() ? 1 : std::size_t{*std::ranges::max_element(cluster_of)} + 1);
  UnitOrder order;
  for (std::uint32_t row = 0; row < rows; ++row) {
    order.units.push_back(row);
    if (!is_dead(row)) clusters[cluster(row)].add(positions[row]);
  }
  const auto key = [&](std::uint32_t row) {
    return is_dead(row)
               ? std::tuple(true, 0.0, 0U, 0.0, row)
               : std::tuple(false, clusters[cluster(row)].mean(), cluster(row), positions[row].mean(), row);
  };
  std::ranges::sort(order.units, {}, key);
  for (std::size_t i = 1; i < rows; ++i) {
    const std::uint32_t before = order.units[i - 1];
    const std::uint32_t here = order.units[i];
    if (is_dead(before) != is_dead(here) || (!is_dead(here) && cluster(before) != cluster(here)))
      order.starts.push_back(i);
  }
  return order;
}

}  // namespace modsweep
