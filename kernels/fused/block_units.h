// Units and sums of one network in shared memory, as parts of phases (block.h): what kernels/pack/units.h and
// sums.h do to a batch in a backend's memory, done to a part of one. The views are of one network, whose
// batch is the part; a thread owns four units and a few samples. Where blocks share the network, layers are
// slices: each block does this to its own units, and writes what all need into the memory of all.
#pragma once

#include "fused/block.h"
#include "fused/block_plan.h"
#include "pack/units.h"

namespace modsweep::fused {

/// Items: 1. Turns from the whole batch to the part of it that begins at sample `offset`.
template <typename T>
struct BeginPart {
  BlockState<T>* state = nullptr;
  std::uint32_t offset = 0;
  std::uint32_t rows = 0;

  MODSWEEP_HD void operator()(std::uint32_t, std::uint32_t) const {
    if (offset == 0) state->losses = {};
    const BatchState<T>& whole = state->batch;
    const std::uint32_t left = whole.count - offset;
    state->part = {.active = whole.active,
                   .count = left < rows ? left : rows,
                   .first = whole.first + offset,
                   .offset = offset,
                   .step = whole.step,
                   .next = whole.next,
                   .inverse_count = whole.inverse_count,
                   .rate = whole.rate,
                   .adam = {}};  // which belongs to the whole batch
  }
};

/// Writes a value into the memory of every block of the cluster.
template <typename Peers, typename U>
MODSWEEP_HD void store_everywhere(const Peers& peers, U* here, const U& value) {
  for (std::uint32_t r = 0; r < peers.count(); ++r) *peers.at(r, here) = value;
}
template <typename Peers, typename T>
MODSWEEP_HD void store_quad_everywhere(const Peers& peers, T* here, const Quad<T>& values) {
  for (std::uint32_t r = 0; r < peers.count(); ++r) pack::store_quad(peers.at(r, here), values);
}

/// What the blocks of a cluster made of four neighboring values, added up in the order of their ranks.
template <typename Peers, typename T>
MODSWEEP_HD Quad<T> sum_of_shares(const Peers& peers, const T* here) {
  Quad<T> sum = pack::load_quad(peers.at(0, here));
  for (std::uint32_t r = 1; r < peers.count(); ++r) {
    const Quad<T> share = pack::load_quad(peers.at(r, here));
    for (std::uint32_t i = 0; i < quad; ++i) sum.v[i] += share.v[i];
  }
  return sum;
}

/// Rows of what a whole layer passes on, of which every block has a copy.
template <typename T>
struct ReplicatedActivations {
  T* values = nullptr;  ///< [rows][stride]
  std::uint32_t stride = 0;

  [[nodiscard]] MODSWEEP_HD T* at(const Layer& layer, std::uint32_t b, std::uint32_t unit) const {
    return values + b * stride + layer.first_output + unit;
  }
};

/// Where the shares' sums of h(a) of each penalty of activity go: [shares][stride].
template <typename T>
struct ActivityParts {
  T* of[math::activity_penalties];
};

/// Items: shares of the rows * quads of the layer. Bias, activation, dropout and noise of a hidden layer: z
/// to g, and the share's sums of h(a) that the penalties of activity want.
template <typename T, typename Peers>
struct ForwardRows {
  PackView<T> v;
  Layer layer;
  pack::PassDraws draws;
  std::uint32_t unit_rows = 1;
  const T* z = nullptr;  ///< [rows][stride]
  ReplicatedActivations<T> g;
  ActivityParts<T> activity_partials;
  Peers peers;

  MODSWEEP_HD void operator()(std::uint32_t p, std::uint32_t item) const {
    const pack::UnitBlock<T> block(v, layer, p, item, unit_rows);
    const pack::HiddenUnits<T> units(v, layer, draws, p);
    const LayerHyperparameters<T>& hyper = v.hyperparameters[p].layer;
    pack::ActivitySums<T> activity;
    for (std::uint32_t b = block.first; b < block.last && b < v.batch_state[p].count; ++b) {
      const std::size_t row = v.row(layer, p, b) + block.unit;
      math::UnitValues<T> u[quad];
      units(block, b, pack::load_quad(z + row), u);
      store_quad_everywhere(peers, g.at(layer, b, block.unit),
                            pack::pass_on(hyper, u, block.valid, activity));
    }
    activity.store(hyper, activity_partials.of, block.chunk * layer.output_stride + block.unit);
  }
};

/// Items: shares of the rows * quads of the outputs. dL/dy in place of the outputs in z, and the share's sums
/// of squared errors.
template <typename T, typename Peers>
struct OutputRows {
  PackView<T> v;
  Layer layer;
  std::uint32_t unit_rows = 1;
  T* z = nullptr;                ///< [rows][stride]
  T* square_partials = nullptr;  ///< [shares][quads of the whole layer]
  Peers peers;

  MODSWEEP_HD void operator()(std::uint32_t p, std::uint32_t item) const {
    const pack::UnitBlock<T> block(v, layer, p, item, unit_rows);
    const T scale = pack::output_scale(layer, v.batch_state[p]);
    T squares = T(0);
    for (std::uint32_t b = block.first; b < block.last && b < v.batch_state[p].count; ++b) {
      const std::size_t row = v.row(layer, p, b) + block.unit;
      pack::store_quad(z + row, pack::output_gradient(block, pack::load_quad(z + row),
                                                      pack::load_quad(v.y + row), scale, squares));
    }
    std::uint32_t part = item;
    if constexpr (Peers::several)
      part = block.chunk * quads_of(layer.all_outputs) + (layer.first_output + block.unit) / quad;
    store_everywhere(peers, square_partials + part, squares);
  }
};

/// Items: shares of the rows * quads of the layer. From dL/dg to dL/dz of a hidden layer; what it passed on,
/// made anew from the same draws; the share's sums of dL/dslope. A block alone has dL/dz in the place of
/// dL/dg, and what was passed on in that of z.
template <typename T, typename Peers>
struct BackwardRows {
  PackView<T> v;
  Layer layer;
  pack::PassDraws draws;
  std::uint32_t unit_rows = 1;
  const T* z = nullptr;           ///< [rows][stride]
  ReplicatedActivations<T> by_g;  ///< dL/dg; of each block, its share
  T* delta = nullptr;             ///< dL/dz [rows][stride]
  ReplicatedActivations<T> g;
  T* slope_partials = nullptr;  ///< [shares][stride]
  Peers peers;

  MODSWEEP_HD void operator()(std::uint32_t p, std::uint32_t item) const {
    const pack::UnitBlock<T> block(v, layer, p, item, unit_rows);
    const pack::HiddenUnits<T> units(v, layer, draws, p);
    const pack::UnitGradients<T> gradients(v, layer, p, block);
    Quad<T> slope_sums{};
    for (std::uint32_t b = block.first; b < block.last && b < v.batch_state[p].count; ++b) {
      const std::size_t row = v.row(layer, p, b) + block.unit;
      math::UnitValues<T> u[quad];
      units(block, b, pack::load_quad(z + row), u);
      const Quad<T> by_out = sum_of_shares(peers, by_g.at(layer, b, block.unit));
      pack::store_quad(delta + row, gradients(u, by_out, slope_sums));
      Quad<T> passed{};
      for (std::uint32_t i = 0; i < quad; ++i)
        if (i < block.valid) passed.v[i] = u[i].out;
      store_quad_everywhere(peers, g.at(layer, b, block.unit), passed);
    }
    if (v.hyperparameters[p].layer.prelu)
      pack::store_quad(slope_partials + block.chunk * layer.output_stride + block.unit, slope_sums);
  }
};

/// Items: outputs of the layer. Each unit's sums over the shares of a part of the batch, added to those of
/// the parts before.
template <typename T, typename Peers>
struct SumShares {
  Layer layer;
  std::uint32_t shares = 0;
  bool start = false;  ///< there are none before
  const T* parts = nullptr;
  T* sums = nullptr;  ///< of all units
  Peers peers;

  MODSWEEP_HD void operator()(std::uint32_t, std::uint32_t unit) const {
    T* sum_of_unit = sums + layer.first_unit + unit;
    T sum = start ? T(0) : *sum_of_unit;
    for (std::uint32_t c = 0; c < shares; ++c) sum += parts[c * layer.output_stride + unit];
    store_everywhere(peers, sum_of_unit, sum);
  }
};

/// Items: 1. Adds the squared errors of a part of the batch to the losses.
template <typename T>
struct SumSquares {
  const T* square_partials = nullptr;
  std::uint32_t count = 0;
  LossSums* losses = nullptr;

  MODSWEEP_HD void operator()(std::uint32_t, std::uint32_t) const {
    double sum = losses->squares;
    for (std::uint32_t i = 0; i < count; ++i) sum += static_cast<double>(square_partials[i]);
    losses->squares = sum;
  }
};

}  // namespace modsweep::fused
