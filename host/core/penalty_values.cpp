#include <vector>

#include "modsweep/measurement.h"

namespace modsweep {

namespace {

using math::UnitSums;
using math::WeightNorms;

/// Norms of the incoming (rows) or outgoing (columns) weights of each of a layer's units.
std::vector<WeightNorms<double>> unit_norms(const Parameters& network, const LayerSlice& slice,
                                            bool incoming) {
  std::vector<WeightNorms<double>> norms(incoming ? slice.outputs : slice.inputs);
  const std::size_t columns = slice.group_inputs();
  for (std::size_t o = 0; o < slice.outputs; ++o)
    for (std::size_t i = 0; i < columns; ++i)
      norms[incoming ? o : o / slice.group_outputs() * columns + i].add(
          network.values[slice.weights + o * columns + i]);
  return norms;
}

/// The value of a penalty of ends on one layer's weights.
template <typename Penalty>
double sum_over_ends(const typename Penalty::template Rule<double>& rule, const Parameters& network,
                     const LayerSlice& slice, std::uint32_t layer) {
  double sum = 0.0;
  for (std::uint32_t o = 0; o < slice.outputs; ++o)
    for (std::uint32_t i = 0; i < slice.group_inputs(); ++i) {
      const std::uint32_t from = o / slice.group_outputs() * slice.group_inputs() + i;
      const math::WeightEnds<double> ends{layer, static_cast<double>(from), static_cast<double>(o),
                                          static_cast<double>(slice.inputs),
                                          static_cast<double>(slice.outputs)};
      sum += Penalty::value(rule, network.values[slice.weights + std::size_t{o} * slice.group_inputs() + i],
                            ends);
    }
  return sum;
}

}  // namespace

double weighted_sum(const RegularizerSettings& coefficients, const RegularizerValues& values) {
  double sum = 0.0;
  for (const PenaltyInfo& penalty : penalty_infos)
    sum += coefficients.*penalty.coefficient * values.*penalty.value;
  return sum;
}

RegularizerValues weight_regularizers(const Parameters& network, const RegularizerSettings& settings) {
  const ParameterLayout layout(network.shape);
  const auto rules = penalty_rules<double>(settings);
  RegularizerValues values;
  for (std::uint32_t l = 0; l < layout.layers().size(); ++l) {
    const LayerSlice& slice = layout.layers()[l];
    const auto in = unit_norms(network, slice, true);
    const bool hidden = l + 1 < layout.layers().size();
    const auto out =
        hidden ? unit_norms(network, layout.layers()[l + 1], false) : std::vector<WeightNorms<double>>();
    const auto add = [&]<typename Penalty>(double& value) {
      if constexpr (math::is_of_weights<Penalty>)
        for (const WeightNorms<double>& unit : in) value += Penalty::value(unit);
      if constexpr (math::is_of_ends<Penalty>)
        value += sum_over_ends<Penalty>(rules.template of<Penalty>(), network, slice, l);
      if constexpr (math::is_of_sums<Penalty>)
        for (std::size_t k = 0; hidden && k < in.size(); ++k)
          value +=
              Penalty::value(UnitSums<double>{in[k].absolute, in[k].square, out[k].absolute, out[k].square});
    };
#define MODSWEEP_ADD(name, Penalty) add.template operator()<math::Penalty>(values.name);
    MODSWEEP_PENALTIES(MODSWEEP_ADD, MODSWEEP_NOTHING)
#undef MODSWEEP_ADD
  }
  return values;
}

RegularizerValues activity_regularizers(std::span<const double, math::activity_penalties> sums,
                                        double count) {
  RegularizerValues values;
  std::size_t next = 0;
  for (const PenaltyInfo& penalty : penalty_infos)
    if (penalty.of_activity) values.*penalty.value = sums[next++] / count;
  return values;
}

RegularizerValues operator+(RegularizerValues a, const RegularizerValues& b) {
  for (const PenaltyInfo& penalty : penalty_infos) a.*penalty.value += b.*penalty.value;
  return a;
}

}  // namespace modsweep
