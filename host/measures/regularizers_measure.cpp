// Raw values of the penalties that a loss may have, each without its coefficient.
#include "modsweep/measure.h"

namespace modsweep {
namespace {

/// Documents a penalty's value: the text of its coefficient without "coefficient of".
std::string_view doc_of(const PenaltyInfo& penalty) {
  constexpr std::string_view prefix = "coefficient of ";
  return penalty.doc.starts_with(prefix) ? penalty.doc.substr(prefix.size()) : penalty.doc;
}

}  // namespace

Measure regularizers_measure() {
  Measure measure{.name = "regularizers", .finite_weights = false};
  for (const PenaltyInfo& penalty : penalty_infos) {
    if (penalty.measured_alone) continue;
    MeasureColumn column{.name = penalty.column, .doc = doc_of(penalty), .since = penalty.since};
    if (penalty.name == "l2")
      column.run = {.heading = "sum W^2", .format = "{:.2f}", .order = 40, .always = true};
    measure.network.push_back(column);
  }
  measure.compute = [](const MeasuredNetwork& network, MeasureOutput& out) {
    const RegularizerValues values =
        network.train.regularizers + weight_regularizers(network.weights, network.settings.regularizer);
    std::vector<MeasuredValue> row;
    for (const PenaltyInfo& penalty : penalty_infos)
      if (!penalty.measured_alone) row.emplace_back(values.*penalty.value);
    out.network(row);
  };
  return measure;
}

}  // namespace modsweep
