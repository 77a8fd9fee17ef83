// Kernels that compute sums: over weights, over units. Each sum is one thread's loop
// in a fixed order, so that it has the same bits in any pack (kernels of this folder: see batch.h).
#pragma once

#include "pack/arrays.h"

namespace modsweep::pack {

/// Items: all units. Sums over the weights of hidden units that the penalties need (math::UnitSums).
template <typename T>
struct WeightSums {
  PackView<T> v;

  MODSWEEP_HD void operator()(std::uint32_t p, std::uint32_t u) const {
    const UnitIndex index = v.unit_indices[u];
    const Layer& feeding = v.layers[index.layer];
    const Hyperparameters<T>& hyper = v.hyperparameters[p];
    if (!hyper.sums.any() || feeding.output || index.unit >= feeding.outputs || v.batch_state[p].active == 0)
      return;
    const Layer& next = v.layers[index.layer + 1];
    const T* parameters = v.parameters + p * v.parameter_stride;
    const std::uint32_t columns = next.group_inputs();
    const std::uint32_t group = index.unit / columns;
    const std::size_t at = v.unit(p, u);
    math::WeightNorms<T> out;
    out.add(parameters + next.weights + std::size_t{group} * next.group_outputs() * next.row_stride +
                index.unit % columns,
            next.group_outputs(), next.row_stride);
    v.out_absolute[at] = out.absolute;
    v.out_square[at] = out.square;
    if (!hyper.sums.in()) return;
    math::WeightNorms<T> in;
    in.add(parameters + feeding.weights + std::size_t{index.unit} * feeding.row_stride,
           feeding.group_inputs(), 1);
    v.in_absolute[at] = in.absolute;
    v.in_square[at] = in.square;
  }
};

/// Items: hidden layers. Gradient of a layer's prelu slope.
template <typename T>
struct SumSlopes {
  PackView<T> v;

  MODSWEEP_HD void operator()(std::uint32_t p, std::uint32_t l) const {
    if (v.batch_state[p].active == 0) return;
    const Layer& layer = v.layers[l];
    T sum = T(0);
    for (std::uint32_t k = 0; k < layer.outputs; ++k) sum += v.slope_sums[v.unit(p, layer.first_unit + k)];
    v.gradients[p * v.parameter_stride + layer.slope] = sum;
  }
};

/// Items: 1. The sums of a batch from which its loss follows.
template <typename T>
struct SumLoss {
  PackView<T> v;
  bool add = false;    ///< adds to the present sums
  bool judge = false;  ///< counts the step, or marks the network as diverged and inactive

  MODSWEEP_HD void operator()(std::uint32_t p, std::uint32_t) const {
    BatchState<T>& batch = v.batch_state[p];
    if (batch.active == 0) return;
    LossSums sums;
    if (add) sums = v.losses[p];
    const Layer& last = v.layers[v.layer_count - 1];
    const std::uint32_t parts = v.chunks * last.quads();
    for (std::uint32_t i = 0; i < parts; ++i)
      sums.squares += static_cast<double>(v.square_partials[std::size_t{p} * parts + i]);
    for (std::uint32_t l = 0; l + 1 < v.layer_count; ++l) {
      if (!v.hyperparameters[p].layer.any_activity()) break;
      const Layer& layer = v.layers[l];
      for (std::uint32_t k = 0; k < layer.outputs; ++k) add_activity(p, layer.first_unit + k, sums);
    }
    v.losses[p] = sums;
    if (!judge) return;
    double total = sums.squares;
    for (const double value : sums.activity) total += value;
    if (math::is_finite(total)) {
      v.progress[p].step = batch.next;
    } else {
      v.progress[p].diverged = batch.next;
      batch.active = 0;
    }
  }

 private:
  /// Adds the values of the penalties of activity of one unit.
  MODSWEEP_HD void add_activity(std::uint32_t p, std::uint32_t u, LossSums& sums) const {
    const Hyperparameters<T>& hyper = v.hyperparameters[p];
    const std::size_t at = v.unit(p, u);
    const math::UnitSums<T> unit = unit_sums(v, hyper, at);
    double of_unit[math::activity_penalties] = {};
    for (std::size_t i = 0; i < math::activity_penalties; ++i)
      if (hyper.layer.activity[i]) of_unit[i] = static_cast<double>(v.activity_sums[i][at]);
    math::Penalties::add_activity_values(
        hyper.layer.activity,
        math::UnitSums<double>{static_cast<double>(unit.in_absolute), static_cast<double>(unit.in_square),
                               static_cast<double>(unit.out_absolute), static_cast<double>(unit.out_square)},
        of_unit, sums.activity);
  }
};

}  // namespace modsweep::pack
