// Matrix products of one network in shared memory, as parts of phases (block.h). A thread owns a unit and
// keeps 32 (in double 16) of its weights, or up to as many gradients, in registers; the threads of a warp own
// neighboring units and read the same samples, so that a quad of activations comes as one broadcast. Every
// sum is one thread's, over units or samples in their order, whatever the number of threads. Products are
// added as `s += a * b`: a device fuses that by itself, and hosts without a fused multiply-add need not
// imitate one.
#pragma once

#include "fused/block_plan.h"

namespace modsweep::fused {

/// Weights that a thread keeps at once, and gradients that it sums up at most.
template <typename T>
constexpr std::uint32_t registers_of = 128 / sizeof(T);
/// Samples per thread at a time: four independent sums hide the latency of one.
constexpr std::uint32_t rows_at_once = 4;

/// Up to `there` neighboring values, zeros in place of the others. `whole`: four are there, or zeros, at a
/// multiple of four values.
template <bool whole, typename T>
MODSWEEP_HD Quad<T> load_up_to(const T* p, std::uint32_t there) {
  if constexpr (whole) return pack::load_quad(p);
  Quad<T> values{};
  for (std::uint32_t i = 0; i < quad; ++i)
    if (i < there) values.v[i] = p[i];
  return values;
}

/// Some of a layer's outputs, counted from the first of the slice.
struct Outputs {
  std::uint32_t first = 0;
  std::uint32_t count = 0;
};

/// A group's outputs, as far as the slice has them.
template <bool sliced>
[[nodiscard]] MODSWEEP_HD Outputs outputs_of(const Layer& layer, std::uint32_t group) {
  const std::uint32_t first = group * layer.group_outputs();
  if constexpr (!sliced) return {first, layer.group_outputs()};
  const std::uint32_t slice_end = layer.first_output + layer.outputs;
  const std::uint32_t group_end = first + layer.group_outputs();
  const std::uint32_t begin = first > layer.first_output ? first : layer.first_output;
  const std::uint32_t end = group_end < slice_end ? group_end : slice_end;
  return begin < end ? Outputs{begin - layer.first_output, end - begin} : Outputs{};
}

/// Items: columns * shares of the rows. out [rows][columns] = in [rows][groups * inner] times each column's
/// weights: those into a unit of weight layer `layer` (forward), or those out of one (backward). `sliced`:
/// the layer may be a slice; what its weights then make backward is a share of the sum, zeros if they are
/// none.
template <typename T, bool sliced>
struct RowGemm {
  Layer layer;
  bool backward = false;
  const T* parameters = nullptr;
  const T* in = nullptr;  ///< [rows][in_stride]
  T* out = nullptr;       ///< [rows][out_stride]
  std::uint32_t rows = 0;
  std::uint32_t rows_per_item = 1;

  /// For rows up to `rows`.
  [[nodiscard]] MODSWEEP_HD std::uint32_t items() const {
    return columns() * ((rows + rows_per_item - 1) / rows_per_item);
  }
  [[nodiscard]] MODSWEEP_HD std::uint32_t columns() const { return backward ? layer.inputs : layer.outputs; }
  [[nodiscard]] MODSWEEP_HD std::uint32_t in_stride() const {
    return backward ? layer.output_stride : layer.input_stride;
  }
  [[nodiscard]] MODSWEEP_HD std::uint32_t out_stride() const {
    return backward ? layer.input_stride : layer.output_stride;
  }

  MODSWEEP_HD void operator()(std::uint32_t, std::uint32_t item) const {
    if (whole_quads(layer.groups, backward ? layer.group_outputs() : layer.group_inputs()))
      gemm<true>(item);
    else
      gemm<false>(item);
  }

 private:
  template <bool whole>
  MODSWEEP_HD void gemm(std::uint32_t item) const {
    const std::uint32_t column = item % columns();
    const std::uint32_t first = item / columns() * rows_per_item;
    const std::uint32_t last = first + rows_per_item < rows ? first + rows_per_item : rows;
    const Outputs inner = factors(column);
    std::uint32_t from = 0;
    do {
      T w[registers_of<T>];
      load_weights(column, inner, from, w);
      if (!whole || inner.count - from < registers_of<T>)
        add_rows<whole, false, false>(column, inner, from, w, first, last);
      else if (from > 0)
        add_rows<true, true, false>(column, inner, from, w, first, last);
      else
        add_rows<true, true, true>(column, inner, from, w, first, last);
      from += registers_of<T>;
    } while (from < inner.count);
  }

  /// The columns of `in` that a column of `out` is made of.
  [[nodiscard]] MODSWEEP_HD Outputs factors(std::uint32_t column) const {
    if (backward) return outputs_of<sliced>(layer, column / layer.group_inputs());
    const std::uint32_t group = (layer.first_output + column) / layer.group_outputs();
    return {group * layer.group_inputs(), layer.group_inputs()};
  }

  /// Weights `from` and on of a column, zeros past the last.
  MODSWEEP_HD void load_weights(std::uint32_t column, const Outputs& inner, std::uint32_t from,
                                T (&w)[registers_of<T>]) const {
    const std::uint32_t left = inner.count - from;
    const T* weights = parameters + layer.weights;
    if (backward) {
      weights += std::size_t{inner.first + from} * layer.row_stride + column % layer.group_inputs();
      for (std::uint32_t i = 0; i < registers_of<T>; ++i)
        w[i] = i < left ? weights[i * layer.row_stride] : T(0);
      return;
    }
    weights += std::size_t{column} * layer.row_stride + from;
    for (std::uint32_t i = 0; i < registers_of<T>; i += quad) {
      const Quad<T> q = i < left ? pack::load_quad(weights + i) : Quad<T>{};
      for (std::uint32_t j = 0; j < quad; ++j) w[i + j] = i + j < left ? q.v[j] : T(0);
    }
  }

  /// Adds these weights' share of the rows. What is known when this is compiled need not be compared for each
  /// quad: `full`, no weight is past the last; `start`, there is no sum before.
  template <bool whole, bool full, bool start>
  MODSWEEP_HD void add_rows(std::uint32_t column, const Outputs& inner, std::uint32_t from,
                            const T (&w)[registers_of<T>], std::uint32_t first, std::uint32_t last) const {
    const std::uint32_t left = full ? registers_of<T> : inner.count - from;
    const T* values = in + first * in_stride() + inner.first + from;
    T* sums = out + first * out_stride() + column;
    std::uint32_t b = first;
    for (; b + rows_at_once <= last; b += rows_at_once) {
      add<whole, full, rows_at_once>(values, w, left, start || from == 0, sums);
      values += rows_at_once * in_stride();
      sums += rows_at_once * out_stride();
    }
    for (; b < last; ++b) {
      add<whole, full, 1>(values, w, left, start || from == 0, sums);
      values += in_stride();
      sums += out_stride();
    }
  }

  /// Of `count` rows.
  template <bool whole, bool full, std::uint32_t count>
  MODSWEEP_HD void add(const T* values, const T (&w)[registers_of<T>], std::uint32_t left, bool start,
                       T* sums) const {
    T sum[count];
    for (std::uint32_t r = 0; r < count; ++r) sum[r] = start ? T(0) : sums[r * out_stride()];
    for (std::uint32_t i = 0; i < registers_of<T>; i += quad) {
      if (!full && i >= left) break;
      for (std::uint32_t r = 0; r < count; ++r) {
        const Quad<T> x = load_up_to<whole>(values + r * in_stride() + i, left - i);
        for (std::uint32_t j = 0; j < quad; ++j) sum[r] += w[i + j] * x.v[j];
      }
    }
    for (std::uint32_t r = 0; r < count; ++r) sums[r * out_stride()] = sum[r];
  }
};

/// Items: inputs * tiles of a group's outputs, or of a slice's if those are fewer. Gradients of a layer's
/// weights: sums over rows of delta [rows] [output stride] times in [rows][input stride], added to those of
/// the parts of the batch before.
template <typename T, bool sliced>
struct WeightGradient {
  Layer layer;
  const T* delta = nullptr;
  const T* in = nullptr;
  T* gradients = nullptr;  ///< laid out as parameters
  std::uint32_t rows = 0;
  std::uint32_t tile = quad;
  bool start = false;  ///< there are none before

  [[nodiscard]] MODSWEEP_HD std::uint32_t items() const {
    std::uint32_t most = layer.group_outputs();
    if constexpr (sliced) most = most < layer.outputs ? most : layer.outputs;
    return layer.inputs * ((most + tile - 1) / tile);
  }

  MODSWEEP_HD void operator()(std::uint32_t, std::uint32_t item) const {
    if (whole_quads(layer.groups, layer.group_outputs()))
      sum_tile<true>(item);
    else
      sum<false, quad>(item);  // such a layer's tile: share_table
  }

 private:
  template <bool whole>
  MODSWEEP_HD void sum_tile(std::uint32_t item) const {
    if constexpr (registers_of<T> >= 32)
      if (tile == 32) return sum<whole, 32>(item);
    if (tile == 16) return sum<whole, 16>(item);
    if (tile == 8) return sum<whole, 8>(item);
    sum<whole, quad>(item);
  }

  template <bool whole, std::uint32_t size>
  MODSWEEP_HD void sum(std::uint32_t item) const {
    const std::uint32_t column = item % layer.inputs;
    const std::uint32_t group = column / layer.group_inputs();
    const std::uint32_t first = item / layer.inputs * size;  // output within the group
    const Outputs outputs = outputs_of<sliced>(layer, group);
    if constexpr (sliced)
      if (first >= outputs.count) return;
    const std::uint32_t left = outputs.count - first;
    const std::uint32_t output = outputs.first + first;
    T* gradient =
        gradients + layer.weights + std::size_t{output} * layer.row_stride + column % layer.group_inputs();
    T sums[size];
    for (std::uint32_t j = 0; j < size; ++j)
      sums[j] = start || j >= left ? T(0) : gradient[j * layer.row_stride];
    if (whole && left >= size)
      add_rows<whole, true>(column, output, left, sums);
    else
      add_rows<whole, false>(column, output, left, sums);
    for (std::uint32_t j = 0; j < size; ++j)
      if (j < left) gradient[j * layer.row_stride] = sums[j];
  }

  /// `full`: no gradient is past the last, so that nothing has to be compared.
  template <bool whole, bool full, std::uint32_t size>
  MODSWEEP_HD void add_rows(std::uint32_t column, std::uint32_t output, std::uint32_t left,
                            T (&sums)[size]) const {
    const T* inputs = in + column;
    const T* deltas = delta + output;
    for (std::uint32_t b = 0; b < rows; ++b) {
      const T x = *inputs;
      for (std::uint32_t j = 0; j < size; j += quad) {
        if (!full && j >= left) break;
        const Quad<T> d = load_up_to<whole>(deltas + j, left - j);
        for (std::uint32_t i = 0; i < quad; ++i) sums[j + i] += d.v[i] * x;
      }
      inputs += layer.input_stride;
      deltas += layer.output_stride;
    }
  }
};

/// Items: outputs. Gradients of a layer's biases: sums over rows of delta, added to those before.
template <typename T>
struct BiasGradient {
  Layer layer;
  const T* delta = nullptr;
  T* gradients = nullptr;
  std::uint32_t rows = 0;
  bool start = false;

  [[nodiscard]] MODSWEEP_HD std::uint32_t items() const { return layer.bias ? layer.outputs : 0; }

  MODSWEEP_HD void operator()(std::uint32_t, std::uint32_t unit) const {
    T& gradient = gradients[layer.biases + unit];
    T sum = start ? T(0) : gradient;
    for (std::uint32_t b = 0; b < rows; ++b) sum += delta[b * layer.output_stride + unit];
    gradient = sum;
  }
};

}  // namespace modsweep::fused
