// Raw values of the terms that regularizers are made of.
#include "modsweep/measure.h"

namespace modsweep {

Measure regularizers_measure() {
  return {
      .name = "regularizers",
      .finite_weights = false,
      .network = {{.name = "l1", .doc = "without its coefficient, as the next five: sum of |W|"},
                  {.name = "sum_w2",
                   .doc = "sum of W^2, the value of the l2 regularizer",
                   .run = {.heading = "sum W^2", .format = "{:.2f}", .place = 40, .always = true}},
                  {.name = "weighted_activity",
                   .doc = "mean of |a|^exponent times outgoing W^2, training set"},
                  {.name = "activity", .doc = "mean of |a|^exponent, training set"},
                  {.name = "l12", .doc = "sum over units of incoming |W| times outgoing W^2"},
                  {.name = "l21", .doc = "sum over units of incoming W^2 times outgoing |W|"}},
      .compute =
          [](const MeasuredNetwork& network, MeasureOutput& out) {
            const RegularizerValues values = weight_regularizers(network.weights);
            out.network({values.l1, values.l2, network.train.weighted_activity, network.train.activity,
                         values.l12, values.l21});
          },
  };
}

}  // namespace modsweep
