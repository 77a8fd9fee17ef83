// Swaps: hidden units change places within their layer where that makes the connections of a network cheaper
// (science.md section 9, connection cost). A unit's place is its index, so that its weights, its bias and
// their moments move with it: the network stays the same function.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "modsweep/network.h"
#include "modsweep/settings.h"

namespace modsweep {

/// Steps between two passes; 0: no pass.
[[nodiscard]] inline std::uint64_t swap_interval(const RegularizerSettings& settings) {
  return settings.connection_cost > 0.0 ? settings.swap_every : 0;
}

/// slots[l][u]: the slot of unit u of layer l; l = 0 are the inputs, the last layer the outputs.
using Slots = std::vector<std::vector<std::uint32_t>>;

/// Every unit in the slot of its index.
[[nodiscard]] Slots slots_in_order(const Shape& shape);

/// The sum over all weights that regularizer.connection_cost multiplies, with units in these slots.
/// `parameters`: in ParameterLayout's order, of a network without groups.
[[nodiscard]] double connection_cost(std::span<const double> parameters, const Shape& shape,
                                     const Slots& slots, const RegularizerSettings& settings);

/// One pass through the hidden layers, with `ends` also through inputs and outputs: in each layer the five
/// units with the largest sums of |w| in and out, in this order, exchange slots with whichever unit of their
/// layer lowers the cost most, if any does.
void swap_slots(std::span<const double> parameters, const Shape& shape, Slots& slots, bool ends,
                const RegularizerSettings& settings);

/// Makes one pass through the hidden layers of a saved state, from slots in order, and moves each unit to the
/// index of its slot. False: no unit moved. Throws InputError where the bytes are not a state of this shape
/// and precision, LogicError for a shape with groups.
[[nodiscard]] bool swap_state(std::vector<std::byte>& state, const Shape& shape, Precision precision,
                              const RegularizerSettings& settings);

}  // namespace modsweep
