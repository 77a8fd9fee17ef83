#include "modsweep/pruning.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <fmt/format.h>

#include "modsweep/error.h"
#include "modsweep/state.h"

namespace modsweep {
namespace {

/// Sets the `count` smallest of these weights to 0. `weights`: their indices, in order.
template <typename T>
void prune_smallest(std::span<T> parameters, std::vector<std::size_t> weights, std::size_t count) {
  const auto before = [&](std::size_t a, std::size_t b) {
    const T left = std::abs(parameters[a]);
    const T right = std::abs(parameters[b]);
    return left < right || (left == right && a < b);
  };
  const auto end = weights.begin() + static_cast<std::ptrdiff_t>(count);
  std::nth_element(weights.begin(), end, weights.end(), before);
  std::for_each(weights.begin(), end, [&](std::size_t at) { parameters[at] = T(0); });
}

std::vector<std::size_t> weight_indices(const LayerSlice& slice) {
  std::vector<std::size_t> indices(slice.weight_count());
  std::iota(indices.begin(), indices.end(), slice.weights);
  return indices;
}

template <typename T>
void prune_bytes(std::vector<std::byte>& bytes, const Shape& shape, const PruningSettings& pruning,
                 std::uint64_t step) {
  SavedState<T> state = from_bytes<T>(bytes, shape);
  const ParameterLayout layout(shape);
  prune<T>(state.parameters, layout, sparsity_at(pruning, step), pruning.scope);
  for (const LayerSlice& slice : layout.layers())
    for (const std::size_t at : weight_indices(slice))
      if (state.parameters[at] == T(0)) state.moment1[at] = T(0);
  bytes = to_bytes(state);
}

}  // namespace

std::optional<std::uint64_t> next_pruning(const PruningSettings& pruning, std::uint64_t from) {
  if (pruning.sparsity == 0.0) return std::nullopt;
  if (from <= pruning.begin) return pruning.begin;
  if (from > pruning.end) return std::nullopt;
  const std::uint64_t past = from - pruning.begin;
  const std::uint64_t next = pruning.begin + (past + pruning.every - 1) / pruning.every * pruning.every;
  if (next > pruning.end) return std::nullopt;
  return next;
}

double sparsity_at(const PruningSettings& pruning, std::uint64_t step) {
  const double first = pruning.initial_sparsity;
  const double last = pruning.sparsity;
  if (pruning.end <= pruning.begin) return last;
  const double u =
      static_cast<double>(step - pruning.begin) / static_cast<double>(pruning.end - pruning.begin);
  if (pruning.shape == PruningShape::geometric)
    return 1.0 - (1.0 - first) * std::pow((1.0 - last) / (1.0 - first), u);
  return last + (first - last) * (1.0 - u) * (1.0 - u) * (1.0 - u);
}

std::size_t pruned_count(double sparsity, std::size_t count) {
  return std::min(count, static_cast<std::size_t>(std::floor(sparsity * static_cast<double>(count) + 0.5)));
}

template <typename T>
void prune(std::span<T> parameters, const ParameterLayout& layout, double sparsity, PruningScope scope) {
  if (parameters.size() != layout.parameters())
    throw LogicError(
        fmt::format("prune: {} parameters for a layout of {}", parameters.size(), layout.parameters()));
  if (scope == PruningScope::layer) {
    for (const LayerSlice& slice : layout.layers())
      prune_smallest(parameters, weight_indices(slice), pruned_count(sparsity, slice.weight_count()));
    return;
  }
  std::vector<std::size_t> all;
  for (const LayerSlice& slice : layout.layers()) {
    const auto own = weight_indices(slice);
    all.insert(all.end(), own.begin(), own.end());
  }
  const std::size_t count = pruned_count(sparsity, all.size());
  prune_smallest(parameters, std::move(all), count);
}

void prune_state(std::vector<std::byte>& state, const Shape& shape, Precision precision,
                 const PruningSettings& pruning, std::uint64_t step) {
  if (precision == Precision::fp64)
    prune_bytes<double>(state, shape, pruning, step);
  else
    prune_bytes<float>(state, shape, pruning, step);
}

template void prune(std::span<float>, const ParameterLayout&, double, PruningScope);
template void prune(std::span<double>, const ParameterLayout&, double, PruningScope);

}  // namespace modsweep
