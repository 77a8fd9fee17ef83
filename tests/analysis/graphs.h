// Small graphs and networks, and the scores of their partitions as direct sums, for tests of graphs.
#pragma once

#include "analysis/resampler.h"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "modsweep/network_graph.h"

namespace modsweep::test {

/// A graph of `count` units; every pair within one of the groups (unit modulo `groups`) has an edge of about
/// 1, every other pair one of `between` times that, with the given probability.
inline NetworkGraph planted_graph(std::size_t count, std::size_t groups, double between, double density,
                                  std::uint64_t seed) {
  Resampler bits(seed);
  NetworkGraph graph;
  graph.edges.resize(count * count);
  for (std::size_t i = 0; i < count; ++i) graph.units.push_back(static_cast<std::uint32_t>(i));
  for (std::size_t i = 0; i < count; ++i)
    for (std::size_t j = 0; j < i; ++j) {
      const bool together = i % groups == j % groups;
      const double size = (together ? 1.0 : between) * (0.5 + bits.uniform());
      if (together || bits.uniform() < density)
        graph.edges[i * count + j] = graph.edges[j * count + i] = size;
    }
  return graph;
}

/// Normalized cut and Newman's modularity as sums over pairs.
struct NaiveScores {
  double cut = 0.0;
  double modularity = 0.0;
};
inline NaiveScores naive_scores(const std::vector<double>& edges, const std::vector<std::uint32_t>& of) {
  const std::size_t n = of.size();
  std::vector<double> degree(n);
  double total = 0.0;
  std::uint32_t clusters = 0;
  for (std::size_t i = 0; i < n; ++i) {
    clusters = std::max(clusters, of[i] + 1);
    for (std::size_t j = 0; j < n; ++j) degree[i] += edges[i * n + j], total += edges[i * n + j];
  }
  NaiveScores scores;
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = 0; j < n; ++j)
      if (of[i] == of[j]) scores.modularity += (edges[i * n + j] - degree[i] * degree[j] / total) / total;
  for (std::uint32_t c = 0; c < clusters; ++c) {
    double leaves = 0.0, volume = 0.0;
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t j = 0; j < n; ++j)
        if (of[i] == c) volume += edges[i * n + j], leaves += of[j] != c ? edges[i * n + j] : 0.0;
    if (volume > 0.0) scores.cut += leaves / volume;
  }
  return scores;
}

/// Calls `see` for every partition of `count` units into at most `most` clusters, each once: unit i gets a
/// cluster that is in use already, or the next one.
inline void for_each_partition(std::size_t count, std::uint32_t most,
                               const std::function<void(const std::vector<std::uint32_t>&)>& see) {
  std::vector<std::uint32_t> of(count);
  const std::function<void(std::size_t, std::uint32_t)> choose = [&](std::size_t unit, std::uint32_t used) {
    if (unit == count) return see(of);
    for (std::uint32_t c = 0; c < std::min(most, used + 1); ++c) {
      of[unit] = c;
      choose(unit + 1, std::max(used, c + 1));
    }
  };
  choose(0, 0);
}

/// A network whose hidden unit u serves module u modulo `modules`; weights between modules are smaller by the
/// factor `leak`.
inline WeightMagnitudes modular_network(const std::vector<std::uint32_t>& sizes, std::uint32_t modules,
                                        double leak, std::uint64_t seed) {
  Resampler bits(seed);
  std::vector<std::vector<double>> weights;
  for (std::size_t l = 0; l + 1 < sizes.size(); ++l) {
    auto& layer = weights.emplace_back();
    for (std::uint32_t o = 0; o < sizes[l + 1]; ++o)
      for (std::uint32_t i = 0; i < sizes[l]; ++i)
        layer.push_back((bits.uniform() < 0.5 ? -1.0 : 1.0) * (0.2 + bits.uniform()) *
                        (o % modules == i % modules ? 1.0 : leak));
  }
  return weight_magnitudes(sizes, std::move(weights));
}

}  // namespace modsweep::test
