// unit_norms: the norm of each unit's incoming weights, in a table with a row per unit.
#include <cmath>

#include "modsweep/measure.h"

namespace modsweep {

Measure unit_norms_measure() {
  return {
      .name = "unit_norms",
      .keys = {Setting<bool>{.key = "measure.unit_norms", .doc = "norm of each unit's incoming weights"}},
      .tables = {{.name = "unit_norms",
                  .doc = "one unit of a network at one step",
                  .keys = {{.name = "layer", .doc = "from 1", .type = ColumnType::integer},
                           {.name = "unit", .doc = "from 1", .type = ColumnType::integer}},
                  .columns = {{.name = "norm", .doc = "root of the sum of its incoming W^2", .since = 7}},
                  .since = 7}},
      .compute =
          [](const MeasuredNetwork& network, MeasureOutput& out) {
            const Shape& shape = network.weights.shape;
            for (std::size_t l = 0; l < shape.weight_layers(); ++l) {
              const std::vector<double> w = network.weights.dense_weights(l);
              for (std::size_t o = 0; o < shape.sizes[l + 1]; ++o) {
                double sum = 0.0;
                for (std::size_t i = 0; i < shape.sizes[l]; ++i)
                  sum += w[o * shape.sizes[l] + i] * w[o * shape.sizes[l] + i];
                out.row("unit_norms", {l + 1, o + 1}, {std::sqrt(sum)});
              }
            }
          },
      .bytes =
          [](const Shape& shape, const CellSettings&) {
            double units = 0.0;
            for (std::size_t l = 0; l < shape.weight_layers(); ++l) units += shape.sizes[l + 1];
            return 40.0 * units;
          },
  };
}

}  // namespace modsweep
