// How sparse a pruned network is.
#include <algorithm>

#include "modsweep/measure.h"

namespace modsweep {
namespace {

void share_of_zeros(const MeasuredNetwork& network, MeasureOutput& out) {
  const ParameterLayout layout(network.weights.shape);
  std::size_t zeros = 0;
  for (const LayerSlice& slice : layout.layers())
    for (std::size_t i = 0; i < slice.weight_count(); ++i)
      zeros += network.weights.values[slice.weights + i] == 0.0 ? 1 : 0;
  out.network({static_cast<double>(zeros) / static_cast<double>(layout.weights())});
}

}  // namespace

Measure sparsity_measure() {
  return {
      .name = "sparsity",
      .asked = [](const CellSettings& cell) { return cell.pruning.sparsity > 0.0 || cell.pruning.keep; },
      .finite_weights = false,
      .network = {{.name = "sparsity",
                   .doc = "share of the weights that are 0; where weights are pruned",
                   .since = 6}},
      .compute = share_of_zeros,
  };
}

}  // namespace modsweep
