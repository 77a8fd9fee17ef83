// Units and sums of one network in shared memory, as parts of phases (block.h): what kernels/gemm/units.h and
// sums.h do to a batch in a machine's memory, done to a part of one. The views are of one network, whose
// batch is the part; a thread owns four units and a few samples.
#pragma once

#include "fused/block_plan.h"
#include "gemm/units.h"

namespace modsweep::fused {

/// Items: 1. Turns from the whole batch to the part of it that begins at sample `offset`.
template <typename T>
struct BeginPart {
  BlockState<T>* state = nullptr;
  std::uint32_t offset = 0;
  std::uint32_t rows = 0;

  MODSWEEP_HD void operator()(std::uint32_t, std::uint32_t) const {
    if (offset == 0) state->losses = {};
    const std::uint32_t left = state->batch.count - offset;
    state->part = state->batch;
    state->part.first += offset;
    state->part.offset = offset;
    state->part.count = left < rows ? left : rows;
  }
};

/// Items: shares of the rows * quads of the layer. Bias, activation, dropout and noise of a hidden layer: z
/// to g, and the share's sums of |a|^p that the regularizers want.
template <typename T>
struct ForwardRows {
  PackView<T> v;
  Layer layer;
  gemm::PassDraws draws;
  std::uint32_t unit_rows = 1;
  T* g = nullptr;               ///< [rows][stride]
  T* weighted_parts = nullptr;  ///< [shares][stride]
  T* plain_parts = nullptr;

  MODSWEEP_HD void operator()(std::uint32_t p, std::uint32_t item) const {
    const gemm::UnitBlock<T> block(v, layer, p, item, unit_rows);
    const gemm::HiddenUnits<T> units(v, layer, draws, p);
    const LayerRule<T>& rule = v.rules[p].layer;
    Quad<T> weighted{};
    Quad<T> plain{};
    for (std::uint32_t b = block.first; b < block.last && b < v.now[p].count; ++b) {
      const std::size_t row = v.row(layer, p, b) + block.unit;
      math::UnitValues<T> u[quad];
      units(block, b, gemm::load_quad(v.z + v.layer_offset(layer) + row), u);
      gemm::store_quad(g + row, gemm::pass_on(rule, u, block.there, weighted, plain));
    }
    const std::uint32_t part = block.chunk * layer.output_stride + block.unit;
    if (rule.weighted_activity) gemm::store_quad(weighted_parts + part, weighted);
    if (rule.plain_activity) gemm::store_quad(plain_parts + part, plain);
  }
};

/// Items: shares of the rows * quads of the outputs. dL/dy in place of the outputs in z, and the share's sums
/// of squared errors.
template <typename T>
struct OutputRows {
  PackView<T> v;
  Layer layer;
  std::uint32_t unit_rows = 1;
  T* square_parts = nullptr;  ///< [shares][quads]

  MODSWEEP_HD void operator()(std::uint32_t p, std::uint32_t item) const {
    const gemm::UnitBlock<T> block(v, layer, p, item, unit_rows);
    const T scale = gemm::output_scale(layer, v.now[p]);
    T squares = T(0);
    for (std::uint32_t b = block.first; b < block.last && b < v.now[p].count; ++b) {
      const std::size_t row = v.row(layer, p, b) + block.unit;
      T* z = v.z + v.layer_offset(layer) + row;
      gemm::store_quad(
          z, gemm::output_gradient(block, gemm::load_quad(z), gemm::load_quad(v.y + row), scale, squares));
    }
    square_parts[item] = squares;
  }
};

/// Items: shares of the rows * quads of the layer. From dL/dg to dL/dz of a hidden layer, in place in
/// `delta`; what it passed on, made anew from the same draws, in place of z; the share's sums of dL/dslope.
template <typename T>
struct BackwardRows {
  PackView<T> v;
  Layer layer;
  gemm::PassDraws draws;
  std::uint32_t unit_rows = 1;
  T* delta = nullptr;        ///< [rows][stride]
  T* slope_parts = nullptr;  ///< [shares][stride]

  MODSWEEP_HD void operator()(std::uint32_t p, std::uint32_t item) const {
    const gemm::UnitBlock<T> block(v, layer, p, item, unit_rows);
    const gemm::HiddenUnits<T> units(v, layer, draws, p);
    const gemm::UnitGradients<T> gradients(v, layer, p, block);
    Quad<T> slope_sums{};
    for (std::uint32_t b = block.first; b < block.last && b < v.now[p].count; ++b) {
      const std::size_t row = v.row(layer, p, b) + block.unit;
      T* z = v.z + v.layer_offset(layer) + row;
      math::UnitValues<T> u[quad];
      units(block, b, gemm::load_quad(z), u);
      gemm::store_quad(delta + row, gradients(u, gemm::load_quad(delta + row), slope_sums));
      Quad<T> g{};
      for (std::uint32_t i = 0; i < quad; ++i)
        if (i < block.there) g.v[i] = u[i].out;
      gemm::store_quad(z, g);
    }
    if (v.rules[p].layer.prelu)
      gemm::store_quad(slope_parts + block.chunk * layer.output_stride + block.unit, slope_sums);
  }
};

/// Items: outputs of the layer. Each unit's sums over the shares of a part of the batch, added to those of
/// the parts before.
template <typename T>
struct SumShares {
  Layer layer;
  std::uint32_t shares = 0;
  bool start = false;  ///< there are none before
  const T* parts = nullptr;
  T* sums = nullptr;  ///< of all units

  MODSWEEP_HD void operator()(std::uint32_t, std::uint32_t unit) const {
    T& sum_of_unit = sums[layer.first_unit + unit];
    T sum = start ? T(0) : sum_of_unit;
    for (std::uint32_t c = 0; c < shares; ++c) sum += parts[c * layer.output_stride + unit];
    sum_of_unit = sum;
  }
};

/// Items: 1. Adds the squared errors of a part of the batch to the losses.
template <typename T>
struct SumSquares {
  const T* square_parts = nullptr;
  std::uint32_t count = 0;
  LossSums* losses = nullptr;

  MODSWEEP_HD void operator()(std::uint32_t, std::uint32_t) const {
    double sum = losses->squares;
    for (std::uint32_t i = 0; i < count; ++i) sum += static_cast<double>(square_parts[i]);
    losses->squares = sum;
  }
};

}  // namespace modsweep::fused
