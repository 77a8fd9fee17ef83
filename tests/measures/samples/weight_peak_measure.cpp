// weight_peak: the largest |W| of all layers, one value per network.
#include <algorithm>
#include <cmath>

#include "modsweep/measure.h"

namespace modsweep {

Measure weight_peak_measure() {
  return {
      .name = "weight_peak",
      .keys = {Setting<bool>{.key = "measure.weight_peak", .doc = "the largest |W| of all layers"}},
      .network = {{.name = "weight_peak", .doc = "largest |W| of all layers", .since = 7}},
      .compute =
          [](const MeasuredNetwork& network, MeasureOutput& out) {
            double peak = 0.0;
            for (std::size_t l = 0; l < network.weights.shape.weight_layers(); ++l)
              for (const double w : network.weights.dense_weights(l)) peak = std::max(peak, std::abs(w));
            out.network({peak});
          },
  };
}

}  // namespace modsweep
