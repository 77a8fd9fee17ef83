#include "modsweep/recurrent_graph.h"

#include "analysis/resampler.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <set>

#include <fmt/format.h>

#include "modsweep/error.h"
#include "modsweep/math/recurrent_kinds.h"
#include "modsweep/network_graph.h"
#include "modsweep/partition.h"

namespace modsweep {
namespace {

using math::RecurrentTensor;

/// The units of a square matrix that have an edge, joined by |w_ij| + |w_ji|.
NetworkGraph graph_of(std::span<const double> weights, std::size_t units) {
  const auto edge = [&](std::size_t i, std::size_t j) {
    return i == j ? 0.0 : std::abs(weights[i * units + j]) + std::abs(weights[j * units + i]);
  };
  NetworkGraph graph;
  for (std::size_t i = 0; i < units; ++i) {
    bool linked = false;
    for (std::size_t j = 0; j < units; ++j) linked |= edge(i, j) > 0.0;
    if (linked) graph.units.push_back(static_cast<std::uint32_t>(i));
  }
  for (const std::uint32_t i : graph.units)
    for (const std::uint32_t j : graph.units) graph.edges.push_back(edge(i, j));
  return graph;
}

/// The matrix with its entries off the diagonal in another order.
std::vector<double> shuffled_entries(std::span<const double> weights, std::size_t units,
                                     Resampler& resampler) {
  std::vector<double> out(weights.begin(), weights.end());
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < out.size(); ++i)
    if (i / units != i % units) places.push_back(i);
  for (std::size_t i = places.size(); i > 1; --i)
    std::swap(out[places[i - 1]], out[places[resampler.index(i)]]);
  return out;
}

double louvain_modularity(const NetworkGraph& graph) {
  return modularity(graph.edges, louvain(graph.edges, graph.units.size()));
}

/// A flat network's tensors as magnitudes.
class FlatMagnitudes {
 public:
  explicit FlatMagnitudes(const Parameters& network)
      : network_(network), layout_(network.shape.form, network.shape.modules, network.shape.heads) {
    if (network.shape.family != Family::recurrent || network.shape.form.modular)
      throw LogicError(fmt::format("{} is no flat recurrent network", network.shape.text()));
  }

  [[nodiscard]] std::size_t units() const { return network_.shape.form.units; }
  [[nodiscard]] std::uint32_t heads() const { return network_.shape.heads; }
  [[nodiscard]] double operator()(RecurrentTensor kind, std::uint32_t index, std::size_t row,
                                  std::size_t column) const {
    const recurrent::NamedTensor& tensor = layout_.tensors()[layout_.position(kind, index)];
    return std::abs(network_.values[tensor.offset + row * tensor.columns + column]);
  }
  /// k, not its magnitude: tau below 1 acts as 1.
  [[nodiscard]] double leak(std::size_t unit) const {
    const recurrent::NamedTensor& tau = layout_.tensors()[layout_.position(RecurrentTensor::timescale, 0)];
    return 1.0 / std::max(network_.values[tau.offset + unit], 1.0);
  }
  /// A head's weights of a unit, both outputs together.
  [[nodiscard]] double of_head(std::uint32_t head, std::size_t unit) const {
    return (*this)(RecurrentTensor::head, head, 0, unit) + (*this)(RecurrentTensor::head, head, 1, unit);
  }

 private:
  const Parameters& network_;
  recurrent::TensorLayout layout_;
};

/// What reaches the units from one bit, step after step, divided by exp(scale) so that no sum of many paths
/// overflows.
class Spreading {
 public:
  explicit Spreading(const FlatMagnitudes& network) : network_(network) {
    for (std::size_t i = 0; i < network.units(); ++i)
      reached_.push_back(network(RecurrentTensor::input, 0, i, 0));
  }

  void step() {
    std::vector<double> next(reached_.size());
    for (std::size_t i = 0; i < next.size(); ++i) {
      double sum = 0.0;
      for (std::size_t j = 0; j < next.size(); ++j)
        if (j != i) sum += network_(RecurrentTensor::recurrent, 0, i, j) * reached_[j];
      const double k = network_.leak(i);
      next[i] = (1.0 - k) * reached_[i] + k * sum;
    }
    const double largest = *std::ranges::max_element(next);
    if (largest > 0.0) {
      for (double& value : next) value /= largest;
      scale_ += std::log(largest);
    }
    reached_ = std::move(next);
  }
  /// The logarithm of what reaches a head; minus infinity: nothing.
  [[nodiscard]] double at_head(std::uint32_t head) const {
    double sum = 0.0;
    for (std::size_t i = 0; i < reached_.size(); ++i) sum += network_.of_head(head, i) * reached_[i];
    return scale_ + std::log(sum);
  }

 private:
  const FlatMagnitudes& network_;
  std::vector<double> reached_;
  double scale_ = 0.0;
};

/// Shares from logarithms; empty where nothing is there.
std::vector<double> shares_of(std::vector<double> logarithms) {
  const double largest = *std::ranges::max_element(logarithms);
  if (!std::isfinite(largest)) return {};
  double sum = 0.0;
  for (double& value : logarithms) sum += value = std::exp(value - largest);
  for (double& value : logarithms) value /= sum;
  return logarithms;
}

}  // namespace

RecurrentModularity recurrent_modularity(std::span<const double> weights, std::size_t units, std::size_t n,
                                         std::uint32_t copies) {
  if (weights.size() != units * units)
    throw LogicError(fmt::format("recurrent_modularity: {} numbers for {} units", weights.size(), units));
  if (!std::ranges::all_of(weights, [](double w) { return std::isfinite(w); }))
    throw LogicError("recurrent_modularity: an entry is not finite");
  const NetworkGraph graph = graph_of(weights, units);
  RecurrentModularity out;
  if (graph.units.empty()) return out;
  if (const auto partition = graph_partition(graph, n)) out.clusters = partition->modularity;
  const std::vector<std::uint32_t> clusters = louvain(graph.edges, graph.units.size());
  out.louvain = modularity(graph.edges, clusters);
  out.found = static_cast<std::uint32_t>(std::set(clusters.begin(), clusters.end()).size());
  Resampler resampler(0);
  for (std::uint32_t copy = 0; copy < copies; ++copy)
    out.shuffled += louvain_modularity(graph_of(shuffled_entries(weights, units, resampler), units)) / copies;
  return out;
}

BitPaths bit_paths(const Parameters& network) {
  const FlatMagnitudes magnitudes(network);
  const std::uint32_t newest = magnitudes.heads() + 1;  // head h learns N = h + 2
  std::vector<std::vector<double>> logarithms(magnitudes.heads());
  Spreading spreading(magnitudes);
  for (std::uint32_t d = 0; d <= 4 * newest; ++d) {
    if (d > 0) spreading.step();
    for (std::uint32_t head = 0; head < magnitudes.heads(); ++head)
      logarithms[head].push_back(spreading.at_head(head));
  }
  BitPaths out;
  for (std::uint32_t head = 0; head < magnitudes.heads(); ++head) {
    const auto& shares = out.shares.emplace_back(shares_of(std::move(logarithms[head])));
    auto& leak = out.leaks.emplace_back();
    if (!shares.empty()) leak = std::accumulate(shares.begin() + head + 2, shares.end(), 0.0);
  }
  return out;
}

std::vector<std::vector<double>> head_weights(const Parameters& network) {
  const FlatMagnitudes magnitudes(network);
  std::vector<std::vector<double>> out;
  for (std::uint32_t head = 0; head < magnitudes.heads(); ++head) {
    auto& own = out.emplace_back();
    for (std::size_t unit = 0; unit < magnitudes.units(); ++unit)
      own.push_back(magnitudes.of_head(head, unit));
    const double sum = std::accumulate(own.begin(), own.end(), 0.0);
    if (sum > 0.0)
      for (double& weight : own) weight /= sum;
  }
  return out;
}

std::optional<double> head_separation(const std::vector<std::vector<double>>& weights) {
  double largest = 0.0, all = 0.0;
  for (std::size_t unit = 0; !weights.empty() && unit < weights.front().size(); ++unit) {
    double most = 0.0;
    for (const auto& head : weights) {
      most = std::max(most, head[unit]);
      all += head[unit];
    }
    largest += most;
  }
  if (all == 0.0) return std::nullopt;
  return largest / all;
}

}  // namespace modsweep
