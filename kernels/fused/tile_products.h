// A warp's products, by register tiles: rows of units times weights, and the gradient of a matrix of weights.
#pragma once

#include "fused/tile_lanes.h"

namespace modsweep::fused {

/// sums (+)= four units of each row times a 4 x 4 block of weights, whose rows are `stride` apart: rows are
/// outputs on the way forward, inputs of the product on the way back. Where it is the first one, sums begin
/// with `begin`.
template <std::uint32_t width, bool back, bool first>
MODSWEEP_HD void multiply_block(UnitTile<width>& sums, const float* rows, const float* weights,
                                const Quad<float>& begin) {
  constexpr TileSize size = size_of_tiles(width);
  Quad<float> w[quad];
  MODSWEEP_UNROLLED
  for (std::uint32_t r = 0; r < quad; ++r) w[r] = pack::load_quad(weights + r * width);
  MODSWEEP_UNROLLED
  for (std::uint32_t i = 0; i < size.samples; ++i) {
    const Quad<float> v = pack::load_quad(rows + i * size.sample_lanes * width);
    MODSWEEP_UNROLLED
    for (std::uint32_t c = 0; c < quad; ++c) MODSWEEP_UNROLLED
    for (std::uint32_t u = 0; u < quad; ++u)
      sums[i][u] =
          math::multiply_add(v.v[c], back ? w[c].v[u] : w[u].v[c], first && c == 0 ? begin.v[u] : sums[i][u]);
  }
}

/// Rows of a hidden layer times a matrix between hidden layers: of the layer below times the weights into the
/// lane's units (forward), or of the layer above times those out of them (back). `rows`: of the whole warp.
template <bool back, std::uint32_t width>
MODSWEEP_HD void multiply(const Lane<width>& lane, UnitTile<width>& sums, const float* rows,
                          const float* weights, const Quad<float>& begin) {
  constexpr TileSize size = size_of_tiles(width);
  constexpr std::uint32_t step = back ? size.hidden_block : quad;
  const float* own = weights + lane.units * (back ? quad : size.hidden_block);
  const float* first = rows + lane.samples * width;
  multiply_block<width, back, true>(sums, first + quad * lane.swizzled(0), own, begin);
  MODSWEEP_ROLLED
  for (std::uint32_t k = 1; k < width / quad; ++k)
    multiply_block<width, back, false>(sums, first + quad * lane.swizzled(k), own + k * step, begin);
}

/// A lane's part of the gradient of 32 x 32 weights: 4 outputs by 8 inputs, two quads.
using GradientTile = float[quad][2 * quad];

MODSWEEP_HD void clear(GradientTile& sums) {
  MODSWEEP_UNROLLED
  for (std::uint32_t j = 0; j < quad; ++j) MODSWEEP_UNROLLED
  for (std::uint32_t k = 0; k < 2 * quad; ++k) sums[j][k] = 0.0F;
}

/// Adds sums over a warp's rows of deltas times what was passed on: of these 32 units of either. Rows from
/// `count` on have no deltas.
template <std::uint32_t width>
MODSWEEP_HD void add_weight_gradient(const Lane<width>& lane, GradientTile& sums, const float* deltas,
                                     const float* passed, std::uint32_t count) {
  constexpr TileSize size = size_of_tiles(width);
  MODSWEEP_ROLLED
  for (std::uint32_t s = 0; s < size.sample_lanes; ++s) {  // rows s, s + sample_lanes, ... are swizzled alike
    const std::uint32_t swizzle = lane.swizzle(s);
    const float* d = deltas + s * width + quad * (lane.gradient_outputs ^ swizzle);
    const float* a = passed + s * width + quad * (lane.gradient_inputs ^ swizzle);
    const float* b = passed + s * width + quad * ((lane.gradient_inputs + 4) ^ swizzle);
    MODSWEEP_UNROLLED
    for (std::uint32_t i = 0; i < size.samples; ++i) {
      // Of 200 samples and 32 units, a warp has 50.
      if (size.whole_gradients && i + 1 == size.samples && size.sample_lanes * i + s >= count) break;
      const std::uint32_t row = i * size.sample_lanes * width;
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

/// f(place, sums): where each quad of the lane's sums belongs in a gradient with rows of `width` values.
template <std::uint32_t width, typename F>
MODSWEEP_HD void each_quad_of(const Lane<width>& lane, const GradientTile& sums, const F& f) {
  MODSWEEP_UNROLLED
  for (std::uint32_t j = 0; j < quad; ++j) {
    const std::uint32_t row = (quad * lane.gradient_outputs + j) * width + quad * lane.gradient_inputs;
    f(row, Quad<float>{{sums[j][0], sums[j][1], sums[j][2], sums[j][3]}});
    f(row + 4 * quad, Quad<float>{{sums[j][4], sums[j][5], sums[j][6], sums[j][7]}});
  }
}

}  // namespace modsweep::fused
