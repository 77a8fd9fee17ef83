// Pruning: the smallest weights of a network become 0 at some steps, and stay 0 (science.md section 9).
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <vector>

#include "modsweep/network.h"
#include "modsweep/settings.h"

namespace modsweep {

/// A step that no run reaches.
inline constexpr std::uint64_t no_step = std::numeric_limits<std::uint64_t>::max();

/// The first step from which on weights that are 0 stay 0; no_step where they never do.
[[nodiscard]] inline std::uint64_t zeros_stay_from(const PruningSettings& pruning) {
  if (pruning.keep) return 0;
  return pruning.sparsity > 0.0 ? pruning.begin : no_step;
}

/// The first pruning at the end of a step >= `from`: begin, begin + every, ... up to end, and begin itself. A
/// pruning at step 0 comes before the first step. None where no further one comes.
[[nodiscard]] std::optional<std::uint64_t> next_pruning(const PruningSettings& pruning, std::uint64_t from);

/// The share of weights that are 0 after the pruning at this step.
[[nodiscard]] double sparsity_at(const PruningSettings& pruning, std::uint64_t step);

/// How many of `count` weights a sparsity is: floor(sparsity count + 1/2).
[[nodiscard]] std::size_t pruned_count(double sparsity, std::size_t count);

/// Sets the smallest |w| of each layer, or of the whole network, to 0; of equal ones the first in
/// ParameterLayout's order. `parameters`: ParameterLayout::parameters() entries; biases and slopes stay.
template <typename T>
void prune(std::span<T> parameters, const ParameterLayout& layout, double sparsity, PruningScope scope);

/// Prunes the state of a network, as engines save it, and sets the first moment of all weights that are 0 to
/// 0. Throws InputError where the bytes are not a state of this shape and precision.
void prune_state(std::vector<std::byte>& state, const Shape& shape, Precision precision,
                 const PruningSettings& pruning, std::uint64_t step);

}  // namespace modsweep
