// What blocks are told of their pack, and how a network gets into their shared memory and back.
#pragma once

#include "fused/block_plan.h"

namespace modsweep::fused {

/// What the blocks of a pack are told.
template <typename T>
struct BlockJob {
  PackView<T> pack;  ///< arrays of all networks in the backend's memory; of activations and sums, none
  BlockPlan plan;
  const Layer* layers = nullptr;                 ///< [ranks][layer_count], with offsets of a block
  const Layer* whole_layers = nullptr;           ///< [layer_count], the same, but not sliced
  const LayerShare* shares = nullptr;            ///< [layer_count]
  const std::uint32_t* local_indices = nullptr;  ///< [ranks][parameters]: where a block has them
  const WeightEndpoints* ends = nullptr;         ///< [ranks][parameter_stride] of a block
  /// [items of the launch][ranks][parameter_stride]: moments as a block lays out its parameters; zeros where
  /// there is none. Null where nothing is trained.
  T* moment1 = nullptr;
  T* moment2 = nullptr;
  const std::uint32_t* members = nullptr;  ///< networks of the launch; null: all of the pack
};

/// Items: 1. What a block knows of network p.
template <typename T>
struct LoadState {
  BlockJob<T> job;
  BlockState<T>* state = nullptr;
  std::uint32_t p = 0;
  std::uint32_t rank = 0;

  MODSWEEP_HD void operator()(std::uint32_t, std::uint32_t) const {
    state->hyper = job.pack.hyperparameters[p];
    state->data = job.pack.data[p];
    state->progress = job.pack.progress[p];
    state->losses = {};  // of a split without samples
    for (std::uint32_t l = 0; l < job.plan.layer_count; ++l) {
      state->layers[l] = job.layers[rank * job.plan.layer_count + l];
      state->shares[l] = job.shares[l];
      state->fixed_noise[l] = nullptr;
      if (job.pack.fixed_noise != nullptr && l + 1 < job.plan.layer_count)
        state->fixed_noise[l] = job.pack.fixed_noise[std::size_t{l} * job.pack.networks + p];
    }
  }
};

/// Items: values. Zeros.
template <typename T>
struct Clear {
  T* values = nullptr;
  MODSWEEP_HD void operator()(std::uint32_t, std::uint32_t item) const { values[item] = T(0); }
};

/// Items: 1.
template <typename U>
struct Copy {
  const U* from;
  U* to;
  MODSWEEP_HD void operator()(std::uint32_t, std::uint32_t) const { *to = *from; }
};

/// Items: parameters. From ParameterLayout order to where a block has them, if it does.
template <typename T>
struct LoadParameters {
  const std::uint32_t* local_indices = nullptr;
  const T* from = nullptr;
  T* to = nullptr;
  MODSWEEP_HD void operator()(std::uint32_t, std::uint32_t i) const {
    const std::uint32_t local_index = local_indices[i];
    if (local_index != absent) to[local_index & ~replicated] = from[i];
  }
};

/// Items: parameters. The way back, of those that a block owns.
template <typename T>
struct StoreParameters {
  const std::uint32_t* local_indices = nullptr;
  const T* from = nullptr;
  T* to = nullptr;
  MODSWEEP_HD void operator()(std::uint32_t, std::uint32_t i) const {
    const std::uint32_t local_index = local_indices[i];
    if ((local_index & replicated) == 0) to[i] = from[local_index];
  }
};

}  // namespace modsweep::fused
