#include "modsweep/network_graph.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <fmt/format.h>

#include "modsweep/error.h"

namespace modsweep {
namespace {

/// A weight below this share of its layer's largest does not count in the trimmed network.
constexpr double least_weight = 1e-3;

/// For each unit of a layer, whether it stays.
using Keeping = std::vector<std::vector<char>>;

/// Whether a kept unit of the layer before feeds the unit.
bool has_incoming(const WeightMagnitudes& network, const Keeping& kept, std::size_t layer, std::size_t unit) {
  const std::size_t inputs = network.sizes[layer - 1];
  for (std::size_t i = 0; i < inputs; ++i)
    if (kept[layer - 1][i] != 0 && network.weights[layer - 1][unit * inputs + i] > 0.0) return true;
  return false;
}

/// Whether the unit feeds a kept unit of the layer behind.
bool has_outgoing(const WeightMagnitudes& network, const Keeping& kept, std::size_t layer, std::size_t unit) {
  const std::size_t inputs = network.sizes[layer];
  for (std::size_t o = 0; o < network.sizes[layer + 1]; ++o)
    if (kept[layer + 1][o] != 0 && network.weights[layer][o * inputs + unit] > 0.0) return true;
  return false;
}

/// The network of the kept units.
WeightMagnitudes reduced(const WeightMagnitudes& network, const Keeping& kept) {
  WeightMagnitudes result;
  for (const auto& layer : kept)
    result.sizes.push_back(static_cast<std::uint32_t>(std::count(layer.begin(), layer.end(), 1)));
  for (std::size_t l = 0; l < network.weights.size(); ++l) {
    std::vector<double>& weights = result.weights.emplace_back();
    const std::size_t inputs = network.sizes[l];
    for (std::size_t o = 0; o < network.sizes[l + 1]; ++o)
      for (std::size_t i = 0; i < inputs; ++i)
        if (kept[l + 1][o] != 0 && kept[l][i] != 0) weights.push_back(network.weights[l][o * inputs + i]);
  }
  return result;
}

Keeping all_units(const WeightMagnitudes& network) {
  Keeping kept;
  for (const std::uint32_t size : network.sizes) kept.emplace_back(size, char{1});
  return kept;
}

void check_sizes(const WeightMagnitudes& network) {
  if (network.sizes.size() != network.weights.size() + 1)
    throw LogicError(fmt::format("weight_magnitudes: {} layers of units for {} of weights",
                                 network.sizes.size(), network.weights.size()));
  for (std::size_t l = 0; l < network.weights.size(); ++l)
    if (network.weights[l].size() != std::size_t{network.sizes[l]} * network.sizes[l + 1])
      throw LogicError(fmt::format("weight_magnitudes: {} entries for {} x {} in layer {}",
                                   network.weights[l].size(), network.sizes[l + 1], network.sizes[l], l));
}

}  // namespace

std::size_t WeightMagnitudes::units() const {
  return std::accumulate(sizes.begin(), sizes.end(), std::size_t{0});
}

WeightMagnitudes weight_magnitudes(const Parameters& network) {
  std::vector<std::vector<double>> weights;
  for (std::size_t l = 0; l < network.shape.weight_layers(); ++l) weights.push_back(network.dense_weights(l));
  return weight_magnitudes(network.shape.sizes, std::move(weights));
}

WeightMagnitudes weight_magnitudes(std::vector<std::uint32_t> sizes,
                                   std::vector<std::vector<double>> weights) {
  WeightMagnitudes network{std::move(sizes), std::move(weights)};
  check_sizes(network);
  double largest = 0.0;
  for (auto& layer : network.weights)
    for (double& w : layer) {
      if (!std::isfinite(w)) throw LogicError(fmt::format("weight_magnitudes: an entry is {}", w));
      w = std::fabs(w);
      largest = std::max(largest, w);
    }
  if (largest > 0.0)
    for (auto& layer : network.weights)
      for (double& w : layer) w /= largest;  // sums of huge entries would overflow
  return network;
}

WeightMagnitudes without_outputs(WeightMagnitudes network) {
  network.weights.pop_back();
  network.sizes.pop_back();
  return network;
}

WeightMagnitudes trim(WeightMagnitudes network) {
  for (auto& layer : network.weights) {
    const double largest = layer.empty() ? 0.0 : *std::max_element(layer.begin(), layer.end());
    for (double& w : layer)
      if (w < least_weight * largest) w = 0.0;
  }
  Keeping kept = all_units(network);
  for (bool changed = true; changed;) {
    changed = false;
    for (std::size_t l = 1; l + 1 < network.sizes.size(); ++l)
      for (std::size_t u = 0; u < network.sizes[l]; ++u) {
        if (kept[l][u] == 0 || (has_incoming(network, kept, l, u) && has_outgoing(network, kept, l, u)))
          continue;
        kept[l][u] = 0;
        changed = true;
      }
  }
  return reduced(network, kept);
}

NetworkGraph network_graph(const WeightMagnitudes& network) {
  const std::size_t all = network.units();
  std::vector<double> edges(all * all);
  std::vector<char> linked(all);
  std::size_t first = 0;  // unit of layer l
  for (std::size_t l = 0; l < network.weights.size(); ++l) {
    const std::size_t inputs = network.sizes[l];
    const std::size_t next = first + inputs;
    for (std::size_t o = 0; o < network.sizes[l + 1]; ++o)
      for (std::size_t i = 0; i < inputs; ++i) {
        const double w = network.weights[l][o * inputs + i];
        if (w == 0.0) continue;
        edges[(next + o) * all + first + i] = edges[(first + i) * all + next + o] = w;
        linked[next + o] = linked[first + i] = 1;
      }
    first = next;
  }
  NetworkGraph graph;
  for (std::size_t u = 0; u < all; ++u)
    if (linked[u] != 0) graph.units.push_back(static_cast<std::uint32_t>(u));
  graph.edges.reserve(graph.units.size() * graph.units.size());
  for (const std::size_t a : graph.units)
    for (const std::size_t b : graph.units) graph.edges.push_back(edges[a * all + b]);
  return graph;
}

std::uint32_t connected_components(const NetworkGraph& graph) {
  const std::size_t count = graph.units.size();
  std::vector<char> seen(count);
  std::uint32_t components = 0;
  for (std::size_t start = 0; start < count; ++start) {
    if (seen[start] != 0) continue;
    ++components;
    std::vector<std::size_t> open = {start};
    seen[start] = 1;
    while (!open.empty()) {
      const std::size_t unit = open.back();
      open.pop_back();
      for (std::size_t other = 0; other < count; ++other)
        if (seen[other] == 0 && graph.edges[unit * count + other] > 0.0) {
          seen[other] = 1;
          open.push_back(other);
        }
    }
  }
  return components;
}

}  // namespace modsweep
