#include "modsweep/partition.h"

#include "analysis/similarity.h"

#include <algorithm>
#include <numeric>

#include <fmt/format.h>

#include "modsweep/error.h"

namespace modsweep {
namespace {

using Eigen::Index;

/// Weights of the edges of a partition, for each cluster: of the edges inside it (both ways, with the
/// diagonal), and of all edges of its units.
struct ClusterEdges {
  std::vector<double> inside;
  std::vector<double> volume;
  double total = 0.0;  ///< 2m
};

ClusterEdges cluster_edges(std::span<const double> similarity, std::span<const std::uint32_t> cluster_of) {
  const std::size_t count = cluster_of.size();
  if (similarity.size() != count * count)
    throw LogicError(fmt::format("partition: {} similarities of {} units", similarity.size(), count));
  const std::size_t clusters =
      count == 0 ? 0 : std::size_t{*std::max_element(cluster_of.begin(), cluster_of.end())} + 1;
  ClusterEdges edges{std::vector<double>(clusters), std::vector<double>(clusters)};
  for (std::size_t i = 0; i < count; ++i)
    for (std::size_t j = 0; j < count; ++j) {
      const double weight = similarity[i * count + j];
      edges.volume[cluster_of[i]] += weight;
      if (cluster_of[i] == cluster_of[j]) edges.inside[cluster_of[i]] += weight;
      edges.total += weight;
    }
  return edges;
}

/// |W| of the clustered rows, and which of them are live.
struct Magnitudes {
  RowMajor rows;
  const std::vector<Index>& live;
};

/// The sum of each column over the rows of each cluster, [n][columns].
Eigen::MatrixXd block_masses(const Magnitudes& w, const std::vector<std::uint32_t>& live_cluster, Index n) {
  Eigen::MatrixXd masses = Eigen::MatrixXd::Zero(n, w.rows.cols());
  for (std::size_t i = 0; i < w.live.size(); ++i) masses.row(live_cluster[i]) += w.rows.row(w.live[i]);
  return masses;
}

/// Renumbers the clusters in the order of the first column that belongs to each, so that the blocks of a
/// picture run along the diagonal; clusters without a column come last.
std::vector<std::uint32_t> diagonal_numbers(const Eigen::MatrixXd& masses) {
  constexpr std::uint32_t none = ~std::uint32_t{0};
  std::vector<std::uint32_t> number(static_cast<std::size_t>(masses.rows()), none);
  std::uint32_t next = 0;
  for (Index column = 0; column < masses.cols(); ++column) {
    Index owner = 0;
    masses.col(column).maxCoeff(&owner);
    std::uint32_t& owned = number[static_cast<std::size_t>(owner)];
    if (owned == none) owned = next++;
  }
  for (std::uint32_t& other : number)
    if (other == none) other = next++;
  return number;
}

Magnitudes magnitudes(std::span<const double> w, std::size_t rows, std::size_t columns, ClusterBy by,
                      const UnitRows& unit) {
  const Eigen::Map<const RowMajor> given(w.data(), static_cast<Index>(rows), static_cast<Index>(columns));
  RowMajor absolute =
      by == ClusterBy::incoming ? RowMajor(given.cwiseAbs()) : RowMajor(given.transpose().cwiseAbs());
  absolute /= absolute.maxCoeff();  // fractions do not depend on scale; a sum of huge entries would overflow
  return {std::move(absolute), unit.live};
}

}  // namespace

double modularity(std::span<const double> similarity, std::span<const std::uint32_t> cluster_of) {
  const ClusterEdges edges = cluster_edges(similarity, cluster_of);
  if (edges.total == 0.0) return 0.0;
  double q = 0.0;
  for (std::size_t c = 0; c < edges.inside.size(); ++c) {
    const double share = edges.volume[c] / edges.total;
    q += edges.inside[c] / edges.total - share * share;
  }
  return q;
}

double normalized_cut(std::span<const double> similarity, std::span<const std::uint32_t> cluster_of) {
  const ClusterEdges edges = cluster_edges(similarity, cluster_of);
  double cut = 0.0;
  for (std::size_t c = 0; c < edges.inside.size(); ++c)
    if (edges.volume[c] > 0.0) cut += (edges.volume[c] - edges.inside[c]) / edges.volume[c];
  return cut;
}

std::optional<LayerPartition> layer_partition(std::span<const double> w, std::size_t rows,
                                              std::size_t columns, std::size_t n, ClusterBy by) {
  const UnitRows unit = unit_rows(w, rows, columns, by);
  const std::size_t live = unit.live.size();
  if (n == 0 || live < n) return std::nullopt;
  const auto modules = static_cast<Index>(n);
  const SimilarityGraph graph = similarity_graph(unit.rows(unit.live, Eigen::all));
  const RowMajor points = graph.embedding(modules);
  std::vector<std::uint32_t> live_cluster =
      k_means({points.data(), static_cast<std::size_t>(points.size())}, live, n, n).of;

  const Magnitudes magnitude = magnitudes(w, rows, columns, by, unit);
  const Eigen::MatrixXd masses = block_masses(magnitude, live_cluster, modules);
  const auto number = diagonal_numbers(masses);
  for (std::uint32_t& cluster : live_cluster) cluster = number[cluster];

  LayerPartition partition;
  partition.cluster_of.assign(static_cast<std::size_t>(unit.rows.rows()), static_cast<std::uint32_t>(n));
  for (std::size_t i = 0; i < live; ++i)
    partition.cluster_of[static_cast<std::size_t>(unit.live[i])] = live_cluster[i];
  partition.order.resize(partition.cluster_of.size());
  std::iota(partition.order.begin(), partition.order.end(), 0U);
  std::stable_sort(partition.order.begin(), partition.order.end(), [&](std::uint32_t a, std::uint32_t b) {
    return partition.cluster_of[a] < partition.cluster_of[b];
  });
  // The similarities are symmetric: row-major and column-major order are the same.
  const std::span similarity(graph.similarity.data(), live * live);
  partition.modularity = modularity(similarity, live_cluster);
  partition.normalized_cut = normalized_cut(similarity, live_cluster);
  partition.block_share = masses.colwise().maxCoeff().sum() / masses.sum();
  return partition;
}

}  // namespace modsweep
