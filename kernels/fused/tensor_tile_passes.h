// What tile_passes.h does, with tensor cores: a warp takes its samples by 16 at once through a layer, up to
// four times, before it goes on to the next layer. Sums stay in registers between layers; shared memory has
// what gradients need of other lanes' samples.
#pragma once

#include "fused/tensor_tile_products.h"
#include "fused/tile_arrays.h"
#include "fused/tile_units.h"

namespace modsweep::fused {

/// One part of a batch, as one lane of a warp works on it.
template <bool noisy, typename Thread>
class TensorPasses {
 public:
  using Lane = TensorLane;

  MODSWEEP_HD TensorPasses(const Thread& thread, const Lane& lane, const TileArrays<tile_width>& arrays,
                           const TilePart& part)
      : thread_(thread), lane_(lane), arrays_(arrays), part_(part), tf32_{part.tf32_bits} {
    count_ = thread.of_first_lane(part.count);
    products_ = (count_ + tensor_rows - 1) / tensor_rows;
  }

  /// Rows of x and errors that run() reads.
  [[nodiscard]] MODSWEEP_HD std::uint32_t rows() const { return products_ * tensor_rows; }

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
  /// Weights of four factors, inputs or outputs.
  using Narrow = SplitColumns[tensor_blocks];
  /// Of 16 rows.
  struct Noise {
    float of[tensor_quads][2][quad] = {};
  };

  MODSWEEP_HD void forward() {
    first_layer();
    MODSWEEP_ROLLED
    for (std::uint32_t l = 0;; ++l) {
      pass_on(l);
      if (l + 1 == arrays_.plan->depth) break;
      SumFragment bias[tensor_blocks];
      load_biases(l + 1, bias);
      multiply(ForwardColumns{arrays_.hidden_weights(l), tf32_}, bias);
    }
  }

  /// tile = begin + tile * columns.
  template <typename Columns>
  MODSWEEP_HD void multiply(const Columns& columns, const SumFragment (&begin)[tensor_blocks]) {
    WholeColumns<tensor_blocks> right;
    load_columns(lane_, columns, right);
    MODSWEEP_UNROLLED
    for (std::uint32_t i = 0; i < tensor_products_of_warp; ++i) {
      if (i >= products_) break;
      tile_[i] = multiply_rows(thread_, tf32_, tile_[i], right, begin);
    }
  }

  /// The biases of the lane's units, as sums begin with them.
  MODSWEEP_HD void load_biases(std::uint32_t l, SumFragment (&bias)[tensor_blocks]) const {
    TensorRows<tensor_blocks> rows;
    MODSWEEP_UNROLLED
    for (std::uint32_t h = 0; h < tensor_quads; ++h) {
      const Quad<float> b = pack::load_quad(arrays_.biases(l) + own_unit(h));
      rows.set(h, 0, b);
      rows.set(h, 1, b);
    }
    MODSWEEP_UNROLLED
    for (std::uint32_t n = 0; n < tensor_blocks; ++n) bias[n] = rows.block[n];
  }

  /// Inputs are four factors: the rests of the rows take the place of four more, so that two products do.
  MODSWEEP_HD void first_layer() {
    SumFragment bias[tensor_blocks];
    load_biases(0, bias);
    Narrow weights;
    const float* own = arrays_.in_weights() + lane_.group / 2 * tile_input_block +
                       lane_.group % 2 * 2 * tile_ends + lane_.member;
    MODSWEEP_UNROLLED
    for (std::uint32_t n = 0; n < tensor_blocks; ++n)
      weights[n] = narrow_columns(own[n / 2 * 4 * tile_input_block + n % 2 * tile_ends]);
    multiply_narrow(arrays_.x(), weights, bias);
  }

  /// Of one of four factors.
  [[nodiscard]] MODSWEEP_HD SplitColumns narrow_columns(float w) const {
    const float first = tf32_.first(w);
    SplitColumns columns;
    columns.first = {{first, first}};
    columns.rest = {{w - first, 0.0F}};
    return columns;
  }

  /// tile = begin + rows of four values times weights.
  MODSWEEP_HD void multiply_narrow(const float* rows, const Narrow& weights,
                                   const SumFragment (&begin)[tensor_blocks]) {
    const float* own = rows + lane_.group * tile_ends + lane_.member;
    MODSWEEP_UNROLLED
    for (std::uint32_t i = 0; i < tensor_products_of_warp; ++i) {
      if (i >= products_) break;
      RowFragment left;
      MODSWEEP_UNROLLED
      for (std::uint32_t r = 0; r < 2; ++r) {
        const float x = own[(tensor_rows * i + 8 * r) * tile_ends];
        left.v[r] = tf32_.first(x);
        left.v[2 + r] = x - left.v[r];
      }
      MODSWEEP_UNROLLED
      for (std::uint32_t n = 0; n < tensor_blocks; ++n) {
        const SumFragment small = thread_.multiply_add(begin[n], left, weights[n].rest);
        tile_[i].block[n] = thread_.multiply_add(small, left, weights[n].first);
      }
    }
  }

  /// Activation and noise of hidden layer l: from pre-activations to g, in the tile and the layer's rows.
  MODSWEEP_HD void pass_on(std::uint32_t l) {
    Quad<float> squares[tensor_quads] = {};
    MODSWEEP_UNROLLED
    for (std::uint32_t i = 0; i < tensor_products_of_warp; ++i) {
      if (i >= products_) {
        noise_[i] = {};  // or the compiler would have to keep what the layer below left there
        continue;
      }
      if (tensor_rows * (i + 1) > count_) clear_empty(i);
      each_quad(i, [&](std::uint32_t h, std::uint32_t r, std::uint32_t row, std::uint32_t place) {
        float units[quad];
        tile_[i].get(h, r, units);
        if constexpr (noisy) draw_noise(part_, l, row, 4 * h + lane_.member, noise_[i].of[h][r]);
        const Quad<float> g = pass_on_quad<noisy>(part_, units, noise_[i].of[h][r], squares[h]);
        put_quad(arrays_.units(l) + place, g);
        tile_[i].set(h, r, g);
      });
    }
    MODSWEEP_UNROLLED
    for (std::uint32_t h = 0; h < tensor_quads; ++h) {
      MODSWEEP_UNROLLED
      for (float& sum : squares[h].v) sum = over_groups(sum);
      if (lane_.group == 0)
        put_share(arrays_.squares(l) + lane_.warp * tile_width + own_unit(h), squares[h], part_.start);
      check_activity(part_, squares[h], loss_);
    }
  }

  /// Rows without a sample become zeros.
  MODSWEEP_HD void clear_empty(std::uint32_t i) {
    MODSWEEP_UNROLLED
    for (SumFragment& block : tile_[i].block) MODSWEEP_UNROLLED
    for (std::uint32_t k = 0; k < 4; ++k)
      block.v[k] = math::select(tensor_rows * i + 8 * (k / 2) + lane_.group < count_, block.v[k], 0.0F);
  }

  /// f(h, r, row, place): of each of the lane's quads of units of 16 rows; place: in a layer's rows.
  template <typename F>
  MODSWEEP_HD void each_quad(std::uint32_t i, const F& f) const {
    MODSWEEP_UNROLLED
    for (std::uint32_t h = 0; h < tensor_quads; ++h) MODSWEEP_UNROLLED
    for (std::uint32_t r = 0; r < 2; ++r) {
      const std::uint32_t first = tensor_rows * i + 8 * r;
      f(h, r, first + lane_.group, first * tile_width + lane_.own_place(h));
    }
  }

  /// dL/dy in the place of the targets; sums of squared errors and of the biases' gradients.
  MODSWEEP_HD void outputs() {
    const bool own = lane_.member < tile_ends / 2;  // outputs 2 t and 2 t + 1; there are no others
    Pair bias{};
    if (own) bias = get_pair(arrays_.biases(arrays_.plan->depth) + 2 * lane_.member);
    const SumFragment begin[1] = {{{bias.v[0], bias.v[1], bias.v[0], bias.v[1]}}};
    WholeColumns<1> weights;
    load_columns(lane_, OutputColumns{arrays_.out_weights(), tf32_}, weights);
    const float scale = 2.0F * part_.inverse_count / static_cast<float>(arrays_.plan->outputs);
    Pair sums{};
    MODSWEEP_UNROLLED
    for (std::uint32_t i = 0; i < tensor_products_of_warp; ++i) {
      if (i >= products_) break;
      const SumFragment y = multiply_rows(thread_, tf32_, tile_[i], weights, begin).block[0];
      MODSWEEP_UNROLLED
      for (std::uint32_t r = 0; r < 2; ++r) {
        const std::uint32_t row = tensor_rows * i + 8 * r + lane_.group;
        float* place = arrays_.errors() + row * tile_ends + 2 * lane_.member;
        Pair target{};
        if (own) target = get_pair(place);
        Pair delta;
        MODSWEEP_UNROLLED
        for (std::uint32_t o = 0; o < 2; ++o) {
          const float error = math::select(row < count_, y.v[2 * r + o] - target.v[o], 0.0F);
          loss_ = math::multiply_add(error, error, loss_);
          delta.v[o] = scale * error;
          sums.v[o] += delta.v[o];
        }
        if (own) *reinterpret_cast<Pair*>(place) = delta;
      }
    }
    MODSWEEP_UNROLLED
    for (float& sum : sums.v) sum = over_groups(sum);
    if (lane_.group == 0 && own) add_pair(arrays_.out_bias_shares() + lane_.warp * tile_ends, sums);
    thread_.wait_for_warp();
  }

  /// Stores the lane's two of four sums as put_share() does.
  MODSWEEP_HD void add_pair(float* share, const Pair& sums) const {
    Pair* place = reinterpret_cast<Pair*>(share + 2 * lane_.member);
    Pair total = sums;
    if (!part_.start) {
      const Pair before = *place;
      total = {{before.v[0] + sums.v[0], before.v[1] + sums.v[1]}};
    }
    *place = total;
  }

  /// Deltas of all hidden layers; the gradients of all weights but the inputs'.
  MODSWEEP_HD void backward() {
    const std::uint32_t last = arrays_.plan->depth - 1;
    Quad<float> factors[tensor_quads];
    back_through_outputs(factors);
    SumFragment out_gradient[2];
    sum_narrow_gradient(arrays_.units(last), arrays_.errors(), 0.0F, out_gradient);
    thread_.wait_for_warp();  // no lane needs the last layer's g or errors any more
    store_out_gradient(out_gradient);
    take_back<true>(last, factors);
    MODSWEEP_ROLLED
    for (std::uint32_t l = last; l > 0; --l) {
      thread_.wait_for_warp();
      const SumFragment nothing[tensor_blocks] = {};
      multiply(BackColumns{arrays_.hidden_weights(l - 1), tf32_}, nothing);
      TensorGradient gradient;
      Quad<float> bias;
      sum_weight_gradient(thread_, lane_, tf32_, gradient, bias, arrays_.units(l), arrays_.units(l - 1),
                          count_);
      MODSWEEP_UNROLLED
      for (float& sum : bias.v) sum = over_members(sum);
      if (lane_.member == 0)
        put_share(arrays_.bias_shares(l) + lane_.warp * tile_width + quad * lane_.group, bias, part_.start);
      thread_.wait_for_warp();  // no lane needs the deltas any more
      store_weight_gradient(lane_, arrays_.units(l), gradient);
      MODSWEEP_UNROLLED
      for (std::uint32_t h = 0; h < tensor_quads; ++h)
        factors[h] = activity_factors_of(sum_of_warps(arrays_.norms(l - 1) + own_unit(h), tile_width));
      take_back<false>(l - 1, factors);
    }
    thread_.wait_for_warp();
  }

  [[nodiscard]] MODSWEEP_HD Quad<float> activity_factors_of(const Quad<float>& squares) {
    check_activity(part_, squares, loss_);
    return activity_factors(part_, squares);
  }

  /// From dL/dg of hidden layer l in the tile to dL/dz, there and in the place of g. The noise
  /// of the last layer is still there, that of the others is drawn again.
  template <bool last>
  MODSWEEP_HD void take_back(std::uint32_t l, const Quad<float> (&factors)[tensor_quads]) {
    MODSWEEP_UNROLLED
    for (std::uint32_t i = 0; i < tensor_products_of_warp; ++i) {
      if (i >= products_) break;
      each_quad(i, [&](std::uint32_t h, std::uint32_t r, std::uint32_t row, std::uint32_t place) {
        float* here = arrays_.units(l) + place;
        float units[quad];
        tile_[i].get(h, r, units);
        if constexpr (noisy && !last) draw_noise(part_, l, row, 4 * h + lane_.member, noise_[i].of[h][r]);
        const Quad<float> delta =
            delta_quad<noisy>(part_, units, get_quad(here), noise_[i].of[h][r], factors[h]);
        put_quad(here, delta);
        tile_[i].set(h, r, delta);
      });
    }
  }

  /// dL/dg of the last hidden layer into the tile, and its units' factors of the penalty of activity.
  MODSWEEP_HD void back_through_outputs(Quad<float> (&factors)[tensor_quads]) {
    const float* own = arrays_.out_weights() + lane_.member * tile_width + 2 * lane_.group;
    Narrow weights;
    MODSWEEP_UNROLLED
    for (std::uint32_t m = 0; m < tensor_blocks / 2; ++m) {
      const Pair w = get_pair(own + 4 * quad * m);
      MODSWEEP_UNROLLED
      for (std::uint32_t c = 0; c < 2; ++c) weights[2 * m + c] = narrow_columns(w.v[c]);
    }
    const SumFragment nothing[tensor_blocks] = {};
    multiply_narrow(arrays_.errors(), weights, nothing);
    MODSWEEP_UNROLLED
    for (std::uint32_t h = 0; h < tensor_quads; ++h) {
      math::WeightNorms<float> norms[quad] = {};
      MODSWEEP_UNROLLED
      for (std::uint32_t o = 0; o < tile_ends; ++o) {
        const Quad<float> w = pack::load_quad(arrays_.out_weights() + o * tile_width + own_unit(h));
        MODSWEEP_UNROLLED
        for (std::uint32_t u = 0; u < quad; ++u) norms[u].add(w.v[u]);
      }
      factors[h] = activity_factors_of(
          Quad<float>{{norms[0].square, norms[1].square, norms[2].square, norms[3].square}});
    }
  }

  /// The gradient of the outputs' weights: rows are units, columns outputs.
  MODSWEEP_HD void store_out_gradient(const SumFragment (&sums)[2]) const {
    if (lane_.member >= tile_ends / 2) return;
    float* share = arrays_.own_out_share() + 2 * lane_.member * tile_width + quad * lane_.group;
    MODSWEEP_UNROLLED
    for (std::uint32_t p = 0; p < 2; ++p)
      put_share(share + p * tile_width,
                Quad<float>{{sums[0].v[p], sums[0].v[2 + p], sums[1].v[p], sums[1].v[2 + p]}}, part_.start);
  }

  /// The gradient of the inputs' weights, and of the first layer's biases as weights of a constant input:
  /// rows are units, columns inputs.
  MODSWEEP_HD void sum_in_gradient() {
    SumFragment sums[2];
    sum_narrow_gradient(arrays_.units(0), arrays_.x(), 1.0F, sums);
    thread_.wait_for_warp();  // the share may lie in the place of x
    float* share = arrays_.own_in_share() + quad * lane_.group * tile_ends;
    if (lane_.member < tile_ends / 2) {
      MODSWEEP_UNROLLED
      for (std::uint32_t m = 0; m < 2; ++m) MODSWEEP_UNROLLED
      for (std::uint32_t r = 0; r < 2; ++r)
        add_pair(share + (2 * m + r) * tile_ends, {{sums[m].v[2 * r], sums[m].v[2 * r + 1]}});
    }
    if (lane_.member == tile_ends / 2)
      put_share(arrays_.bias_shares(0) + lane_.warp * tile_width + quad * lane_.group,
                Quad<float>{{sums[0].v[0], sums[0].v[2], sums[1].v[0], sums[1].v[2]}}, part_.start);
  }

  /// sums = sums over samples of the lane's quad g of units times four values a sample, and a fifth that is
  /// `constant`.
  MODSWEEP_HD void sum_narrow_gradient(const float* units, const float* values, float constant,
                                       SumFragment (&sums)[2]) const {
    SplitSums split[2] = {};
    MODSWEEP_ROLLED
    for (std::uint32_t s = 0; s < count_; s += tensor_columns) {
      const Across across(units + s * tile_width + lane_.across_place());
      const float* own = values + (s + lane_.member) * tile_ends + lane_.group;
      float a = lane_.group == tile_ends ? constant : 0.0F;
      float b = a;
      if (lane_.group < tile_ends) {
        a = own[0];
        b = own[4 * tile_ends];
      }
      const SplitColumns columns = split_columns(tf32_, a, b);
      MODSWEEP_UNROLLED
      for (std::uint32_t m = 0; m < 2; ++m) split[m].add(thread_, across.rows(tf32_, m), columns);
    }
    MODSWEEP_UNROLLED
    for (std::uint32_t m = 0; m < 2; ++m) sums[m] = split[m].joined();
  }

  /// The first unit of the lane's quad h.
  [[nodiscard]] MODSWEEP_HD std::uint32_t own_unit(std::uint32_t h) const {
    return quad * (4 * h + lane_.member);
  }
  /// Sum over the lanes that have the same units of other rows.
  [[nodiscard]] MODSWEEP_HD float over_groups(float v) const {
    MODSWEEP_UNROLLED
    for (std::uint32_t mask = 4; mask < warp_lanes; mask *= 2) v += thread_.of_lane(v, mask);
    return v;
  }
  [[nodiscard]] MODSWEEP_HD float over_members(float v) const {
    v += thread_.of_lane(v, 1);
    return v + thread_.of_lane(v, 2);
  }

  const Thread& thread_;
  const Lane& lane_;
  const TileArrays<tile_width>& arrays_;
  const TilePart& part_;
  Tf32 tf32_;
  std::uint32_t count_ = 0;     ///< samples, as the compiler knows that all lanes have it
  std::uint32_t products_ = 0;  ///< of 16 rows each
  TensorTile tile_;
  Noise noise_[tensor_products_of_warp];  ///< of the layer in progress; unused without noise
  float loss_ = 0.0F;                     ///< squared errors; not finite where the loss is not
};

}  // namespace modsweep::fused
