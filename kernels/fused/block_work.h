// What a kernel has a block, or each block of a cluster, do with a network.
#pragma once

#include "fused/block_network.h"

namespace modsweep::fused {

/// A block's work on network p: all its steps up to its target; or, to inspect it, losses and whole gradient
/// of its next step. One kernel for both: they differ in little, and take long to compile.
template <typename T, Multiplier multiplier = Multiplier::threads>
struct TrainNetwork {
  /// Whether it is compiled for fewer registers, too (launch_bounds.h).
  static constexpr bool chooses_registers = std::is_same_v<T, float>;

  BlockJob<T> job;
  bool inspect = false;

  template <typename Block>
  MODSWEEP_HD void operator()(Block& block, std::uint32_t item) const {
    const std::uint32_t p = job.members == nullptr ? item : job.members[item];
    BlockNetwork<T, Block, multiplier> network(job, block);
    network.load(p, item, !inspect);
    while (network.begin_step(inspect)) {
      network.differentiate(inspect);
      network.update(inspect);
      if (inspect) break;
    }
    if (inspect) {
      network.store_losses(p);
      network.store_gradients(p);
    } else {
      network.store(p);
    }
  }
};

/// A block's work on network p: losses over a split.
template <typename T>
struct EvaluateNetwork {
  static constexpr bool chooses_registers = false;

  BlockJob<T> job;
  Split split = Split::train;

  template <typename Block>
  MODSWEEP_HD void operator()(Block& block, std::uint32_t p) const {
    BlockNetwork<T, Block, Multiplier::threads> network(job, block);
    network.load(p, p, false);
    network.evaluate(split);
    network.store_losses(p);
  }
};

}  // namespace modsweep::fused
