// Products of narrow layers, which the kernels over units compute: as matrix products of a library they would
// take launches of their own, and further passes over the activations of the wide side.
//
// A layer is narrow where it connects a hidden layer to at most eight inputs or outputs. A thread has four
// hidden units; it keeps their weights to the narrow side, and reads that side's rows whole.
#pragma once

#include "pack/arrays.h"

namespace modsweep::pack {

/// Inputs or outputs of a narrow layer.
constexpr std::uint32_t narrow_width = 8;
constexpr std::uint32_t narrow_quads = narrow_width / quad;
/// Inputs of a narrow last layer: its outputs are computed by one thread for each quad of them and each chunk
/// of samples, which would take too long alone for more.
constexpr std::uint32_t narrow_length = 256;

[[nodiscard]] constexpr bool is_narrow(const Layer& layer) {
  if (layer.output) return layer.number > 0 && layer.outputs <= narrow_width && layer.inputs <= narrow_length;
  return layer.number == 0 && layer.inputs <= narrow_width;
}

/// Where the weight from input i to output o lies in a network's parameters; no_weight where there is none.
constexpr std::size_t no_weight = ~std::size_t{0};
MODSWEEP_HD std::size_t weight_place(const Layer& layer, std::uint32_t o, std::uint32_t i) {
  if (o >= layer.outputs || i >= layer.inputs) return no_weight;
  const std::uint32_t first = layer.groups == 1 ? 0 : o / layer.group_outputs() * layer.group_inputs();
  if (i < first || i >= first + layer.group_inputs()) return no_weight;
  return layer.weights + std::size_t{o} * layer.row_stride + (i - first);
}

/// Four hidden units' values for each unit of the narrow side: weights, zeros where there are none, or their
/// gradients.
template <typename T>
struct NarrowWeights {
  Quad<T> of[quad][narrow_quads] = {};  ///< [hidden unit][unit of the narrow side]

  /// The weights of a narrow layer; `unit`: the first of four units of the hidden layer.
  static MODSWEEP_HD NarrowWeights load(const Layer& layer, const T* parameters, std::uint32_t unit) {
    NarrowWeights weights;
    for (std::uint32_t i = 0; i < quad; ++i)
      for (std::uint32_t k = 0; k < narrow_width; ++k) {
        const std::size_t place =
            layer.output ? weight_place(layer, k, unit + i) : weight_place(layer, unit + i, k);
        if (place != no_weight) weights.of[i][k / quad].v[k % quad] = parameters[place];
      }
    return weights;
  }

  /// sum_k of[.][k] row[k]; `row` has `quads` quads.
  MODSWEEP_HD Quad<T> times(const T* row, std::uint32_t quads) const {
    Quad<T> sum{};
    for (std::uint32_t q = 0; q < narrow_quads; ++q) {
      if (q >= quads) continue;
      const Quad<T> values = load_quad(row + q * quad);
      for (std::uint32_t i = 0; i < quad; ++i)
        for (std::uint32_t k = 0; k < quad; ++k)
          sum.v[i] = math::multiply_add(of[i][q].v[k], values.v[k], sum.v[i]);
    }
    return sum;
  }

  /// Adds units[.] row[k].
  MODSWEEP_HD void add(const Quad<T>& units, const T* row, std::uint32_t quads) {
    for (std::uint32_t q = 0; q < narrow_quads; ++q) {
      if (q >= quads) continue;
      const Quad<T> values = load_quad(row + q * quad);
      for (std::uint32_t i = 0; i < quad; ++i)
        for (std::uint32_t k = 0; k < quad; ++k)
          of[i][q].v[k] = math::multiply_add(units.v[i], values.v[k], of[i][q].v[k]);
    }
  }

  /// To `to`, [four hidden units][4 quads].
  MODSWEEP_HD void store(T* to, std::uint32_t quads) const {
    for (std::uint32_t i = 0; i < quad; ++i)
      for (std::uint32_t q = 0; q < narrow_quads; ++q)
        if (q < quads) store_quad(to + (i * quads + q) * quad, of[i][q]);
  }
};

/// The quads of a row of a narrow layer's narrow side.
[[nodiscard]] MODSWEEP_HD std::uint32_t narrow_side(const Layer& layer) {
  return (layer.output ? layer.output_stride : layer.input_stride) / quad;
}
/// The values that a chunk of samples has in the partial sums of a narrow layer's weight gradients:
/// [units of the hidden layer][units of the narrow side], both in whole quads.
[[nodiscard]] MODSWEEP_HD constexpr std::size_t narrow_values(const Layer& layer) {
  return std::size_t{layer.input_stride} * layer.output_stride;
}

}  // namespace modsweep::pack
