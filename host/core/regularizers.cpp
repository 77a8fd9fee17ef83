#include <cmath>

#include "modsweep/measurement.h"

namespace modsweep {

namespace {

/// Sums of |w|^1 and |w|^2 over the incoming (rows) or outgoing (columns) weights of a layer's units.
struct UnitNorms {
  std::vector<double> absolute;
  std::vector<double> square;
};

UnitNorms unit_norms(const Parameters& network, const LayerSlice& slice, bool incoming) {
  const std::size_t units = incoming ? slice.outputs : slice.inputs;
  UnitNorms norms{std::vector<double>(units, 0.0), std::vector<double>(units, 0.0)};
  const std::size_t columns = slice.group_inputs();
  for (std::size_t o = 0; o < slice.outputs; ++o)
    for (std::size_t i = 0; i < columns; ++i) {
      const double w = network.values[slice.weights + o * columns + i];
      const std::size_t unit = incoming ? o : o / slice.group_outputs() * columns + i;
      norms.absolute[unit] += std::abs(w);
      norms.square[unit] += w * w;
    }
  return norms;
}

}  // namespace

double weighted_sum(const RegularizerSettings& c, const RegularizerValues& v) {
  return c.l1 * v.l1 + c.l2 * v.l2 + c.weighted_activity * v.weighted_activity + c.activity * v.activity +
         c.l12 * v.l12 + c.l21 * v.l21;
}

RegularizerValues weight_regularizers(const Parameters& network) {
  const ParameterLayout layout(network.shape);
  RegularizerValues values;
  for (std::size_t l = 0; l < layout.layers().size(); ++l) {
    const UnitNorms in = unit_norms(network, layout.layers()[l], true);
    for (std::size_t j = 0; j < in.absolute.size(); ++j) {
      values.l1 += in.absolute[j];
      values.l2 += in.square[j];
    }
    if (l + 1 == layout.layers().size()) break;
    const UnitNorms out = unit_norms(network, layout.layers()[l + 1], false);
    for (std::size_t k = 0; k < in.absolute.size(); ++k) {
      values.l12 += in.absolute[k] * out.square[k];
      values.l21 += in.square[k] * out.absolute[k];
    }
  }
  return values;
}

}  // namespace modsweep
