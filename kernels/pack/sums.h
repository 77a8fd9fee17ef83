// Kernels that add up: over chunks of samples, over weights, over units. Each sum is one thread's loop in a
// fixed order, so that it has the same bits in any pack (kernels of this folder: see batch.h).
#pragma once

#include "pack/arrays.h"

namespace modsweep::gemm {

/// Items: all units. Sums over the weights of hidden units that the penalties want (math::UnitSums).
template <typename T>
struct WeightSums {
  PackView<T> v;

  MODSWEEP_HD void operator()(std::uint32_t p, std::uint32_t u) const {
    const UnitPlace place = v.unit_places[u];
    const Layer& feeding = v.layers[place.layer];
    const NetworkRule<T>& rule = v.rules[p];
    if (!rule.sums.any() || feeding.output || place.unit >= feeding.outputs || v.now[p].active == 0) return;
    const Layer& next = v.layers[place.layer + 1];
    const T* parameters = v.parameters + p * v.parameter_stride;
    const std::uint32_t columns = next.group_inputs();
    const std::uint32_t group = place.unit / columns;
    const std::size_t at = v.unit(p, u);
    math::WeightNorms<T> out;
    out.add(parameters + next.weights + std::size_t{group} * next.group_outputs() * next.row_stride +
                place.unit % columns,
            next.group_outputs(), next.row_stride);
    v.out_absolute[at] = out.absolute;
    v.out_square[at] = out.square;
    if (!rule.sums.in()) return;
    math::WeightNorms<T> in;
    in.add(parameters + feeding.weights + std::size_t{place.unit} * feeding.row_stride,
           feeding.group_inputs(), 1);
    v.in_absolute[at] = in.absolute;
    v.in_square[at] = in.square;
  }
};

/// The sum of one unit's parts over all chunks.
template <typename T>
MODSWEEP_HD T sum_of_chunks(const PackView<T>& v, const T* parts, std::uint32_t p, std::uint32_t u) {
  T sum = T(0);
  for (std::uint32_t c = 0; c < v.chunks; ++c) sum += parts[v.part(p, c) + u];
  return sum;
}

/// Items: all units. Sums over the batch of h(a) of the penalties of activity.
template <typename T>
struct SumActivity {
  PackView<T> v;

  MODSWEEP_HD void operator()(std::uint32_t p, std::uint32_t u) const {
    const UnitPlace place = v.unit_places[u];
    if (v.layers[place.layer].output || v.now[p].active == 0) return;
    const LayerRule<T>& rule = v.rules[p].layer;
    for (std::size_t i = 0; i < math::activity_penalties; ++i)
      if (rule.activity[i]) v.activity_sums[i][v.unit(p, u)] = sum_of_chunks(v, v.activity_parts[i], p, u);
  }
};

/// Items: all units. Gradients of the biases, and each unit's share of its layer's slope's.
template <typename T>
struct SumGradients {
  PackView<T> v;

  MODSWEEP_HD void operator()(std::uint32_t p, std::uint32_t u) const {
    const UnitPlace place = v.unit_places[u];
    const Layer& layer = v.layers[place.layer];
    if (place.unit >= layer.outputs || v.now[p].active == 0) return;
    if (layer.bias)
      v.gradients[p * v.parameter_stride + layer.biases + place.unit] = sum_of_chunks(v, v.bias_parts, p, u);
    if (!layer.output && v.rules[p].layer.prelu)
      v.slope_sums[v.unit(p, u)] = sum_of_chunks(v, v.slope_parts, p, u);
  }
};

/// Items: hidden layers. Gradient of a layer's prelu slope.
template <typename T>
struct SumSlopes {
  PackView<T> v;

  MODSWEEP_HD void operator()(std::uint32_t p, std::uint32_t l) const {
    if (v.now[p].active == 0) return;
    const Layer& layer = v.layers[l];
    T sum = T(0);
    for (std::uint32_t k = 0; k < layer.outputs; ++k) sum += v.slope_sums[v.unit(p, layer.first_unit + k)];
    v.gradients[p * v.parameter_stride + layer.slope] = sum;
  }
};

/// Items: 1. The sums of a batch that make its loss.
template <typename T>
struct SumLoss {
  PackView<T> v;
  bool add = false;    ///< to what is there
  bool judge = false;  ///< counts the step, or marks the network as diverged and lets it rest

  MODSWEEP_HD void operator()(std::uint32_t p, std::uint32_t) const {
    Now<T>& now = v.now[p];
    if (now.active == 0) return;
    LossSums sums;
    if (add) sums = v.losses[p];
    const Layer& last = v.layers[v.layer_count - 1];
    const std::uint32_t parts = v.chunks * last.quads();
    for (std::uint32_t i = 0; i < parts; ++i)
      sums.squares += static_cast<double>(v.square_parts[std::size_t{p} * parts + i]);
    for (std::uint32_t l = 0; l + 1 < v.layer_count; ++l) {
      if (!v.rules[p].layer.any_activity()) break;
      const Layer& layer = v.layers[l];
      for (std::uint32_t k = 0; k < layer.outputs; ++k) add_activity(p, layer.first_unit + k, sums);
    }
    v.losses[p] = sums;
    if (!judge) return;
    double total = sums.squares;
    for (const double value : sums.activity) total += value;
    if (math::is_finite(total)) {
      v.progress[p].step = now.next;
    } else {
      v.progress[p].diverged = now.next;
      now.active = 0;
    }
  }

 private:
  /// What the penalties of activity say of one unit.
  MODSWEEP_HD void add_activity(std::uint32_t p, std::uint32_t u, LossSums& sums) const {
    const NetworkRule<T>& rule = v.rules[p];
    const std::size_t at = v.unit(p, u);
    const math::UnitSums<T> unit = unit_sums(v, rule, at);
    double of_unit[math::activity_penalties] = {};
    for (std::size_t i = 0; i < math::activity_penalties; ++i)
      if (rule.layer.activity[i]) of_unit[i] = static_cast<double>(v.activity_sums[i][at]);
    math::Penalties::add_activity_values(
        rule.layer.activity,
        math::UnitSums<double>{static_cast<double>(unit.in_absolute), static_cast<double>(unit.in_square),
                               static_cast<double>(unit.out_absolute), static_cast<double>(unit.out_square)},
        of_unit, sums.activity);
  }
};

}  // namespace modsweep::gemm
