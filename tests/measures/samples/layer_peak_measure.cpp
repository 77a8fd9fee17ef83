// layer_peak: the largest |W| of each weight layer, a value per layer.
#include <algorithm>
#include <cmath>

#include "modsweep/measure.h"

namespace modsweep {

Measure layer_peak_measure() {
  return {
      .name = "layer_peak",
      .keys = {Setting<bool>{.key = "measure.layer_peak", .doc = "the largest |W| of each layer"}},
      .layer = {{.name = "layer_peak", .doc = "largest |W| of the layer", .since = 7}},
      .compute =
          [](const MeasuredNetwork& network, MeasureOutput& out) {
            for (std::size_t l = 0; l < network.weights.shape.weight_layers(); ++l) {
              double peak = 0.0;
              for (const double w : network.weights.dense_weights(l)) peak = std::max(peak, std::abs(w));
              out.layer(l, {peak});
            }
          },
  };
}

}  // namespace modsweep
