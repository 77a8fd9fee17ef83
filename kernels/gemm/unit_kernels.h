// Kernels over units and samples, between the matrix products. A thread owns four units and the samples of
// one chunk (kernels of this folder: see pack/batch.h).
#pragma once

#include "pack/narrow_layer.h"
#include "pack/units.h"

namespace modsweep::pack {

/// Items: chunks * quads of the layer. Bias, activation, dropout and noise of a hidden layer: z to g, and the
/// sums of h(a) that the penalties of activity need. `narrow_below`: the layer is narrow, and z is computed
/// from the batch; else it is read, and g may replace it.
template <typename T, bool narrow_below>
struct ForwardUnits {
  PackView<T> v;
  Layer layer;
  PassDraws draws;
  const T* z = nullptr;  ///< [P][B][stride], without bias; null where narrow

  [[nodiscard]] double bytes() const {
    return v.row_bytes(layer) + (narrow_below ? v.row_bytes(layer.input_stride) : v.row_bytes(layer));
  }

  MODSWEEP_HD void operator()(std::uint32_t p, std::uint32_t item) const {
    const BatchState<T>& batch = v.batch_state[p];
    if (batch.active == 0) return;
    const UnitBlock<T> block(v, layer, p, item);
    const HiddenUnits<T> units(v, layer, draws, p);
    const LayerHyperparameters<T>& hyper = v.hyperparameters[p].layer;
    NarrowWeights<T> weights;
    if constexpr (narrow_below)
      weights = NarrowWeights<T>::load(layer, v.parameters + p * v.parameter_stride, block.unit);
    T* const g_rows = v.g + v.layer_offset(layer);
    ActivitySums<T> activity;
    for (std::uint32_t b = block.first; b < block.last; ++b) {
      const std::size_t at = v.row(layer, p, b) + block.unit;
      Quad<T> g{};
      if (b < batch.count) {
        math::UnitValues<T> u[quad];
        if constexpr (narrow_below)
          units(block, b, weights.times(v.x + v.input_row(p, b), narrow_side(layer)), u);
        else
          units(block, b, load_quad(z + at), u);
        g = pass_on(hyper, u, block.valid, activity);
      }
      store_quad(g_rows + at, g);
    }
    activity.store(hyper, v.activity_partials, v.part(p, block.chunk) + layer.first_unit + block.unit);
  }
};

/// Four outputs, without bias, on all samples of a thread.
template <typename T>
MODSWEEP_HD void narrow_outputs(const PackView<T>& v, const Layer& layer, std::uint32_t p,
                                const UnitBlock<T>& block, const T* rows, Quad<T> (&z)[chunk_samples]) {
  const T* parameters = v.parameters + p * v.parameter_stride;
  for (std::uint32_t k = 0; k < layer.input_stride; k += quad) {
    Quad<T> weights[quad] = {};
    for (std::uint32_t o = 0; o < quad; ++o)
      for (std::uint32_t i = 0; i < quad; ++i) {
        const std::size_t place = weight_place(layer, block.unit + o, k + i);
        if (place != no_weight) weights[o].v[i] = parameters[place];
      }
    for (std::uint32_t s = 0; s < chunk_samples; ++s) {
      if (block.first + s >= block.last) continue;
      const std::size_t row = (std::size_t{p} * v.batch + block.first + s) * layer.input_stride;
      const Quad<T> g = load_quad(rows + row + k);
      for (std::uint32_t o = 0; o < quad; ++o)
        for (std::uint32_t i = 0; i < quad; ++i)
          z[s].v[o] = math::multiply_add(weights[o].v[i], g.v[i], z[s].v[o]);
    }
  }
}

/// Items: chunks * quads of the outputs. Bias of the outputs, their errors and dL/dy; sums for the loss and
/// the biases' gradients. `narrow`: the outputs are computed from g; else they are read.
template <typename T, bool narrow>
struct OutputError {
  PackView<T> v;
  Layer layer;
  const T* below = nullptr;  ///< [P][B][input stride], g of the last hidden layer; null unless narrow
  T* outputs = nullptr;      ///< [P][B][stride]: outputs without bias, which dL/dy replaces

  [[nodiscard]] double bytes() const {
    return (narrow ? v.row_bytes(layer.input_stride) : v.row_bytes(layer)) + 2.0 * v.row_bytes(layer) +
           v.part_bytes(layer.output_stride);
  }

  MODSWEEP_HD void operator()(std::uint32_t p, std::uint32_t item) const {
    const BatchState<T>& batch = v.batch_state[p];
    if (batch.active == 0) return;
    const UnitBlock<T> block(v, layer, p, item);
    const T scale = output_scale(layer, batch);
    Quad<T> z[chunk_samples] = {};
    if constexpr (narrow) narrow_outputs(v, layer, p, block, below, z);
    T squares = T(0);
    Quad<T> sums{};
    for (std::uint32_t s = 0; s < chunk_samples; ++s) {
      const std::uint32_t b = block.first + s;
      if (b >= block.last) continue;
      const std::size_t row = v.row(layer, p, b) + block.unit;
      Quad<T> delta{};
      if (b < batch.count) {
        if constexpr (!narrow) z[s] = load_quad(outputs + row);
        delta = output_gradient(block, z[s], load_quad(v.y + row), scale, squares);
        for (std::uint32_t i = 0; i < quad; ++i) sums.v[i] += delta.v[i];
      }
      store_quad(outputs + row, delta);
    }
    v.square_partials[(std::size_t{p} * v.chunks + block.chunk) * layer.quads() + block.unit / quad] =
        squares;
    store_quad(v.bias_partials + v.part(p, block.chunk) + layer.first_unit + block.unit, sums);
  }
};

/// A hidden unit without noise and dropout, from a = f(z) (math::derivative_of_value).
template <typename T>
MODSWEEP_HD math::UnitValues<T> unit_of_value(const math::UnitHyperparameters<T>& hyper, T a) {
  const T by_z = math::activation_derivative(hyper.activation, a, hyper.slope);
  return {.clean = a,
          .clean_by_z = by_z,
          .clean_by_slope = T(0),
          .out = a,
          .out_by_z = by_z,
          .out_by_slope = T(0)};
}

/// Items: chunks * quads of the layer. From dL/dg to dL/dz of a hidden layer, with the contribution of the
/// penalties of activity; sums for the gradients of biases and slope. `narrow_below`: the layer is narrow: z
/// is computed from the batch, dL/dz goes into the gradients of its weights only. `narrow_above`: the next
/// layer is: dL/dg is computed from dL/dy, and the gradients of its weights from g.
template <typename T, bool narrow_below, bool narrow_above>
struct BackwardUnits {
  PackView<T> v;
  Layer layer;
  Layer next;
  PassDraws draws;
  const T* z = nullptr;          ///< [P][B][stride], without bias, or g; null where narrow_below
  bool from_value = false;       ///< z is g, from which the derivatives follow
  const T* by_output = nullptr;  ///< [P][B][stride of the outputs], dL/dy; null unless narrow_above
  T* delta = nullptr;  ///< [P][B][stride]: dL/dg, unless narrow_above; then dL/dz, unless narrow_below

  [[nodiscard]] double bytes() const {
    const double rows = v.row_bytes(layer);
    double bytes = v.part_bytes(layer.output_stride);
    if (narrow_below)
      bytes += v.row_bytes(layer.input_stride) + v.part_bytes(narrow_values(layer));
    else
      bytes += 2.0 * rows;  // z, dL/dz
    bytes += narrow_above ? v.row_bytes(next) + v.part_bytes(narrow_values(next)) : rows;
    return bytes;
  }

  MODSWEEP_HD void operator()(std::uint32_t p, std::uint32_t item) const {
    const BatchState<T>& batch = v.batch_state[p];
    if (batch.active == 0) return;
    const UnitBlock<T> block(v, layer, p, item);
    const HiddenUnits<T> units(v, layer, draws, p);
    const UnitGradients<T> gradients(v, layer, p, block);
    const T* parameters = v.parameters + p * v.parameter_stride;
    NarrowWeights<T> below, above, below_sums, above_sums;
    if constexpr (narrow_below) below = NarrowWeights<T>::load(layer, parameters, block.unit);
    if constexpr (narrow_above) above = NarrowWeights<T>::load(next, parameters, block.unit);
    Quad<T> bias_sums{};
    Quad<T> slope_sums{};
    for (std::uint32_t b = block.first; b < block.last; ++b) {
      const std::size_t at = v.row(layer, p, b) + block.unit;
      Quad<T> by_z{};
      if (b < batch.count) {
        math::UnitValues<T> u[quad];
        const T* const x = v.x + v.input_row(p, b);
        const T* const by_y = narrow_above ? by_output + v.row(next, p, b) : nullptr;
        if constexpr (narrow_below)
          units(block, b, below.times(x, narrow_side(layer)), u);
        else
          values(p, units, block, b, load_quad(z + at), u);
        Quad<T> by_out;
        if constexpr (narrow_above)
          by_out = above.times(by_y, narrow_side(next));
        else
          by_out = load_quad(delta + at);
        by_z = gradients(u, by_out, slope_sums);
        for (std::uint32_t i = 0; i < quad; ++i) bias_sums.v[i] += by_z.v[i];
        if constexpr (narrow_below) below_sums.add(by_z, x, narrow_side(layer));
        if constexpr (narrow_above)
          above_sums.add(Quad<T>{{u[0].out, u[1].out, u[2].out, u[3].out}}, by_y, narrow_side(next));
      }
      if constexpr (!narrow_below) store_quad(delta + at, by_z);
    }
    const std::size_t part = v.part(p, block.chunk) + layer.first_unit + block.unit;
    store_quad(v.bias_partials + part, bias_sums);
    if (v.hyperparameters[p].layer.prelu) store_quad(v.slope_partials + part, slope_sums);
    if constexpr (narrow_below) store(below_sums, layer, v.first_weight_partials, p, block);
    if constexpr (narrow_above) store(above_sums, next, v.last_weight_partials, p, block);
  }

 private:
  MODSWEEP_HD void values(std::uint32_t p, const HiddenUnits<T>& units, const UnitBlock<T>& block,
                          std::uint32_t b, const Quad<T>& rows, math::UnitValues<T> (&u)[quad]) const {
    if (!from_value) return units(block, b, rows, u);
    for (std::uint32_t i = 0; i < quad; ++i) u[i] = unit_of_value(v.hyperparameters[p].layer.unit, rows.v[i]);
  }
  MODSWEEP_HD void store(const NarrowWeights<T>& sums, const Layer& narrow, T* partials, std::uint32_t p,
                         const UnitBlock<T>& block) const {
    const std::uint32_t quads = narrow_side(narrow);
    const std::size_t chunk = std::size_t{p} * v.chunks + block.chunk;
    sums.store(partials + chunk * narrow_values(narrow) + std::size_t{block.unit} * quads * quad, quads);
  }
};

}  // namespace modsweep::pack
