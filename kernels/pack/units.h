// Hidden units and outputs on samples, forward and backward. A thread owns four units and some samples; noise
// is drawn again from its counter wherever it is needed, and never stored.
#pragma once

#include "pack/arrays.h"

#include "modsweep/math/rng.h"

namespace modsweep::pack {

/// The random numbers that a pass over a batch draws.
struct PassDraws {
  math::Stream stream = math::Stream::noise;  ///< in training; an evaluation uses test_stream
  bool dropout = false;
  bool evaluation = false;  ///< samples are counted from the start of the split, not of the batch
};

/// The four units and the samples of a thread.
template <typename T>
struct UnitBlock {
  std::uint32_t chunk = 0;
  std::uint32_t unit = 0;   ///< the first one within the layer
  std::uint32_t first = 0;  ///< first sample
  std::uint32_t last = 0;   ///< one past the last sample
  std::uint32_t valid = 0;  ///< units that are not padding
  Quad<T> bias{};

  MODSWEEP_HD UnitBlock(const PackView<T>& v, const Layer& layer, std::uint32_t p, std::uint32_t item,
                        std::uint32_t samples = chunk_samples) {
    chunk = item / layer.quads();
    unit = item % layer.quads() * quad;
    first = chunk * samples;
    last = first + samples < v.batch ? first + samples : v.batch;
    valid = layer.outputs - unit < quad ? layer.outputs - unit : quad;
    const T* parameters = v.parameters + p * v.parameter_stride;
    for (std::uint32_t i = 0; i < quad; ++i)
      bias.v[i] = layer.bias && i < valid ? parameters[layer.biases + unit + i] : T(0);
  }
};

/// Hidden units on one sample, as the forward and the backward pass both compute them.
template <typename T>
class HiddenUnits {
 public:
  MODSWEEP_HD HiddenUnits(const PackView<T>& v, const Layer& layer, const PassDraws& draws, std::uint32_t p)
      : hyper_(v.hyperparameters[p]),
        unit_(v.hyperparameters[p].layer.unit),
        batch_(v.batch_state[p]),
        draws_(draws),
        layer_(layer) {
    noise_ = hyper_.noise;
    dropout_ = hyper_.dropout && draws.dropout;
    if (hyper_.layer.prelu) unit_.slope = v.parameters[p * v.parameter_stride + layer.slope];
    if (v.fixed_noise != nullptr && !draws.evaluation)
      fixed_ = v.fixed_noise[std::size_t{layer.number} * v.networks + p];
  }

  MODSWEEP_HD void operator()(const UnitBlock<T>& block, std::uint32_t b, const Quad<T>& z,
                              math::UnitValues<T> (&out)[quad]) const {
    if (!noise_ && !dropout_) {
      for (std::uint32_t i = 0; i < quad; ++i) out[i] = math::forward_unit(unit_, z.v[i] + block.bias.v[i]);
      return;
    }
    T eps[quad] = {};
    T keep[quad] = {T(1), T(1), T(1), T(1)};
    const std::uint32_t sample = (draws_.evaluation ? batch_.first : batch_.offset) + b;
    if (noise_ && fixed_ != nullptr) {
      for (std::uint32_t i = 0; i < quad; ++i)
        if (i < block.valid)
          eps[i] = fixed_[std::size_t{sample} * layer_.all_outputs + layer_.first_output + block.unit + i];
    } else if (noise_) {
      math::block_normals(random(draws_.evaluation ? hyper_.test_stream : draws_.stream, sample, block.unit),
                          eps);
    }
    if (dropout_) {
      const math::RandomBlock words = random(math::Stream::dropout, sample, block.unit);
      for (std::uint32_t i = 0; i < quad; ++i)
        keep[i] = math::dropout_scale(math::uniform_of_turn(math::turn_of_word<T>(words.word[i])),
                                      hyper_.layer.dropout);
    }
    for (std::uint32_t i = 0; i < quad; ++i)
      out[i] =
          math::forward_noisy_unit(unit_, z.v[i] + block.bias.v[i], hyper_.layer.sigma * eps[i], keep[i]);
  }

 private:
  [[nodiscard]] MODSWEEP_HD math::RandomBlock random(math::Stream stream, std::uint32_t sample,
                                                     std::uint32_t unit) const {
    return math::random_block(hyper_.seed, stream, batch_.step, layer_.number, sample,
                              (layer_.first_output + unit) / quad);
  }

  const Hyperparameters<T>& hyper_;
  math::UnitHyperparameters<T> unit_;
  const BatchState<T>& batch_;
  const PassDraws& draws_;
  const Layer& layer_;
  bool noise_ = false;
  bool dropout_ = false;
  const T* fixed_ = nullptr;
};

/// Sums over samples of h(a) of the penalties of activity, for four units.
template <typename T>
struct ActivitySums {
  T of_unit[quad][math::activity_penalties] = {};

  /// Stores the sums of the penalties that are on in their rows of partial sums.
  MODSWEEP_HD void store(const LayerHyperparameters<T>& hyper, T* const (&parts)[math::activity_penalties],
                         std::size_t at) const {
    for (std::size_t i = 0; i < math::activity_penalties; ++i)
      if (hyper.activity[i])
        store_quad(parts[i] + at, Quad<T>{{of_unit[0][i], of_unit[1][i], of_unit[2][i], of_unit[3][i]}});
  }
};

/// The outputs g of four units, zeros for padding; adds the h(a) of the penalties of activity to `sums`.
template <typename T>
MODSWEEP_HD Quad<T> pass_on(const LayerHyperparameters<T>& hyper, const math::UnitValues<T> (&u)[quad],
                            std::uint32_t valid, ActivitySums<T>& sums) {
  Quad<T> g{};
  for (std::uint32_t i = 0; i < quad; ++i) {
    if (i >= valid) continue;
    g.v[i] = u[i].out;
    math::Penalties::add_activities(hyper.penalties, hyper.activity, u[i].clean, T(1), sums.of_unit[i]);
  }
  return g;
}

/// dL/dy of four outputs of one sample, zeros for padding; adds the squares of their errors to `squares`. `z`
/// is without bias; `scale` is output_scale().
template <typename T>
MODSWEEP_HD Quad<T> output_gradient(const UnitBlock<T>& block, const Quad<T>& z, const Quad<T>& target,
                                    T scale, T& squares) {
  Quad<T> delta{};
  for (std::uint32_t i = 0; i < quad; ++i) {
    if (i >= block.valid) continue;
    const T error = z.v[i] + block.bias.v[i] - target.v[i];
    squares = math::multiply_add(error, error, squares);
    delta.v[i] = scale * error;
  }
  return delta;
}

/// The factor of an output's error in dL/dy.
template <typename T>
MODSWEEP_HD T output_scale(const Layer& layer, const BatchState<T>& batch) {
  return T(2) * batch.inverse_count / static_cast<T>(layer.all_outputs);
}

/// From dL/dg to dL/dz of four hidden units, with the contribution of the penalties of activity.
template <typename T>
class UnitGradients {
 public:
  MODSWEEP_HD UnitGradients(const PackView<T>& v, const Layer& layer, std::uint32_t p,
                            const UnitBlock<T>& block)
      : hyper_(v.hyperparameters[p].layer), valid_(block.valid) {
    const Hyperparameters<T>& hyper = v.hyperparameters[p];
    if (!hyper_.any_activity()) return;
    math::UnitSums<T> units[quad];
    load_unit_sums(v, hyper, v.unit(p, layer.first_unit + block.unit), units);
    for (std::uint32_t i = 0; i < quad; ++i)
      math::Penalties::activity_factors(hyper_.penalties, units[i], v.batch_state[p].inverse_count,
                                        factors_[i]);
  }

  /// dL/dz on one sample, zeros for padding; adds dL/dslope to `slope_sums`.
  MODSWEEP_HD Quad<T> operator()(const math::UnitValues<T> (&u)[quad], const Quad<T>& by_out,
                                 Quad<T>& slope_sums) const {
    Quad<T> by_z{};
    for (std::uint32_t i = 0; i < quad; ++i) {
      if (i >= valid_) continue;
      const T by_clean =
          math::Penalties::activity_gradient(hyper_.penalties, hyper_.activity, u[i].clean, factors_[i]);
      by_z.v[i] = math::multiply_add(by_clean, u[i].clean_by_z, by_out.v[i] * u[i].out_by_z);
      slope_sums.v[i] += math::multiply_add(by_clean, u[i].clean_by_slope, by_out.v[i] * u[i].out_by_slope);
    }
    return by_z;
  }

 private:
  const LayerHyperparameters<T>& hyper_;
  std::uint32_t valid_;
  T factors_[quad][math::activity_penalties] = {};
};

}  // namespace modsweep::pack
