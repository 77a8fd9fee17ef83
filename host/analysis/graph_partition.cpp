// Clusters of the whole network's graph, and what its normalized cut is compared with.
#include "analysis/resampler.h"
#include "analysis/similarity.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "modsweep/network_graph.h"
#include "modsweep/partition.h"

namespace modsweep {
namespace {

/// Fisher and Yates' shuffle.
void shuffle(std::vector<double>& values, Resampler& resampler) {
  for (std::size_t i = values.size(); i > 1; --i) std::swap(values[i - 1], values[resampler.index(i)]);
}

/// Permutes the rows of a matrix [rows][columns].
void permute_rows(std::vector<double>& matrix, std::size_t rows, std::size_t columns, Resampler& resampler) {
  for (std::size_t i = rows; i > 1; --i) {
    const std::size_t other = resampler.index(i);
    if (other == i - 1) continue;
    const auto row = [&](std::size_t r) { return matrix.begin() + static_cast<std::ptrdiff_t>(r * columns); };
    std::swap_ranges(row(i - 1), row(i), row(other));
  }
}

std::optional<double> cut_of(const WeightMagnitudes& network, std::size_t k) {
  const auto partition = graph_partition(network_graph(network), k);
  if (!partition) return std::nullopt;
  return partition->normalized_cut;
}

/// The network without the units that have no weights.
WeightMagnitudes without_isolated(const WeightMagnitudes& network) {
  const NetworkGraph graph = network_graph(network);
  std::vector<std::vector<std::size_t>> kept(network.sizes.size());  // units of each layer
  std::size_t first = 0;
  auto next = graph.units.begin();
  for (std::size_t l = 0; l < network.sizes.size(); ++l) {
    for (; next != graph.units.end() && *next < first + network.sizes[l]; ++next)
      kept[l].push_back(*next - first);
    first += network.sizes[l];
  }
  WeightMagnitudes result;
  for (const auto& layer : kept) result.sizes.push_back(static_cast<std::uint32_t>(layer.size()));
  for (std::size_t l = 0; l < network.weights.size(); ++l) {
    std::vector<double>& weights = result.weights.emplace_back();
    for (const std::size_t o : kept[l + 1])
      for (const std::size_t i : kept[l]) weights.push_back(network.weights[l][o * network.sizes[l] + i]);
  }
  return result;
}

}  // namespace

std::optional<GraphPartition> graph_partition(const NetworkGraph& graph, std::size_t k) {
  const std::size_t count = graph.units.size();
  if (k == 0 || count < k) return std::nullopt;
  const auto units = static_cast<Eigen::Index>(count);
  // The edges are symmetric: row-major and column-major order are the same.
  const RowMajor points =
      similarity_graph_of(Eigen::Map<const Eigen::MatrixXd>(graph.edges.data(), units, units))
          .embedding(static_cast<Eigen::Index>(k));
  GraphPartition partition;
  partition.cluster_of = k_means({points.data(), static_cast<std::size_t>(points.size())}, count, k, k).of;
  partition.normalized_cut = normalized_cut(graph.edges, partition.cluster_of);
  partition.modularity = modularity(graph.edges, partition.cluster_of);
  return partition;
}

std::optional<double> mean_permuted_cut(const WeightMagnitudes& network, std::size_t k,
                                        std::uint32_t copies) {
  Resampler resampler(0);
  double sum = 0.0;
  std::uint32_t counted = 0;
  for (std::uint32_t copy = 0; copy < copies; ++copy) {
    WeightMagnitudes permuted = network;
    for (std::size_t l = 0; l + 1 < permuted.weights.size(); ++l)
      permute_rows(permuted.weights[l], permuted.sizes[l + 1], permuted.sizes[l], resampler);
    const auto cut = cut_of(permuted, k);
    if (!cut) continue;
    sum += *cut;
    ++counted;
  }
  if (counted == 0) return std::nullopt;
  return sum / counted;
}

std::optional<double> relative_cut(const WeightMagnitudes& trimmed, std::size_t k, std::uint32_t copies) {
  const auto own = cut_of(trimmed, k);
  if (!own) return std::nullopt;
  const auto mean = mean_permuted_cut(trimmed, k, copies);
  if (!mean || *mean <= 0.0) return std::nullopt;
  return *own / *mean;
}

std::vector<double> shuffled_cuts(const WeightMagnitudes& network, std::size_t k, std::uint32_t copies) {
  const WeightMagnitudes linked = without_isolated(network);
  Resampler resampler(0);
  std::vector<double> cuts;
  for (std::uint32_t copy = 0; copy < copies; ++copy) {
    WeightMagnitudes shuffled = linked;
    for (auto& layer : shuffled.weights) shuffle(layer, resampler);
    if (const auto cut = cut_of(shuffled, k)) cuts.push_back(*cut);
  }
  return cuts;
}

std::optional<ShuffleScores> shuffle_scores(const WeightMagnitudes& network, std::size_t k,
                                            std::uint32_t copies) {
  const auto own = cut_of(network, k);
  const std::vector<double> cuts = shuffled_cuts(network, k, copies);
  if (!own || cuts.size() < 2) return std::nullopt;
  const auto count = static_cast<double>(cuts.size());
  const double mean = std::accumulate(cuts.begin(), cuts.end(), 0.0) / count;
  double squares = 0.0;
  for (const double cut : cuts) squares += (cut - mean) * (cut - mean);
  const double deviation = std::sqrt(squares / (count - 1.0));
  ShuffleScores scores;
  // Copies without any cut differ by rounding only.
  if (deviation > 1e-12) scores.z = (*own - mean) / deviation;
  const auto lower = std::count_if(cuts.begin(), cuts.end(), [&](double cut) { return cut < *own; });
  scores.percentile = 100.0 * static_cast<double>(lower) / count;
  return scores;
}

}  // namespace modsweep
