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

/// A thread and what it owns: of each matrix between hidden layers quads of one quad of columns, every
/// row_lanes-th row of its warp's; and quads of the others (other()).
template <std::uint32_t width>
class TileOwner {
 public:
  MODSWEEP_HD TileOwner(const WarpLane& lane, const TileArrays<width>& arrays)
      : lane_(lane), arrays_(arrays) {}

  static constexpr TileSize size = size_of_tiles(width);
  static constexpr std::uint32_t row_lanes = warp_lanes / size.unit_lanes;
  static constexpr std::uint32_t quads = width * width / quad / tile_threads;  ///< of a matrix
  static constexpr std::uint32_t others = width / warp_lanes;                  ///< other()s

  [[nodiscard]] MODSWEEP_HD std::uint32_t column() const { return quad * (lane_.number % size.unit_lanes); }
  [[nodiscard]] MODSWEEP_HD std::uint32_t row(std::uint32_t i) const {
    return width / tile_warps * lane_.warp + row_lanes * i + lane_.number / size.unit_lanes;
  }
  /// Quad i of the matrix between hidden layers m and m + 1.
  [[nodiscard]] MODSWEEP_HD TileQuad hidden(std::uint32_t m, std::uint32_t i) const {
    const std::uint32_t r = row(i);
    return {arrays_.hidden_weights(m) + tile_hidden_place<width>(r, lane_.number % size.unit_lanes),
            arrays_.hidden_weights_there(m) + r * width + column(), quad};
  }

  enum class Kind : std::uint8_t { in_weights, out_weights, hidden_biases, out_biases };
  /// Warp w owns Kind w.
  [[nodiscard]] MODSWEEP_HD Kind kind() const { return static_cast<Kind>(lane_.warp); }
  /// Number k. Count 0: none.
  [[nodiscard]] MODSWEEP_HD TileQuad other(std::uint32_t k) const {
    const TilePlan& plan = *arrays_.plan;
    const std::uint32_t n = lane_.number + warp_lanes * k;
    switch (kind()) {
      case Kind::in_weights:
        return {arrays_.in_weights() + n / 4 * tile_input_block + n % 4 * tile_ends,
                plan.in_weights_there + n * plan.inputs, plan.inputs};
      case Kind::out_weights:
        return {arrays_.out_weights() + quad * n, plan.out_weights_there + quad * n,
                n / size.unit_lanes < plan.outputs ? quad : 0};
      case Kind::hidden_biases:
        return {arrays_.biases(0) + quad * n,
                hidden_biases_there(n / size.unit_lanes) + quad * (n % size.unit_lanes),
                n / size.unit_lanes < plan.depth ? quad : 0};
      case Kind::out_biases:
        break;
    }
    return {arrays_.biases(plan.depth), plan.out_biases_there, n == 0 ? plan.outputs : 0};
  }
  /// The gradient of other(k), without penalties.
  [[nodiscard]] MODSWEEP_HD Quad<float> other_gradient(std::uint32_t k) const {
    const std::uint32_t n = lane_.number + warp_lanes * k;
    switch (kind()) {
      case Kind::in_weights:
        return sum_of_warps(arrays_.in_shares() + quad * n, size.end_stride);
      case Kind::out_weights:
        return sum_of_warps(arrays_.out_shares() + quad * n, size.end_stride);
      case Kind::hidden_biases:
        return sum_of_warps(arrays_.bias_shares(n / size.unit_lanes) + quad * (n % size.unit_lanes), width);
      case Kind::out_biases:
        break;
    }
    return sum_of_warps(arrays_.out_bias_shares(), tile_ends);
  }
  /// The sum over warps of quad i of the gradient of the matrix between hidden layers m and m + 1.
  [[nodiscard]] MODSWEEP_HD Quad<float> hidden_gradient(std::uint32_t m, std::uint32_t i) const {
    return sum_of_warps(arrays_.layer_units(m + 1) + row(i) * width + column(), arrays_.warp_stride());
  }

 private:
  [[nodiscard]] MODSWEEP_HD std::uint32_t hidden_biases_there(std::uint32_t l) const {
    const TilePlan& plan = *arrays_.plan;
    return l == 0 ? plan.in_biases_there : plan.hidden_biases_there + (l - 1) * plan.hidden_step;
  }

  const WarpLane& lane_;
  const TileArrays<width>& arrays_;
};

/// A thread's work on its own parameters in one step.
template <std::uint32_t width, typename Thread>
class TileUpdate {
 public:
  MODSWEEP_HD TileUpdate(const Thread& thread, const WarpLane& lane, const TileArrays<width>& arrays,
                         const Hyperparameters<float>& hyper, const TileParameters& memory)
      : thread_(thread), lane_(lane), arrays_(arrays), owner_(lane, arrays), hyper_(hyper), memory_(memory) {}

  /// Adds the shares of a part of the batch to those of the parts before. Only the matrices between hidden
  /// layers need it, where warps have shares of them, which are in the way of the next part.
  MODSWEEP_HD void keep_gradients(bool start) const {
    each_matrix([&](std::uint32_t m) {
      each_quad([&](std::uint32_t i) {
        Quad<float> sum = owner_.hidden_gradient(m, i);
        float* kept = memory_.gradients + owner_.hidden(m, i).there;
        if (!start) add(sum, pack::load_quad(kept));
        pack::store_quad(kept, sum);
      });
    });
  }

  /// Penalties and the optimizer's step. `kept`: whether there are gradients of parts before.
  MODSWEEP_HD void step(const BatchState<float>& batch, bool kept) const {
    each_matrix([&](std::uint32_t m) {
      const Quad<float> factors = quadratic_factors(batch, m);
      math::WeightNorms<float> norms[quad] = {};
      each_quad([&](std::uint32_t i) {
        const TileQuad place = owner_.hidden(m, i);
        Quad<float> gradient{};
        if constexpr (Owner::size.whole_gradients) gradient = owner_.hidden_gradient(m, i);
        if (!Owner::size.whole_gradients)
          gradient = pack::load_quad(memory_.gradients + place.there);
        else if (kept)
          add(gradient, pack::load_quad(memory_.gradients + place.there));
        add_norms(norms, update_whole(batch, place, gradient, factors));
      });
      store_norms(m, norms);
    });
    MODSWEEP_ROLLED
    for (std::uint32_t k = 0; k < Owner::others; ++k) {
      const TileQuad other = owner_.other(k);
      if (other.count == 0) return;  // nor are there any after it
      const bool weights = owner_.kind() < Owner::Kind::hidden_biases;
      const bool last = owner_.kind() == Owner::Kind::out_weights;
      const Quad<float> factors = last ? quadratic_factors(batch, arrays_.plan->depth - 1) : base_factors();
      update_some(batch, other, owner_.other_gradient(k), factors, weights);
    }
  }

  /// Sums of squares of columns, from weights that were loaded.
  MODSWEEP_HD void sum_norms() const {
    each_matrix([&](std::uint32_t m) {
      math::WeightNorms<float> norms[quad] = {};
      each_quad([&](std::uint32_t i) { add_norms(norms, pack::load_quad(owner_.hidden(m, i).here)); });
      store_norms(m, norms);
    });
  }

 private:
  using Owner = TileOwner<width>;

  /// f(m): of each matrix between hidden layers.
  template <typename F>
  MODSWEEP_HD void each_matrix(const F& f) const {
    MODSWEEP_ROLLED
    for (std::uint32_t m = 0; m + 1 < arrays_.plan->depth; ++m) f(m);
  }
  /// f(i): of each quad of a matrix that the thread owns, two at once.
  template <typename F>
  MODSWEEP_HD static void each_quad(const F& f) {
    MODSWEEP_ROLLED
    for (std::uint32_t first = 0; first < Owner::quads; first += 2) MODSWEEP_UNROLLED
    for (std::uint32_t i = 0; i < 2; ++i) f(first + i);
  }

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
    const Quad<float> sums = sum_of_warps(arrays_.squares(l) + owner_.column(), width);
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
      MODSWEEP_UNROLLED
      for (std::uint32_t mask = Owner::size.unit_lanes; mask < warp_lanes; mask *= 2)
        sums.v[i] += thread_.of_lane(sums.v[i], mask);
    }
    if (lane_.number < Owner::size.unit_lanes)
      put_quad(arrays_.norms(m) + lane_.warp * width + owner_.column(), sums);
  }

  const Thread& thread_;
  const WarpLane& lane_;
  const TileArrays<width>& arrays_;
  TileOwner<width> owner_;
  const Hyperparameters<float>& hyper_;
  const TileParameters& memory_;
};

}  // namespace modsweep::fused
