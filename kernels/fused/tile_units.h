// Hidden units of a tile: what comes after a product, while the tile is in registers. Formulas are those of
// include/modsweep/math, for the settings that tile_kind() knows.
#pragma once

#include "fused/tile_lanes.h"

#include "modsweep/math/penalties.h"
#include "modsweep/math/rng.h"
#include "modsweep/math/unit.h"

namespace modsweep::fused {

/// What a warp knows of its part of a batch, in registers.
struct TilePart {
  std::uint32_t count = 0;  ///< samples of the warp: the rows that follow are empty
  std::uint32_t first = 0;  ///< the first one's place in the batch
  bool start = true;        ///< whether it is the batch's first part
  std::uint32_t step = 0;   ///< for random numbers
  std::uint32_t seed = 0;
  float slope = 0.0F;
  float sigma = 0.0F;
  float inverse_count = 0.0F;   ///< 1 / B, of the whole batch
  bool activity = false;        ///< whether the penalty of weighted activity is on
  float coefficient = 0.0F;     ///< its coefficient
  std::uint32_t tf32_bits = 0;  ///< TileJob's
};

/// What holds for all of these units; only the slope is not known when this is compiled.
template <bool noisy>
[[nodiscard]] MODSWEEP_HD math::UnitHyperparameters<float> tile_unit(float slope) {
  return {.activation = Activation::leaky_relu,
          .site = NoiseSite::post,
          .noise_power = noisy ? math::PowerKind::one : math::PowerKind::zero,
          .detached = false,
          .slope = slope,
          .noise_exponent = 1.0F};
}
[[nodiscard]] MODSWEEP_HD math::PowerRule<float> tile_activity(const TilePart& part) {
  math::PowerRule<float> rule;
  rule.coefficient = part.coefficient;
  rule.kind = math::PowerKind::two;
  rule.exponent = 2.0F;
  return rule;
}

/// sigma times the normals of quad q of the warp's sample `row`, the same ones in both directions.
MODSWEEP_HD void draw_noise(const TilePart& part, std::uint32_t layer, std::uint32_t row, std::uint32_t q,
                            float (&scaled)[quad]) {
  math::block_normals(
      math::random_block(part.seed, math::Stream::noise, part.step, layer, part.first + row, q), scaled);
  MODSWEEP_UNROLLED
  for (float& eps : scaled) eps *= part.sigma;
}

/// Activation and noise of a sample's units: pre-activations `z`, bias included, to g. `noise` is what
/// draw_noise() drew; h(a) of the penalty of activity is added to `sums`. Of rows without a sample, z must be
/// 0: then g is, and so is all that follows.
template <bool noisy>
[[nodiscard]] MODSWEEP_HD Quad<float> pass_on_quad(const TilePart& part, const float (&z)[quad],
                                                   const float (&noise)[quad], Quad<float>& sums) {
  const math::UnitHyperparameters<float> unit = tile_unit<noisy>(part.slope);
  const math::PowerRule<float> activity = tile_activity(part);
  Quad<float> g;
  MODSWEEP_UNROLLED
  for (std::uint32_t u = 0; u < quad; ++u) {
    const math::UnitValues<float> values =
        noisy ? math::forward_noisy_unit(unit, z[u], noise[u], 1.0F) : math::forward_unit(unit, z[u]);
    g.v[u] = values.out;
    sums.v[u] += math::WeightedActivity::activity(activity, values.clean);
  }
  return g;
}

/// By what units' activations a are multiplied in the gradient of the penalty of activity, which is
/// proportional to them, for units with these sums of squares of outgoing weights; 0 where it is off.
[[nodiscard]] MODSWEEP_HD Quad<float> activity_factors(const TilePart& part, const Quad<float>& squares) {
  const math::PowerRule<float> activity = tile_activity(part);
  Quad<float> factors{};
  if (!part.activity) return factors;
  MODSWEEP_UNROLLED
  for (std::uint32_t u = 0; u < quad; ++u) {
    math::UnitSums<float> sums;
    sums.out_square = squares.v[u];
    factors.v[u] = activity.coefficient * math::WeightedActivity::unit_weight(sums) * part.inverse_count *
                   math::WeightedActivity::activity_derivative(activity, 1.0F);
  }
  return factors;
}

/// The loss is not finite where these are not and the penalty of activity is on: it is a sum of their
/// products.
MODSWEEP_HD void check_activity(const TilePart& part, const Quad<float>& sums, float& loss) {
  if (!part.activity) return;
  MODSWEEP_UNROLLED
  for (const float sum : sums.v) loss = math::multiply_add(0.0F, sum, loss);
}

/// dL/dz of a unit from dL/dg, what it passed on, and the noise that this had.
template <bool noisy>
[[nodiscard]] MODSWEEP_HD float unit_delta(const TilePart& part, float by_g, float g, float scaled_eps,
                                           float factor) {
  const math::UnitHyperparameters<float> unit = tile_unit<noisy>(part.slope);
  float clean = g;
  float out_by_clean = 1.0F;
  if constexpr (noisy) {
    const math::WithDerivative<float> before = math::without_noise(g, scaled_eps);
    clean = before.value;
    out_by_clean = before.derivative;
  }
  const float clean_by_z = math::activation_derivative(unit.activation, g, unit.slope);
  return clean_by_z * math::multiply_add(clean, factor, by_g * out_by_clean);
}

/// dL/dz of a sample's units from dL/dg in `by_g`. `noise` as above.
template <bool noisy>
[[nodiscard]] MODSWEEP_HD Quad<float> delta_quad(const TilePart& part, const float (&by_g)[quad],
                                                 const Quad<float>& g, const float (&noise)[quad],
                                                 const Quad<float>& factors) {
  Quad<float> delta;
  MODSWEEP_UNROLLED
  for (std::uint32_t u = 0; u < quad; ++u)
    delta.v[u] = unit_delta<noisy>(part, by_g[u], g.v[u], noisy ? noise[u] : 0.0F, factors.v[u]);
  return delta;
}

}  // namespace modsweep::fused
