// A warp's way with its samples through all layers and back: what it reads of the network, no thread writes
// meanwhile; what it writes, no other warp reads before the block's next barrier.
#pragma once

#include "fused/tile_arrays.h"
#include "fused/tile_products.h"
#include "fused/tile_units.h"

namespace modsweep::fused {

/// One part of a batch, as one lane of a warp works on it.
template <bool noisy, std::uint32_t width, typename Thread>
class TilePasses {
 public:
  using Lane = fused::Lane<width>;

  MODSWEEP_HD TilePasses(const Thread& thread, const Lane& lane, const TileArrays<width>& arrays,
                         const TilePart& part)
      : thread_(thread), lane_(lane), arrays_(arrays), part_(part) {}

  /// Rows of x and errors that run() reads.
  [[nodiscard]] MODSWEEP_HD static std::uint32_t rows() { return size.rows; }

  /// From x and targets to the warp's shares of all sums and gradients.
  MODSWEEP_HD void run() {
    forward();
    outputs();
    backward();
    sum_in_gradient();
    const float total = over_lanes(thread_, loss_);
    if (lane_.number == 0)
      arrays_.losses()[lane_.warp] = part_.start ? total : arrays_.losses()[lane_.warp] + total;
  }

 private:
  static constexpr TileSize size = size_of_tiles(width);
  /// Where a lane has samples' outputs: of few samples, two lanes share one, else a lane has two.
  static constexpr std::uint32_t lanes_of_sample = 2 * size.rows <= warp_lanes ? 2 : 1;
  static constexpr std::uint32_t samples_of_lane = size.rows <= warp_lanes ? 1 : 2;
  static constexpr std::uint32_t samples_apart = size.rows / samples_of_lane;

  MODSWEEP_HD void forward() {
    first_layer();
    MODSWEEP_ROLLED
    for (std::uint32_t l = 0;; ++l) {
      Quad<float> squares = pass_on(l);
      store_share(thread_, lane_, own_share(arrays_.squares(l)), squares, part_.start);
      check(squares);
      thread_.wait_for_warp();
      if (l + 1 == arrays_.plan->depth) break;
      const Quad<float> bias = pack::load_quad(arrays_.biases(l + 1) + quad * lane_.units);
      multiply<false>(lane_, tile_, arrays_.units(l), arrays_.hidden_weights(l), bias);
    }
  }

  /// Activation and noise of hidden layer l, from pre-activations in the tile to g in the layer's rows.
  /// The sums over the lane's samples that the penalty of activity needs.
  [[nodiscard]] MODSWEEP_HD Quad<float> pass_on(std::uint32_t l) {
    float* own = arrays_.units(l) + lane_.own_place();
    Quad<float> squares{};
    MODSWEEP_UNROLLED
    for (std::uint32_t i = 0; i < size.samples; ++i) {
      const std::uint32_t row = size.sample_lanes * i + lane_.samples;
      if constexpr (noisy) draw_noise(part_, l, row, lane_.units, noise_[i]);
      MODSWEEP_UNROLLED
      for (float& z : tile_[i]) z = math::select(row < part_.count, z, 0.0F);
      put_quad(own + i * size.sample_lanes * width, pass_on_quad<noisy>(part_, tile_[i], noise_[i], squares));
    }
    return squares;
  }

  MODSWEEP_HD void first_layer() {
    const Quad<float> bias = pack::load_quad(arrays_.biases(0) + quad * lane_.units);
    Quad<float> w[quad];
    MODSWEEP_UNROLLED
    for (std::uint32_t u = 0; u < quad; ++u)
      w[u] = pack::load_quad(arrays_.in_weights() + lane_.units * tile_input_block + u * tile_ends);
    MODSWEEP_UNROLLED
    for (std::uint32_t i = 0; i < size.samples; ++i) {
      const Quad<float> x =
          pack::load_quad(arrays_.x() + (size.sample_lanes * i + lane_.samples) * tile_ends);
      MODSWEEP_UNROLLED
      for (std::uint32_t u = 0; u < quad; ++u) {
        tile_[i][u] = bias.v[u];
        MODSWEEP_UNROLLED
        for (std::uint32_t c = 0; c < tile_ends; ++c)
          tile_[i][u] = math::multiply_add(x.v[c], w[u].v[c], tile_[i][u]);
      }
    }
  }

  /// dL/dy in the place of the targets; sums of squared errors and of the biases' gradients.
  MODSWEEP_HD void outputs() {
    const std::uint32_t number = lane_.number / lanes_of_sample;
    const std::uint32_t member = lane_.number % lanes_of_sample;
    const std::uint32_t row = number < samples_apart ? number : samples_apart - 1;
    const bool own = number < samples_apart && member == 0;
    float y[samples_of_lane][tile_ends];
    MODSWEEP_UNROLLED
    for (std::uint32_t h = 0; h < samples_of_lane; ++h) MODSWEEP_UNROLLED
    for (std::uint32_t o = 0; o < tile_ends; ++o)
      y[h][o] = member == 0 ? arrays_.biases(arrays_.plan->depth)[o] : 0.0F;
    add_outputs(row, member, y);
    const float scale = 2.0F * part_.inverse_count / static_cast<float>(arrays_.plan->outputs);
    Quad<float> bias{};
    MODSWEEP_UNROLLED
    for (std::uint32_t h = 0; h < samples_of_lane; ++h) {
      const std::uint32_t r = row + h * samples_apart;
      float* place = arrays_.errors() + r * tile_ends;
      const Quad<float> target = own ? pack::load_quad(place) : Quad<float>{};
      Quad<float> delta;
      MODSWEEP_UNROLLED
      for (std::uint32_t o = 0; o < tile_ends; ++o) {
        if constexpr (lanes_of_sample == 2) y[h][o] += thread_.of_lane(y[h][o], 1);
        const float error = math::select(own && r < part_.count, y[h][o] - target.v[o], 0.0F);
        loss_ = math::multiply_add(error, error, loss_);
        delta.v[o] = scale * error;
        bias.v[o] += delta.v[o];
      }
      if (own) put_quad(place, delta);
    }
    store_bias_share(bias);
    thread_.wait_for_warp();
  }

  /// Adds the last hidden layer's share of the outputs of samples row, row + samples_apart: of every second
  /// quad of units, from `member` on, where two lanes share a sample.
  MODSWEEP_HD void add_outputs(std::uint32_t row, std::uint32_t member,
                               float (&y)[samples_of_lane][tile_ends]) const {
    const float* last = arrays_.units(arrays_.plan->depth - 1);
    MODSWEEP_ROLLED
    for (std::uint32_t k = member; k < width / quad; k += lanes_of_sample) {
      Quad<float> w[tile_ends];
      MODSWEEP_UNROLLED
      for (std::uint32_t o = 0; o < tile_ends; ++o)
        w[o] = pack::load_quad(arrays_.out_weights() + o * width + quad * k);
      MODSWEEP_UNROLLED
      for (std::uint32_t h = 0; h < samples_of_lane; ++h) {
        const std::uint32_t r = row + h * samples_apart;
        const Quad<float> g = pack::load_quad(last + r * width + quad * (k ^ Lane::swizzle(r)));
        MODSWEEP_UNROLLED
        for (std::uint32_t o = 0; o < tile_ends; ++o) MODSWEEP_UNROLLED
        for (std::uint32_t c = 0; c < quad; ++c) y[h][o] = math::multiply_add(g.v[c], w[o].v[c], y[h][o]);
      }
    }
  }

  MODSWEEP_HD void store_bias_share(Quad<float>& sums) {
    MODSWEEP_UNROLLED
    for (float& sum : sums.v) sum = over_lanes(thread_, sum);
    if (lane_.number != 0) return;
    float* share = arrays_.out_bias_shares() + lane_.warp * tile_ends;
    MODSWEEP_UNROLLED
    for (std::uint32_t o = 0; o < tile_ends; ++o) share[o] = part_.start ? sums.v[o] : share[o] + sums.v[o];
  }

  /// Deltas of all hidden layers, those of the first one in the tile; the gradients of all weights but the
  /// inputs'.
  MODSWEEP_HD void backward() {
    const std::uint32_t last = arrays_.plan->depth - 1;
    back_through_outputs(last);
    take_back_layer<true>(last, out_factors());
    MODSWEEP_ROLLED
    for (std::uint32_t l = last; l > 0; --l) {
      if constexpr (size.whole_gradients) {
        thread_.wait_for_warp();
        GradientTile gradient;
        clear(gradient);
        add_weight_gradient(lane_, gradient, arrays_.units(l), arrays_.units(l - 1), part_.count);
        multiply<true>(lane_, tile_, arrays_.units(l), arrays_.hidden_weights(l - 1), Quad<float>{});
        thread_.wait_for_warp();  // no lane needs the deltas any more
        float* share = arrays_.units(l);
        each_quad_of(lane_, gradient,
                     [=](std::uint32_t at, const Quad<float>& sums) { put_quad(share + at, sums); });
      } else {
        thread_.wait_for_block();
        sum_blocks_of_gradient(l);
        multiply<true>(lane_, tile_, arrays_.units(l), arrays_.hidden_weights(l - 1), Quad<float>{});
        thread_.wait_for_block();  // no warp needs what was passed on any more
      }
      const Quad<float> norms = sum_of_warps(arrays_.norms(l - 1) + quad * lane_.units, width);
      check(norms);
      take_back_layer<false>(l - 1, activity_factors(part_, norms));
    }
  }

  /// The warp's blocks of 32 x 32 of the gradient of the weights into hidden layer l, over all samples, into
  /// the backend's memory; added to those of the parts before.
  MODSWEEP_HD void sum_blocks_of_gradient(std::uint32_t l) const {
    constexpr std::uint32_t across = width / gradient_block;
    MODSWEEP_ROLLED
    for (std::uint32_t b = lane_.warp; b < across * across; b += tile_warps) {
      const std::uint32_t output = b / across * gradient_block;
      const std::uint32_t input = b % across * gradient_block;
      GradientTile gradient;
      clear(gradient);
      MODSWEEP_ROLLED
      for (std::uint32_t row = 0; row < size.block_rows; row += size.rows)
        add_weight_gradient(lane_, gradient, arrays_.layer_units(l) + row * width + output,
                            arrays_.layer_units(l - 1) + row * width + input, size.rows);
      float* const kept = arrays_.gradients + arrays_.hidden_weights_there(l - 1) + output * width + input;
      each_quad_of(lane_, gradient, [&](std::uint32_t at, Quad<float> sums) {
        if (!part_.start) {
          const Quad<float> before = pack::load_quad(kept + at);
          MODSWEEP_UNROLLED
          for (std::uint32_t i = 0; i < quad; ++i) sums.v[i] += before.v[i];
        }
        pack::store_quad(kept + at, sums);
      });
    }
  }

  /// From dL/dg of hidden layer l in the tile to dL/dz, zeros in empty rows, which all but the first layer
  /// needs in the place of g. The noise of the last layer is still there, that of the others is drawn again.
  template <bool last>
  MODSWEEP_HD void take_back_layer(std::uint32_t l, const Quad<float>& factors) {
    float* own = arrays_.units(l) + lane_.own_place();
    Quad<float> bias{};
    MODSWEEP_UNROLLED
    for (std::uint32_t i = 0; i < size.samples; ++i) {
      const std::uint32_t row = size.sample_lanes * i + lane_.samples;
      const Quad<float> g = pack::load_quad(own + i * size.sample_lanes * width);
      if constexpr (noisy && !last) draw_noise(part_, l, row, lane_.units, noise_[i]);
      const Quad<float> delta = delta_quad<noisy>(part_, tile_[i], g, noise_[i], factors);
      MODSWEEP_UNROLLED
      for (std::uint32_t u = 0; u < quad; ++u) {
        tile_[i][u] = delta.v[u];
        bias.v[u] += delta.v[u];
      }
      if (l > 0) put_quad(own + i * size.sample_lanes * width, delta);
    }
    store_share(thread_, lane_, own_share(arrays_.bias_shares(l)), bias, part_.start);
  }

  /// The outputs' weights into the lane's units, by output.
  MODSWEEP_HD void load_out_weights(Quad<float> (&w)[tile_ends]) const {
    MODSWEEP_UNROLLED
    for (std::uint32_t o = 0; o < tile_ends; ++o)
      w[o] = pack::load_quad(arrays_.out_weights() + o * width + quad * lane_.units);
  }

  [[nodiscard]] MODSWEEP_HD Quad<float> out_factors() {
    Quad<float> w[tile_ends];
    load_out_weights(w);
    Quad<float> squares;
    MODSWEEP_UNROLLED
    for (std::uint32_t u = 0; u < quad; ++u) {
      math::WeightNorms<float> norms;
      MODSWEEP_UNROLLED
      for (std::uint32_t o = 0; o < tile_ends; ++o) norms.add(w[o].v[u]);
      squares.v[u] = norms.square;
    }
    check(squares);
    return activity_factors(part_, squares);
  }

  /// dL/dg of the last hidden layer into the tile; the gradient of the outputs' weights.
  MODSWEEP_HD void back_through_outputs(std::uint32_t last) {
    Quad<float> w[tile_ends];
    load_out_weights(w);
    Quad<float> gradient[tile_ends] = {};
    const float* own = arrays_.units(last) + lane_.own_place();
    MODSWEEP_UNROLLED
    for (std::uint32_t i = 0; i < size.samples; ++i) {
      const Quad<float> error =
          pack::load_quad(arrays_.errors() + (size.sample_lanes * i + lane_.samples) * tile_ends);
      const Quad<float> g = pack::load_quad(own + i * size.sample_lanes * width);
      MODSWEEP_UNROLLED
      for (std::uint32_t u = 0; u < quad; ++u) {
        tile_[i][u] = 0.0F;
        MODSWEEP_UNROLLED
        for (std::uint32_t o = 0; o < tile_ends; ++o) {
          tile_[i][u] =
              o == 0 ? error.v[o] * w[o].v[u] : math::multiply_add(error.v[o], w[o].v[u], tile_[i][u]);
          gradient[o].v[u] = math::multiply_add(error.v[o], g.v[u], gradient[o].v[u]);
        }
      }
    }
    if constexpr (size.whole_gradients) thread_.wait_for_warp();  // the share may lie in the place of errors
    float* share = arrays_.own_out_share() + quad * lane_.units;
    store_shares(thread_, lane_, share, width, gradient, part_.start);
  }

  /// The gradient of the inputs' weights, from the first hidden layer's deltas in the tile.
  MODSWEEP_HD void sum_in_gradient() {
    Quad<float> gradient[quad] = {};
    MODSWEEP_UNROLLED
    for (std::uint32_t i = 0; i < size.samples; ++i) {
      const Quad<float> x =
          pack::load_quad(arrays_.x() + (size.sample_lanes * i + lane_.samples) * tile_ends);
      MODSWEEP_UNROLLED
      for (std::uint32_t u = 0; u < quad; ++u) MODSWEEP_UNROLLED
      for (std::uint32_t c = 0; c < tile_ends; ++c)
        gradient[u].v[c] = math::multiply_add(tile_[i][u], x.v[c], gradient[u].v[c]);
    }
    if constexpr (size.whole_gradients) thread_.wait_for_warp();  // the share may lie in the place of x
    float* share = arrays_.own_in_share() + quad * lane_.units * tile_ends;
    store_shares(thread_, lane_, share, tile_ends, gradient, part_.start);
  }

  /// The own warp's share of four units' sums.
  [[nodiscard]] MODSWEEP_HD float* own_share(float* shares) const {
    return shares + lane_.warp * width + quad * lane_.units;
  }

  MODSWEEP_HD void check(const Quad<float>& sums) { check_activity(part_, sums, loss_); }

  const Thread& thread_;
  const Lane& lane_;
  const TileArrays<width>& arrays_;
  const TilePart& part_;
  UnitTile<width> tile_;
  UnitTile<width> noise_;  ///< of the layer in progress; unused without noise
  float loss_ = 0.0F;      ///< squared errors; not finite where the loss is not
};

}  // namespace modsweep::fused
