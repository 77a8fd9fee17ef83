#include "modsweep/swaps.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>

#include <fmt/format.h>

#include "modsweep/error.h"
#include "modsweep/state.h"

namespace modsweep {
namespace {

constexpr std::size_t units_of_pass = 5;  // that look for another slot, of each layer

/// The connections of a network without groups, and what they cost in these slots.
class Wiring {
 public:
  Wiring(std::span<const double> parameters, const Shape& shape, const RegularizerSettings& settings)
      : parameters_(parameters), sizes_(shape.sizes), layout_(shape) {
    if (std::ranges::any_of(shape.groups, [](std::uint32_t groups) { return groups > 1; }))
      throw LogicError(fmt::format("swaps in a network {} with groups", shape.text()));
    if (parameters.size() != layout_.parameters())
      throw LogicError(
          fmt::format("swaps: {} parameters for a layout of {}", parameters.size(), layout_.parameters()));
    rule_ = penalty_rules<double>(settings).of<math::ConnectionCost>();
  }

  [[nodiscard]] std::size_t units(std::size_t layer) const { return sizes_[layer]; }

  /// Of all connections that weight layer l has of unit `from` to unit `to`, in slots.
  [[nodiscard]] double cost(std::size_t l, std::size_t to, std::size_t from, std::uint32_t to_slot,
                            std::uint32_t from_slot) const {
    const math::WeightEnds<double> ends{static_cast<std::uint32_t>(l), static_cast<double>(from_slot),
                                        static_cast<double>(to_slot), static_cast<double>(sizes_[l]),
                                        static_cast<double>(sizes_[l + 1])};
    return math::ConnectionCost::value(rule_, weight(l, to, from), ends);
  }

  /// Of all connections of a unit, if it were in this slot.
  [[nodiscard]] double cost_of_unit(std::size_t layer, std::size_t unit, std::uint32_t slot,
                                    const Slots& slots) const {
    double sum = 0.0;
    if (layer > 0)
      for (std::size_t k = 0; k < sizes_[layer - 1]; ++k)
        sum += cost(layer - 1, unit, k, slot, slots[layer - 1][k]);
    if (layer + 1 < sizes_.size())
      for (std::size_t j = 0; j < sizes_[layer + 1]; ++j)
        sum += cost(layer, j, unit, slots[layer + 1][j], slot);
    return sum;
  }

  /// The sum of |w| in and out of a unit.
  [[nodiscard]] double strength(std::size_t layer, std::size_t unit) const {
    double sum = 0.0;
    if (layer > 0)
      for (std::size_t k = 0; k < sizes_[layer - 1]; ++k) sum += std::abs(weight(layer - 1, unit, k));
    if (layer + 1 < sizes_.size())
      for (std::size_t j = 0; j < sizes_[layer + 1]; ++j) sum += std::abs(weight(layer, j, unit));
    return sum;
  }

 private:
  [[nodiscard]] double weight(std::size_t l, std::size_t to, std::size_t from) const {
    return parameters_[layout_.layers()[l].weights + to * sizes_[l] + from];
  }

  std::span<const double> parameters_;
  std::vector<std::uint32_t> sizes_;
  ParameterLayout layout_;
  math::ConnectionCost::Rule<double> rule_;
};

/// The units of a layer with the largest sums of |w|, the largest first; of equal ones, the first.
std::vector<std::size_t> strongest_units(const Wiring& wiring, std::size_t layer) {
  std::vector<double> strength;
  for (std::size_t u = 0; u < wiring.units(layer); ++u) strength.push_back(wiring.strength(layer, u));
  std::vector<std::size_t> units(strength.size());
  std::iota(units.begin(), units.end(), std::size_t{0});
  std::ranges::stable_sort(units, [&](std::size_t a, std::size_t b) { return strength[a] > strength[b]; });
  units.resize(std::min(units.size(), units_of_pass));
  return units;
}

/// The costs of a layer's units in its slots, while the other layers keep theirs: worked out when they are
/// asked for, since a pass does not look at all of them.
class CostsOfLayer {
 public:
  CostsOfLayer(const Wiring& wiring, std::size_t layer, const Slots& slots)
      : wiring_(wiring), layer_(layer), slots_(slots), known_(wiring.units(layer) * wiring.units(layer)) {}

  [[nodiscard]] double of(std::size_t unit, std::uint32_t slot) {
    std::optional<double>& cost = known_[unit * wiring_.units(layer_) + slot];
    if (!cost) cost = wiring_.cost_of_unit(layer_, unit, slot, slots_);
    return *cost;
  }

 private:
  const Wiring& wiring_;
  std::size_t layer_;
  const Slots& slots_;
  std::vector<std::optional<double>> known_;  // [unit][slot]
};

void swap_in_layer(const Wiring& wiring, std::size_t layer, Slots& slots) {
  CostsOfLayer cost(wiring, layer, slots);
  std::vector<std::uint32_t>& slot = slots[layer];
  for (const std::size_t u : strongest_units(wiring, layer)) {
    double least = 0.0;
    std::size_t partner = u;
    for (std::size_t v = 0; v < wiring.units(layer); ++v) {
      if (v == u) continue;
      const double change =
          (cost.of(u, slot[v]) + cost.of(v, slot[u])) - (cost.of(u, slot[u]) + cost.of(v, slot[v]));
      if (change >= least) continue;
      least = change;
      partner = v;
    }
    std::swap(slot[u], slot[partner]);
  }
}

/// Moves unit u of every layer to index slots[layer][u], in each of a state's arrays.
template <typename T>
void move_units(std::vector<T>& values, const Shape& shape, const Slots& slots) {
  const ParameterLayout layout(shape);
  const std::vector<T> before = values;
  for (std::size_t l = 0; l < layout.layers().size(); ++l) {
    const LayerSlice& slice = layout.layers()[l];
    for (std::size_t to = 0; to < slice.outputs; ++to) {
      const std::size_t row = slots[l + 1][to];
      for (std::size_t from = 0; from < slice.inputs; ++from)
        values[slice.weights + row * slice.inputs + slots[l][from]] =
            before[slice.weights + to * slice.inputs + from];
      if (layout.bias()) values[slice.biases + row] = before[slice.biases + to];
    }
  }
}

template <typename T>
bool swap_bytes(std::vector<std::byte>& bytes, const Shape& shape, const RegularizerSettings& settings) {
  SavedState<T> state = from_bytes<T>(bytes, shape);
  Slots slots = slots_in_order(shape);
  const std::vector<double> parameters(state.parameters.begin(), state.parameters.end());
  swap_slots(parameters, shape, slots, false, settings);
  if (slots == slots_in_order(shape)) return false;
  for (auto* values : {&state.parameters, &state.moment1, &state.moment2}) move_units(*values, shape, slots);
  bytes = to_bytes(state);
  return true;
}

}  // namespace

Slots slots_in_order(const Shape& shape) {
  Slots slots;
  for (const std::uint32_t units : shape.sizes) {
    slots.emplace_back(units);
    std::iota(slots.back().begin(), slots.back().end(), 0U);
  }
  return slots;
}

double connection_cost(std::span<const double> parameters, const Shape& shape, const Slots& slots,
                       const RegularizerSettings& settings) {
  const Wiring wiring(parameters, shape, settings);
  double sum = 0.0;
  for (std::size_t l = 0; l < shape.weight_layers(); ++l)
    for (std::size_t to = 0; to < shape.sizes[l + 1]; ++to)
      for (std::size_t from = 0; from < shape.sizes[l]; ++from)
        sum += wiring.cost(l, to, from, slots[l + 1][to], slots[l][from]);
  return sum;
}

void swap_slots(std::span<const double> parameters, const Shape& shape, Slots& slots, bool ends,
                const RegularizerSettings& settings) {
  const Wiring wiring(parameters, shape, settings);
  const std::size_t past = shape.sizes.size() - (ends ? 0 : 1);
  for (std::size_t layer = ends ? 0 : 1; layer < past; ++layer) swap_in_layer(wiring, layer, slots);
}

bool swap_state(std::vector<std::byte>& state, const Shape& shape, Precision precision,
                const RegularizerSettings& settings) {
  return precision == Precision::fp64 ? swap_bytes<double>(state, shape, settings)
                                      : swap_bytes<float>(state, shape, settings);
}

}  // namespace modsweep
