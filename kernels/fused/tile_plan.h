// Which networks are trained by tiles, and what their thread block keeps in shared memory, and where: plain
// values that the host works out once for a pack. docs/fused.md explains a step.
//
// A block trains one network. Each of its four warps takes samples of a batch through all layers and back by
// itself, and meets the other warps only for gradients. Of a product, a lane has a tile of up to 13 samples
// by 4 units in registers; tensor cores make products of 16 samples by 8 units, of which a lane has four.
#pragma once

#include "fused/block.h"
#include "fused/block_plan.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <type_traits>

#include "modsweep/pack.h"
#include "modsweep/pruning.h"

namespace modsweep::fused {

constexpr std::uint32_t tile_warps = 4;
constexpr std::uint32_t tile_threads = warp_lanes * tile_warps;
constexpr std::uint32_t tile_ends = quad;  ///< inputs, and outputs, at most
constexpr std::uint32_t tile_depth = 4;    ///< hidden layers, at most
/// Units of a block of a matrix's gradient that a warp sums up at once.
constexpr std::uint32_t gradient_block = 32;

/// How the units and samples of hidden layers of `width` units are dealt to lanes. A lane has a quad of
/// units.
struct TileSize {
  std::uint32_t width;
  std::uint32_t samples;  ///< of a lane's tile

  std::uint32_t unit_lanes = width / quad;               ///< groups of units
  std::uint32_t sample_lanes = warp_lanes / unit_lanes;  ///< groups of samples
  std::uint32_t rows = sample_lanes * samples;           ///< samples of a warp, at most
  std::uint32_t block_rows = tile_warps * rows;          ///< of a block
  std::uint32_t layer = block_rows * width;              ///< values of a layer's units
  /// Four rows of a matrix of weights, and padding: no two of a quarter warp's loads share banks.
  std::uint32_t hidden_block = 4 * width + quad;
  std::uint32_t hidden_matrix = width / 4 * hidden_block;
  /// Whether a warp sums up whole gradients over its own samples, and shares are added up; else it sums up
  /// some blocks of them over all samples.
  bool whole_gradients = width == gradient_block;
  /// From a warp's share of the gradient of the weights at one of the network's ends to the next warp's.
  std::uint32_t end_stride = (rows > width ? rows : width) * tile_ends;
};
/// With 64 units a block takes less than 99 KB and two share 227 KB, with 128 units it takes less than 227
/// KB.
[[nodiscard]] MODSWEEP_HD constexpr TileSize size_of_tiles(std::uint32_t width) {
  return {.width = width, .samples = width == 32 ? 13U : width == 64 ? 7U : 9U};
}
/// Where quad q of row r of a matrix of weights is.
template <std::uint32_t width>
[[nodiscard]] MODSWEEP_HD std::uint32_t tile_hidden_place(std::uint32_t r, std::uint32_t q) {
  constexpr TileSize size = size_of_tiles(width);
  return r / 4 * size.hidden_block + r % 4 * width + quad * q;
}
/// Widths of hidden layers that there are tiles for; tensor cores take the first one only.
constexpr std::uint32_t tile_widths[] = {32, 64, 128};

constexpr std::uint32_t tile_width = 32;  ///< as are the constants that follow
constexpr std::uint32_t tile_block_rows = size_of_tiles(tile_width).block_rows;
constexpr std::uint32_t tile_hidden_block = size_of_tiles(tile_width).hidden_block;
/// Samples of a product of tensor cores. Of 13 such products a warp takes three, the last one four.
constexpr std::uint32_t tensor_rows = 16;
constexpr std::uint32_t tensor_products = tile_block_rows / tensor_rows;
constexpr std::uint32_t tensor_products_of_warp = (tensor_products + tile_warps - 1) / tile_warps;

constexpr std::uint32_t tile_input_block = 4 * tile_ends + quad;
/// The smallest batch: of fewer samples, most rows of the tiles would be empty.
constexpr std::uint32_t tile_smallest_batch = 32;

/// What a block knows of its network besides arrays; it comes first in shared memory.
struct TileState {
  Hyperparameters<float> hyper;
  NetworkData<float> data;
  Progress progress;
  BatchState<float> batch[2];  ///< of the step in progress and of the next one, by turns
};

/// What follows from the shape and the size of a batch. Offsets from `in_weights` to `values` on count values
/// behind the TileState; matrices are [output][input].
struct TilePlan {
  std::uint32_t width = 0;  ///< units of every hidden layer, W
  std::uint32_t depth = 0;  ///< hidden layers, H
  std::uint32_t inputs = 0;
  std::uint32_t outputs = 0;
  std::uint32_t part_rows = 0;  ///< samples that a block takes at once, at most TileSize::block_rows
  std::uint32_t warp_first[tile_warps] = {};  ///< of them, a warp's first one
  std::uint32_t warp_rows[tile_warps] = {};   ///< and how many it takes
  std::uint32_t warp_stride = 0;              ///< rows of arrays from a warp's first one to the next warp's

  std::uint32_t in_weights = 0;      ///< [W / 4] blocks of [4][4]: 4 outputs, inputs and zeros
  std::uint32_t hidden_weights = 0;  ///< [H - 1][W / 4] blocks of [4][W]
  std::uint32_t out_weights = 0;     ///< [4][W]: outputs and zeros
  std::uint32_t biases = 0;          ///< [H][W], then [4] of the outputs
  std::uint32_t norms = 0;           ///< [H - 1][warps][W]: shares of the sums of squares of columns
  std::uint32_t squares = 0;         ///< [H][warps][W]: shares of the sums of a^2 over samples
  std::uint32_t bias_shares = 0;     ///< [H][warps][W]: of gradients, as are those that follow
  /// Of each warp [W][4] and [4][W]. Of 32 units they lie in the place of the warp's rows of x and errors
  /// where a batch is one part: neither is needed any more when they are stored.
  std::uint32_t in_shares = 0, out_shares = 0;
  std::uint32_t out_bias_shares = 0;  ///< [warps][4]
  std::uint32_t losses = 0;           ///< [warps]: sums that are finite where the loss is
  std::uint32_t x = 0;                ///< [rows][4], inputs and zeros
  std::uint32_t errors = 0;           ///< [rows][4]: targets, then dL/dy
  /// [H][rows][W]: g, then deltas, then, of 32 units, warps' shares [32][32] of a matrix's gradient
  std::uint32_t units = 0;
  std::uint32_t values = 0;  ///< one past the last
  std::size_t bytes = 0;

  // Offsets in a network's parameters, those of ParameterLayout.
  std::uint32_t in_weights_there = 0;
  std::uint32_t in_biases_there = 0;
  std::uint32_t hidden_weights_there = 0;  ///< of the first matrix between hidden layers, if there is one
  std::uint32_t hidden_biases_there = 0;   ///< of the second hidden layer
  std::uint32_t hidden_step = 0;           ///< from one such layer's to the next one's
  std::uint32_t out_weights_there = 0;
  std::uint32_t out_biases_there = 0;
};

/// The place of the first value behind the TileState, in bytes.
constexpr std::size_t tile_values_begin = (sizeof(TileState) + 15) / 16 * 16;

/// Deals the samples of a batch, in parts of about equal size, to the warps.
inline void deal_samples(std::uint32_t batch, Multiplier multiplier, TilePlan& plan) {
  const TileSize size = size_of_tiles(plan.width);
  const std::uint32_t parts = (batch + size.block_rows - 1) / size.block_rows;
  const std::uint32_t rows = (batch + parts - 1) / parts;
  const bool tensor = multiplier == Multiplier::tensor_cores;
  plan.warp_stride = tensor ? tensor_products / tile_warps * tensor_rows : size.rows;
  const std::uint32_t products = (rows + tensor_rows - 1) / tensor_rows;
  for (std::uint32_t w = 0; w < tile_warps; ++w) {
    plan.warp_first[w] = plan.part_rows;
    plan.warp_rows[w] =
        tensor ? (products + w) / tile_warps * tensor_rows : (rows + tile_warps - 1) / tile_warps;
    plan.part_rows += plan.warp_rows[w];
  }
}

[[nodiscard]] inline TilePlan tile_plan(const Shape& shape, std::uint32_t batch,
                                        Multiplier multiplier = Multiplier::threads) {
  TilePlan plan;
  plan.width = shape.sizes[1];
  plan.depth = static_cast<std::uint32_t>(shape.hidden_layers());
  plan.inputs = shape.inputs();
  plan.outputs = shape.outputs();
  deal_samples(batch, multiplier, plan);

  const TileSize size = size_of_tiles(plan.width);
  const auto take = [&plan](std::uint32_t count) {
    const std::uint32_t at = plan.values;
    plan.values += count;
    return at;
  };
  const std::uint32_t shares = tile_warps * size.width;
  plan.in_weights = take(size.unit_lanes * tile_input_block);
  plan.hidden_weights = take((plan.depth - 1) * size.hidden_matrix);
  plan.out_weights = take(tile_ends * size.width);
  plan.biases = take(plan.depth * size.width + tile_ends);
  plan.norms = take((plan.depth - 1) * shares);
  plan.squares = take(plan.depth * shares);
  plan.bias_shares = take(plan.depth * shares);
  plan.out_bias_shares = take(tile_warps * tile_ends);
  plan.losses = take(tile_warps);
  plan.x = plan.in_shares = take(size.block_rows * tile_ends);
  plan.errors = plan.out_shares = take(size.block_rows * tile_ends);
  if (plan.part_rows < batch || !size.whole_gradients) {
    plan.in_shares = take(tile_warps * size.end_stride);
    plan.out_shares = take(tile_warps * size.end_stride);
  }
  plan.units = take(plan.depth * size.layer);
  plan.bytes = tile_values_begin + plan.values * sizeof(float);

  const std::vector<Layer> layers = pack::layer_table(shape);
  const auto offset = [](std::size_t at) { return static_cast<std::uint32_t>(at); };
  plan.in_weights_there = offset(layers.front().weights);
  plan.in_biases_there = offset(layers.front().biases);
  plan.hidden_weights_there = offset(layers[1].weights);
  plan.hidden_biases_there = offset(layers[1].biases);
  plan.hidden_step = offset(layers[1].weights - layers[0].weights);
  if (plan.depth > 1) plan.hidden_step = offset(layers[2].weights - layers[1].weights);
  plan.out_weights_there = offset(layers.back().weights);
  plan.out_biases_there = offset(layers.back().biases);
  return plan;
}

/// Whether networks of this shape may be trained by tiles, batch and limits permitting.
[[nodiscard]] inline bool fits_tiles(const Shape& shape, std::uint32_t batch, const BlockLimits& limits,
                                     Multiplier multiplier = Multiplier::threads) {
  if (limits.fewest_ranks > 1 || batch < tile_smallest_batch || !shape.bias || shape.prelu) return false;
  if (shape.hidden_layers() == 0 || shape.hidden_layers() > tile_depth) return false;
  if (shape.inputs() > tile_ends || shape.outputs() > tile_ends) return false;
  const std::uint32_t width = shape.sizes[1];
  const auto one = [](std::uint32_t groups) { return groups == 1; };
  const auto as_wide = [width](std::uint32_t units) { return units == width; };
  return std::count(std::begin(tile_widths), std::end(tile_widths), width) == 1 &&
         (multiplier == Multiplier::threads || width == tile_width) &&
         std::all_of(shape.groups.begin(), shape.groups.end(), one) &&
         std::all_of(shape.sizes.begin() + 1, shape.sizes.end() - 1, as_wide) &&
         tile_plan(shape, batch, multiplier).bytes <= limits.block;
}

/// f(width), with the width of a plan's hidden layers as a constant.
template <Multiplier multiplier, typename F>
void with_tile_width(const TilePlan& plan, const F& f) {
  if constexpr (multiplier == Multiplier::threads) {
    if (plan.width == 64) return f(std::integral_constant<std::uint32_t, 64>());
    if (plan.width == 128) return f(std::integral_constant<std::uint32_t, 128>());
  }
  f(std::integral_constant<std::uint32_t, tile_width>());
}

/// How a network is trained.
enum class TileKind : std::uint8_t { none, plain, noisy };

/// Whether a penalty's coefficient may be anything.
template <typename Penalty>
constexpr bool tiles_know =
    std::is_same_v<Penalty, math::L2> || std::is_same_v<Penalty, math::WeightedActivity>;

/// No normal number of math::block_normals is larger: u is at least 2^-33.
constexpr double largest_normal = 6.77;

/// How network n is trained where its shape fits. It depends on this network's settings, not on the pack:
/// kernels differ in the order of their sums.
[[nodiscard]] inline TileKind tile_kind(const Pack& pack, std::size_t n) {
  const NoiseSettings& noise = pack.noise[n];
  const RegularizerSettings& r = pack.regularizer[n];
  // The sign of g must be that of z: it says which side of the kink z was on.
  if (pack.activation[n] != Activation::leaky_relu || !(pack.leaky_slope[n] >= 0.0)) return TileKind::none;
  if (pack.optimizer[n] != Optimizer::adam && pack.optimizer[n] != Optimizer::adamw) return TileKind::none;
  if (!pack.fixed_noise.empty() && pack.fixed_noise[n]) return TileKind::none;
  if (pack.zeros_stay_from[n] != no_step) return TileKind::none;  // the general kernel leaves zeros alone
  bool known = r.dropout == 0.0 && (r.weighted_activity == 0.0 || r.weighted_activity_exponent == 2.0);
#define MODSWEEP_KNOWN(name, Penalty) known = known && (tiles_know<math::Penalty> || r.name == 0.0);
  MODSWEEP_PENALTIES(MODSWEEP_KNOWN, MODSWEEP_NOTHING)
#undef MODSWEEP_KNOWN
  if (!known) return TileKind::none;
  if (noise.strength == 0.0) return TileKind::plain;
  const bool proportional = noise.exponent == 2.0 && noise.site == NoiseSite::post &&
                            noise.gradient != NoiseGradient::detached &&
                            std::abs(noise.strength) * largest_normal < 1.0;
  return proportional ? TileKind::noisy : TileKind::none;
}

}  // namespace modsweep::fused
