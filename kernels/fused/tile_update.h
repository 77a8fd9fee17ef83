// What a thread does with the sums of all warps: penalties and the optimizer's step for the weights that it
// owns, and the sums over weights that the next step's penalty of activity needs.
#pragma once

#include "fused/tile_arrays.h"

#include "modsweep/math/optimizer.h"
#include "modsweep/math/penalties.h"

namespace modsweep::fused {

/// Values of one network in the backend's memory, in ParameterLayout order.
struct TileParameters {
  float* weights = nullptr;
  float* gradients = nullptr;
  float* moment1 = nullptr;
  float* moment2 = nullptr;
};

/// Up to four neighboring parameters: where they are here, and in the backend's memory.
struct TileQuad {
  float* here = nullptr;
  std::uint32_t there = 0;
  std::uint32_t count = 0;
};

/// A thread and what it owns: of each matrix between hidden layers two quads, rows row() and row() + 4 of one
/// quad of columns; and one quad of the others (other()).
class TileOwner {
 public:
  MODSWEEP_HD TileOwner(const WarpLane& lane, const TileArrays& arrays) : lane_(lane), arrays_(arrays) {}

  static constexpr std::uint32_t quads = 2;

  [[nodiscard]] MODSWEEP_HD std::uint32_t column() const { return quad * (lane_.number % 8); }
  [[nodiscard]] MODSWEEP_HD std::uint32_t row(std::uint32_t i) const {
    return 8 * lane_.warp + 4 * i + lane_.number / 8;
  }
  /// Quad i of the matrix between hidden layers m and m + 1.
  [[nodiscard]] MODSWEEP_HD TileQuad hidden(std::uint32_t m, std::uint32_t i) const {
    const std::uint32_t r = row(i);
    return {arrays_.hidden_weights(m) + tile_hidden_place(r, lane_.number % 8),
            arrays_.plan->hidden_weights_there + m * arrays_.plan->hidden_step + r * tile_width + column(),
            quad};
  }

  enum class Kind : std::uint8_t { in_weights, out_weights, hidden_biases, out_biases };
  /// Warp w owns Kind w.
  [[nodiscard]] MODSWEEP_HD Kind kind() const { return static_cast<Kind>(lane_.warp); }
  /// Count 0: none.
  [[nodiscard]] MODSWEEP_HD TileQuad other() const {
    const TilePlan& plan = *arrays_.plan;
    const std::uint32_t n = lane_.number;
    switch (kind()) {
      case Kind::in_weights:
        return {arrays_.in_weights() + n / 4 * tile_input_block + n % 4 * tile_ends,
                plan.in_weights_there + n * plan.inputs, plan.inputs};
      case Kind::out_weights:
        return {arrays_.out_weights() + quad * n, plan.out_weights_there + quad * n,
                n / 8 < plan.outputs ? quad : 0};
      case Kind::hidden_biases:
        return {arrays_.biases(0) + quad * n, hidden_biases_there(n / 8) + quad * (n % 8),
                n / 8 < plan.depth ? quad : 0};
      case Kind::out_biases:
        break;
    }
    return {arrays_.biases(plan.depth), plan.out_biases_there, n == 0 ? plan.outputs : 0};
  }
  /// The gradient of other(), without penalties.
  [[nodiscard]] MODSWEEP_HD Quad<float> other_gradient() const {
    const std::uint32_t n = lane_.number;
    switch (kind()) {
      case Kind::in_weights:
        return sum_of_warps(arrays_.in_shares() + quad * n, tile_width * tile_ends);
      case Kind::out_weights:
        return sum_of_warps(arrays_.out_shares() + quad * n, tile_width * tile_ends);
      case Kind::hidden_biases:
        return sum_of_warps(arrays_.bias_shares(n / 8) + quad * (n % 8), tile_width);
      case Kind::out_biases:
        break;
    }
    return sum_of_warps(arrays_.out_bias_shares(), tile_ends);
  }
  /// The sum over warps of quad i of the gradient of the matrix between hidden layers m and m + 1.
  [[nodiscard]] MODSWEEP_HD Quad<float> hidden_gradient(std::uint32_t m, std::uint32_t i) const {
    return sum_of_warps(arrays_.weight_shares(m + 1) + row(i) * tile_width + column(), arrays_.warp_stride());
  }

 private:
  [[nodiscard]] MODSWEEP_HD std::uint32_t hidden_biases_there(std::uint32_t l) const {
    const TilePlan& plan = *arrays_.plan;
    return l == 0 ? plan.in_biases_there : plan.hidden_biases_there + (l - 1) * plan.hidden_step;
  }

  const WarpLane& lane_;
  const TileArrays& arrays_;
};

/// A thread's work on its own parameters in one step.
template <typename Thread>
class TileUpdate {
 public:
  MODSWEEP_HD TileUpdate(const Thread& thread, const WarpLane& lane, const TileArrays& arrays,
                         const Hyperparameters<float>& hyper, const TileParameters& memory)
      : thread_(thread), lane_(lane), arrays_(arrays), owner_(lane, arrays), hyper_(hyper), memory_(memory) {}

  /// Adds the shares of a part of the batch to those of the parts before. Only the matrices between hidden
  /// layers need it: their shares are in the way of the next part.
  MODSWEEP_HD void keep_gradients(bool start) const {
    MODSWEEP_ROLLED
    for (std::uint32_t m = 0; m + 1 < arrays_.plan->depth; ++m) MODSWEEP_UNROLLED
    for (std::uint32_t i = 0; i < TileOwner::quads; ++i) {
      Quad<float> sum = owner_.hidden_gradient(m, i);
      float* kept = memory_.gradients + owner_.hidden(m, i).there;
      if (!start) add(sum, pack::load_quad(kept));
      pack::store_quad(kept, sum);
    }
  }

  /// Penalties and the optimizer's step. `kept`: whether there are gradients of parts before.
  MODSWEEP_HD void step(const BatchState<float>& batch, bool kept) const {
    MODSWEEP_ROLLED
    for (std::uint32_t m = 0; m + 1 < arrays_.plan->depth; ++m) {
      const Quad<float> factors = quadratic_factors(batch, m);
      math::WeightNorms<float> norms[quad] = {};
      MODSWEEP_UNROLLED
      for (std::uint32_t i = 0; i < TileOwner::quads; ++i) {
        const TileQuad place = owner_.hidden(m, i);
        Quad<float> gradient = owner_.hidden_gradient(m, i);
        if (kept) add(gradient, pack::load_quad(memory_.gradients + place.there));
        add_norms(norms, update_whole(batch, place, gradient, factors));
      }
      store_norms(m, norms);
    }
    const TileQuad other = owner_.other();
    if (other.count == 0) return;
    const bool weights = owner_.kind() < TileOwner::Kind::hidden_biases;
    const bool last = owner_.kind() == TileOwner::Kind::out_weights;
    const Quad<float> factors = last ? quadratic_factors(batch, arrays_.plan->depth - 1) : base_factors();
    update_some(batch, other, owner_.other_gradient(), factors, weights);
  }

  /// Sums of squares of columns, from weights that were loaded.
  MODSWEEP_HD void sum_norms() const {
    MODSWEEP_ROLLED
    for (std::uint32_t m = 0; m + 1 < arrays_.plan->depth; ++m) {
      math::WeightNorms<float> norms[quad] = {};
      MODSWEEP_UNROLLED
      for (std::uint32_t i = 0; i < TileOwner::quads; ++i)
        add_norms(norms, pack::load_quad(owner_.hidden(m, i).here));
      store_norms(m, norms);
    }
  }

 private:
  MODSWEEP_HD static void add(Quad<float>& sum, const Quad<float>& other) {
    MODSWEEP_UNROLLED
    for (std::uint32_t i = 0; i < quad; ++i) sum.v[i] += other.v[i];
  }

  /// Factors of 2W in the penalties' gradient: the same for all weights, and for those out of hidden layer l.
  [[nodiscard]] MODSWEEP_HD Quad<float> base_factors() const {
    math::WeightFactors<float> factors;
    math::L2::add_factors(hyper_.layer.penalties.of<math::L2>().coefficient, factors);
    return {{factors.quadratic, factors.quadratic, factors.quadratic, factors.quadratic}};
  }
  [[nodiscard]] MODSWEEP_HD Quad<float> quadratic_factors(const BatchState<float>& batch,
                                                          std::uint32_t l) const {
    Quad<float> factors = base_factors();
    if (!hyper_.sums.out()) return factors;
    const Quad<float> sums = sum_of_warps(arrays_.squares(l) + owner_.column(), tile_width);
    const float coefficient = hyper_.layer.penalties.of<math::WeightedActivity>().coefficient;
    MODSWEEP_UNROLLED
    for (std::uint32_t i = 0; i < quad; ++i) {
      math::UnitSums<float> by;
      math::WeightedActivity::add_gradient(coefficient, math::UnitSums<float>{},
                                           sums.v[i] * batch.inverse_count, by);
      factors.v[i] += by.out_square;
    }
    return factors;
  }

  [[nodiscard]] MODSWEEP_HD float updated(const BatchState<float>& batch, float parameter, float gradient,
                                          float factor, bool weight, float& moment1, float& moment2) const {
    if (weight) gradient += math::weight_gradient(parameter, factor);
    if (hyper_.optimizer == Optimizer::adamw) parameter = math::decayed(batch.adam, parameter);
    return math::update_adam(batch.adam, parameter, gradient, moment1, moment2);
  }

  /// Four weights.
  MODSWEEP_HD Quad<float> update_whole(const BatchState<float>& batch, const TileQuad& place,
                                       const Quad<float>& gradient, const Quad<float>& factors) const {
    Quad<float> w = pack::load_quad(place.here);
    Quad<float> moment1 = pack::load_quad(memory_.moment1 + place.there);
    Quad<float> moment2 = pack::load_quad(memory_.moment2 + place.there);
    MODSWEEP_UNROLLED
    for (std::uint32_t i = 0; i < quad; ++i)
      w.v[i] = updated(batch, w.v[i], gradient.v[i], factors.v[i], true, moment1.v[i], moment2.v[i]);
    put_quad(place.here, w);
    pack::store_quad(memory_.moment1 + place.there, moment1);
    pack::store_quad(memory_.moment2 + place.there, moment2);
    return w;
  }
  /// Up to four weights, or biases, which have no penalties.
  MODSWEEP_HD void update_some(const BatchState<float>& batch, const TileQuad& place,
                               const Quad<float>& gradient, const Quad<float>& factors, bool weights) const {
    MODSWEEP_UNROLLED
    for (std::uint32_t i = 0; i < quad; ++i) {
      if (i >= place.count) break;
      place.here[i] = updated(batch, place.here[i], gradient.v[i], factors.v[i], weights,
                              memory_.moment1[place.there + i], memory_.moment2[place.there + i]);
    }
  }

  MODSWEEP_HD static void add_norms(math::WeightNorms<float> (&norms)[quad], const Quad<float>& w) {
    MODSWEEP_UNROLLED
    for (std::uint32_t i = 0; i < quad; ++i) norms[i].add(w.v[i]);
  }
  /// The warp's share of the sums over rows.
  MODSWEEP_HD void store_norms(std::uint32_t m, const math::WeightNorms<float> (&norms)[quad]) const {
    Quad<float> sums;
    MODSWEEP_UNROLLED
    for (std::uint32_t i = 0; i < quad; ++i) {
      sums.v[i] = norms[i].square;
      sums.v[i] += thread_.of_lane(sums.v[i], 8);
      sums.v[i] += thread_.of_lane(sums.v[i], 16);
    }
    if (lane_.number < 8) put_quad(arrays_.norms(m) + lane_.warp * tile_width + owner_.column(), sums);
  }

  const Thread& thread_;
  const WarpLane& lane_;
  const TileArrays& arrays_;
  TileOwner owner_;
  const Hyperparameters<float>& hyper_;
  const TileParameters& memory_;
};

}  // namespace modsweep::fused
