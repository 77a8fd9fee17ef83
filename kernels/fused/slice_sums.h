// Norms of the weights of hidden units, math::UnitSums, where the blocks of a cluster share a network: what
// kernels/pack/sums.h's WeightSums does, in two phases. A unit's outgoing weights lie in the slices of
// several blocks, each of which adds up its own.
#pragma once

#include "fused/block_units.h"
#include "fused/products.h"

namespace modsweep::fused {

/// Items: all units. A block's share of the sums, over the weights in its slices.
template <typename T>
struct SliceWeightSums {
  PackView<T> v;
  T* shares = nullptr;  ///< [weight_sums][units]

  MODSWEEP_HD void operator()(std::uint32_t p, std::uint32_t u) const {
    const UnitIndex index = v.unit_indices[u];
    const Layer& feeding = v.layers[index.layer];
    if (feeding.output || index.unit >= feeding.all_outputs) return;
    const Layer& next = v.layers[index.layer + 1];
    const Outputs outputs = outputs_of<true>(next, index.unit / next.group_inputs());
    math::WeightNorms<T> out;
    out.add(v.parameters + next.weights + std::size_t{outputs.first} * next.row_stride +
                index.unit % next.group_inputs(),
            outputs.count, next.row_stride);
    store(u, WeightSum::out_absolute, WeightSum::out_square, out);
    if (!v.hyperparameters[p].sums.in()) return;
    const std::uint32_t own = index.unit - feeding.first_output;  // past all where it is before the first
    math::WeightNorms<T> in;
    if (own < feeding.outputs)
      in.add(v.parameters + feeding.weights + std::size_t{own} * feeding.row_stride, feeding.group_inputs(),
             1);
    store(u, WeightSum::in_absolute, WeightSum::in_square, in);
  }

 private:
  MODSWEEP_HD void store(std::uint32_t u, WeightSum absolute, WeightSum square,
                         const math::WeightNorms<T>& norms) const {
    shares[static_cast<std::uint32_t>(absolute) * v.units + u] = norms.absolute;
    shares[static_cast<std::uint32_t>(square) * v.units + u] = norms.square;
  }
};

/// Items: weight_sums * units / 4. The sums over the shares of all blocks.
template <typename T, typename Peers>
struct JoinWeightSums {
  const T* shares = nullptr;  ///< [weight_sums][units]
  T* sums = nullptr;          ///< [weight_sums][units]
  Peers peers;

  MODSWEEP_HD void operator()(std::uint32_t, std::uint32_t item) const {
    pack::store_quad(sums + item * quad, sum_of_shares(peers, shares + item * quad));
  }
};

}  // namespace modsweep::fused
