// Kernels that add up what threads of one chunk of samples each have summed. Each sum is one thread's loop in
// a fixed order, so that it has the same bits in any pack (kernels of this folder: see pack/batch.h).
#pragma once

#include "pack/batch.h"
#include "pack/narrow_layer.h"
#include "pack/sums.h"

namespace modsweep::pack {

/// Items: items(). Fetches a batch, and computes the sums over weights that the penalties need.
template <typename T>
struct FetchBatch {
  Gather<T> gather;
  std::uint32_t columns = 0;  ///< of a row of x and one of y
  std::uint32_t units = 0;    ///< of all layers; 0: the sums over weights are there

  [[nodiscard]] std::uint32_t items() const { return units + gather.v.batch * columns; }
  [[nodiscard]] double bytes() const { return 2.0 * gather.v.row_bytes(columns); }

  MODSWEEP_HD void operator()(std::uint32_t p, std::uint32_t item) const {
    if (item < units)
      WeightSums<T>{gather.v}(p, item);
    else
      gather(p, item - units);
  }
};

/// Items: items(). Sums over the batch: of h(a) of the penalties of activity and, with `gradients`, the
/// gradients of biases and of narrow layers' weights, and each unit's contribution to the gradient of its
/// layer's slope.
template <typename T>
struct SumBatch {
  PackView<T> v;
  bool gradients = false;
  Layer first;  ///< the first layer, if narrow; else one without units
  Layer last;   ///< the last one, likewise

  [[nodiscard]] std::uint32_t items() const {
    return v.units + (gradients ? weights(first) + weights(last) : 0);
  }
  [[nodiscard]] double bytes() const {
    return v.part_bytes(v.units) + v.part_bytes(narrow_values(first)) + v.part_bytes(narrow_values(last));
  }

  MODSWEEP_HD void operator()(std::uint32_t p, std::uint32_t item) const {
    if (v.batch_state[p].active == 0) return;
    if (item < v.units) return sum_unit(p, item);
    const std::uint32_t weight = item - v.units;
    if (weight < weights(first))
      sum_weight(p, first, v.first_weight_partials, weight);
    else
      sum_weight(p, last, v.last_weight_partials, weight - weights(first));
  }

 private:
  static MODSWEEP_HD std::uint32_t weights(const Layer& layer) {
    return layer.outputs * (layer.inputs / layer.groups);
  }
  /// The sum over all chunks of what lies `stride` values apart.
  MODSWEEP_HD T sum_of_chunks(const T* parts, std::size_t stride) const {
    T sum = T(0);
    for (std::uint32_t c = 0; c < v.chunks; ++c) sum += parts[c * stride];
    return sum;
  }

  MODSWEEP_HD void sum_unit(std::uint32_t p, std::uint32_t u) const {
    const UnitIndex index = v.unit_indices[u];
    const Layer& layer = v.layers[index.layer];
    if (index.unit >= layer.outputs) return;
    const LayerHyperparameters<T>& hyper = v.hyperparameters[p].layer;
    const std::size_t at = v.part(p, 0) + u;
    if (!layer.output)
      for (std::size_t i = 0; i < math::activity_penalties; ++i)
        if (hyper.activity[i])
          v.activity_sums[i][v.unit(p, u)] = sum_of_chunks(v.activity_partials[i] + at, v.units);
    if (!gradients) return;
    if (layer.bias)
      v.gradients[p * v.parameter_stride + layer.biases + index.unit] =
          sum_of_chunks(v.bias_partials + at, v.units);
    if (!layer.output && hyper.prelu)
      v.slope_sums[v.unit(p, u)] = sum_of_chunks(v.slope_partials + at, v.units);
  }

  MODSWEEP_HD void sum_weight(std::uint32_t p, const Layer& layer, const T* partials,
                              std::uint32_t weight) const {
    const std::uint32_t o = weight / layer.group_inputs();
    const std::uint32_t i = o / layer.group_outputs() * layer.group_inputs() + weight % layer.group_inputs();
    const std::size_t place =
        layer.output ? std::size_t{i} * layer.output_stride + o : std::size_t{o} * layer.input_stride + i;
    const T* parts = partials + std::size_t{p} * v.chunks * narrow_values(layer) + place;
    v.gradients[p * v.parameter_stride + layer.weights + weight] = sum_of_chunks(parts, narrow_values(layer));
  }
};

}  // namespace modsweep::pack
