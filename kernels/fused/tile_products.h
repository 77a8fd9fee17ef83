// A warp's products, by register tiles: rows of units times weights, and the gradient of a matrix of weights.
#pragma once

#include "fused/tile_lanes.h"

namespace modsweep::fused {

/// sums (+)= four units of each row times a 4 x 4 block of weights, whose rows are `stride` apart: rows are
/// outputs on the way forward, inputs of the product on the way back. Where it is the first one, sums begin
/// with `begin`.
template <bool back, bool first>
MODSWEEP_HD void multiply_block(UnitTile& sums, const float* rows, const float* weights,
                                const Quad<float>& begin) {
  Quad<float> w[quad];
  MODSWEEP_UNROLLED
  for (std::uint32_t r = 0; r < quad; ++r) w[r] = pack::load_quad(weights + r * tile_width);
  MODSWEEP_UNROLLED
  for (std::uint32_t i = 0; i < tile_samples; ++i) {
    const Quad<float> v = pack::load_quad(rows + i * 4 * tile_width);
    MODSWEEP_UNROLLED
    for (std::uint32_t c = 0; c < quad; ++c) MODSWEEP_UNROLLED
    for (std::uint32_t u = 0; u < quad; ++u)
      sums[i][u] =
          math::multiply_add(v.v[c], back ? w[c].v[u] : w[u].v[c], first && c == 0 ? begin.v[u] : sums[i][u]);
  }
}

/// Rows of a hidden layer times a matrix between hidden layers: of the layer below times the weights into the
/// lane's units (forward), or of the layer above times those out of them (back). `rows`: of the whole warp.
template <bool back>
MODSWEEP_HD void multiply(const Lane& lane, UnitTile& sums, const float* rows, const float* weights,
                          const Quad<float>& begin) {
  constexpr std::uint32_t step = back ? tile_hidden_block : quad;
  const float* own = weights + lane.units * (back ? quad : tile_hidden_block);
  const float* first = rows + lane.samples * tile_width;
  multiply_block<back, true>(sums, first + quad * lane.swizzled(0), own, begin);
  MODSWEEP_ROLLED
  for (std::uint32_t k = 1; k < tile_width / quad; ++k)
    multiply_block<back, false>(sums, first + quad * lane.swizzled(k), own + k * step, begin);
}

/// A lane's part of a matrix's gradient: 4 outputs (its quad of units) by 8 inputs (quads q and q + 4, q its
/// group of samples).
using GradientTile = float[quad][2 * quad];

/// Sums over the warp's rows of deltas times what was passed on. Rows from `count` on have no deltas.
MODSWEEP_HD void sum_weight_gradient(const Lane& lane, GradientTile& sums, const float* deltas,
                                     const float* passed, std::uint32_t count) {
  MODSWEEP_UNROLLED
  for (std::uint32_t j = 0; j < quad; ++j) MODSWEEP_UNROLLED
  for (std::uint32_t k = 0; k < 2 * quad; ++k) sums[j][k] = 0.0F;
  MODSWEEP_ROLLED
  for (std::uint32_t s = 0; s < 4; ++s) {  // rows s, s + 4, ... are swizzled alike
    const float* d = deltas + s * tile_width + quad * (lane.units ^ (2 * s));
    const float* a = passed + s * tile_width + quad * (lane.samples ^ (2 * s));
    const float* b = passed + s * tile_width + quad * ((lane.samples + 4) ^ (2 * s));
    MODSWEEP_UNROLLED
    for (std::uint32_t i = 0; i < tile_samples; ++i) {
      if (i + 1 == tile_samples && 4 * i + s >= count) break;  // of 200 samples, a warp has 50
      const std::uint32_t row = i * 4 * tile_width;
      const Quad<float> delta = pack::load_quad(d + row);
      const Quad<float> low = pack::load_quad(a + row);
      const Quad<float> high = pack::load_quad(b + row);
      MODSWEEP_UNROLLED
      for (std::uint32_t j = 0; j < quad; ++j) MODSWEEP_UNROLLED
      for (std::uint32_t k = 0; k < quad; ++k) {
        sums[j][k] = math::multiply_add(delta.v[j], low.v[k], sums[j][k]);
        sums[j][quad + k] = math::multiply_add(delta.v[j], high.v[k], sums[j][quad + k]);
      }
    }
  }
}

/// Stores the warp's share of the gradient, [32][32].
MODSWEEP_HD void store_weight_gradient(const Lane& lane, float* share, const GradientTile& sums) {
  MODSWEEP_UNROLLED
  for (std::uint32_t j = 0; j < quad; ++j) {
    float* row = share + (quad * lane.units + j) * tile_width + quad * lane.samples;
    put_quad(row, Quad<float>{{sums[j][0], sums[j][1], sums[j][2], sums[j][3]}});
    put_quad(row + 4 * quad, Quad<float>{{sums[j][4], sums[j][5], sums[j][6], sums[j][7]}});
  }
}

}  // namespace modsweep::fused
