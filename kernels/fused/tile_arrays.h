// Where the arrays of a network that is trained by tiles lie in shared memory.
#pragma once

#include "fused/tile_lanes.h"

namespace modsweep::fused {

/// Where the arrays of a block lie, for one of its lanes.
template <std::uint32_t width>
struct TileArrays {
  static constexpr TileSize size = size_of_tiles(width);

  const TilePlan* plan = nullptr;
  float* values = nullptr;  ///< behind the TileState
  std::uint32_t warp = 0;
  float* gradients = nullptr;  ///< of the network, in the backend's memory

  [[nodiscard]] MODSWEEP_HD float* in_weights() const { return values + plan->in_weights; }
  /// Of the matrix between hidden layers m and m + 1, m from 0.
  [[nodiscard]] MODSWEEP_HD float* hidden_weights(std::uint32_t m) const {
    return values + plan->hidden_weights + m * size.hidden_matrix;
  }
  [[nodiscard]] MODSWEEP_HD float* out_weights() const { return values + plan->out_weights; }
  /// Of hidden layer l, or with l = H of the outputs.
  [[nodiscard]] MODSWEEP_HD float* biases(std::uint32_t l) const { return values + plan->biases + l * width; }

  /// Shares of the warps, [warps][W], of hidden layer l.
  [[nodiscard]] MODSWEEP_HD float* norms(std::uint32_t l) const { return of_layer(plan->norms, l); }
  [[nodiscard]] MODSWEEP_HD float* squares(std::uint32_t l) const { return of_layer(plan->squares, l); }
  [[nodiscard]] MODSWEEP_HD float* bias_shares(std::uint32_t l) const {
    return of_layer(plan->bias_shares, l);
  }
  /// Of gradients at the network's ends; those of warps are size.end_stride values apart.
  [[nodiscard]] MODSWEEP_HD float* in_shares() const { return values + plan->in_shares; }
  [[nodiscard]] MODSWEEP_HD float* out_shares() const { return values + plan->out_shares; }
  [[nodiscard]] MODSWEEP_HD float* own_in_share() const { return in_shares() + warp * size.end_stride; }
  [[nodiscard]] MODSWEEP_HD float* own_out_share() const { return out_shares() + warp * size.end_stride; }
  [[nodiscard]] MODSWEEP_HD float* out_bias_shares() const { return values + plan->out_bias_shares; }
  [[nodiscard]] MODSWEEP_HD float* losses() const { return values + plan->losses; }

  /// The own warp's rows.
  [[nodiscard]] MODSWEEP_HD float* x() const { return values + plan->x + first_row() * tile_ends; }
  [[nodiscard]] MODSWEEP_HD float* errors() const { return values + plan->errors + first_row() * tile_ends; }
  [[nodiscard]] MODSWEEP_HD float* units(std::uint32_t l) const {
    return layer_units(l) + first_row() * width;
  }
  /// The first warp's rows of hidden layer l; those of the others are warp_stride() values apart. So are,
  /// where warps have whole gradients, their shares of the gradient of the weights into that layer.
  [[nodiscard]] MODSWEEP_HD float* layer_units(std::uint32_t l) const {
    return values + plan->units + l * size.layer;
  }
  [[nodiscard]] MODSWEEP_HD std::uint32_t warp_stride() const { return plan->warp_stride * width; }
  /// The place of the matrix between hidden layers m and m + 1 in the backend's memory.
  [[nodiscard]] MODSWEEP_HD std::uint32_t hidden_weights_there(std::uint32_t m) const {
    return plan->hidden_weights_there + m * plan->hidden_step;
  }

 private:
  [[nodiscard]] MODSWEEP_HD std::uint32_t first_row() const { return warp * plan->warp_stride; }
  [[nodiscard]] MODSWEEP_HD float* of_layer(std::uint32_t array, std::uint32_t l) const {
    return values + array + l * tile_warps * width;
  }
};

}  // namespace modsweep::fused
