// Kernels that add up: over chunks of samples, over weights, over units. Each sum is one thread's loop in a
// fixed order, so that it has the same bits in any pack (kernels of this folder: see batch.h).
#pragma once

#include "pack/arrays.h"

namespace modsweep::gemm {

/// Items: all units. Norms of the weights of hidden units that the regularizers want (math::UnitSums).
template <typename T>
struct WeightSums {
  PackView<T> v;

  MODSWEEP_HD void operator()(std::uint32_t p, std::uint32_t u) const {
    const UnitPlace place = v.unit_places[u];
    const Layer& feeding = v.layers[place.layer];
    const NetworkRule<T>& rule = v.rules[p];
    const bool wanted = rule.layer.weighted_activity || rule.products();
    if (!wanted || feeding.output || place.unit >= feeding.outputs || v.now[p].active == 0) return;
    const Layer& next = v.layers[place.layer + 1];
    const T* parameters = v.parameters + p * v.parameter_stride;
    const std::uint32_t columns = next.group_inputs();
    const std::uint32_t group = place.unit / columns;
    const T* column = parameters + next.weights +
                      std::size_t{group} * next.group_outputs() * next.row_stride + place.unit % columns;
    T absolute = T(0);
    T square = T(0);
    for (std::uint32_t j = 0; j < next.group_outputs(); ++j) {
      const T w = column[std::size_t{j} * next.row_stride];
      absolute += math::absolute(w);
      square = math::multiply_add(w, w, square);
    }
    const std::size_t at = v.unit(p, u);
    v.out_absolute[at] = absolute;
    v.out_square[at] = square;
    if (!rule.products()) return;
    const T* row = parameters + feeding.weights + std::size_t{place.unit} * feeding.row_stride;
    absolute = T(0);
    square = T(0);
    for (std::uint32_t i = 0; i < feeding.group_inputs(); ++i) {
      absolute += math::absolute(row[i]);
      square = math::multiply_add(row[i], row[i], square);
    }
    v.in_absolute[at] = absolute;
    v.in_square[at] = square;
  }
};

/// The sum of one unit's parts over all chunks.
template <typename T>
MODSWEEP_HD T sum_of_chunks(const PackView<T>& v, const T* parts, std::uint32_t p, std::uint32_t u) {
  T sum = T(0);
  for (std::uint32_t c = 0; c < v.chunks; ++c) sum += parts[v.part(p, c) + u];
  return sum;
}

/// Items: all units. Sums over the batch of |a|^p of the activity regularizers.
template <typename T>
struct SumActivity {
  PackView<T> v;

  MODSWEEP_HD void operator()(std::uint32_t p, std::uint32_t u) const {
    const UnitPlace place = v.unit_places[u];
    if (v.layers[place.layer].output || v.now[p].active == 0) return;
    const LayerRule<T>& rule = v.rules[p].layer;
    if (rule.weighted_activity) v.weighted_sums[v.unit(p, u)] = sum_of_chunks(v, v.weighted_parts, p, u);
    if (rule.plain_activity) v.plain_sums[v.unit(p, u)] = sum_of_chunks(v, v.plain_parts, p, u);
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
    const LayerRule<T>& rule = v.rules[p].layer;
    for (std::uint32_t l = 0; l + 1 < v.layer_count; ++l) {
      if (!rule.weighted_activity && !rule.plain_activity) break;
      const Layer& layer = v.layers[l];
      for (std::uint32_t k = 0; k < layer.outputs; ++k) {
        const std::size_t at = v.unit(p, layer.first_unit + k);
        if (rule.weighted_activity)
          sums.weighted_activity +=
              static_cast<double>(v.out_square[at]) * static_cast<double>(v.weighted_sums[at]);
        if (rule.plain_activity) sums.activity += static_cast<double>(v.plain_sums[at]);
      }
    }
    v.losses[p] = sums;
    if (!judge) return;
    const double total = sums.squares + sums.weighted_activity + sums.activity;
    if (math::is_finite(total)) {
      v.progress[p].step = now.next;
    } else {
      v.progress[p].diverged = now.next;
      now.active = 0;
    }
  }
};

}  // namespace modsweep::gemm
