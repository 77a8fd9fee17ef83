// Losses of the training set and the test set.
#include "modsweep/measure.h"

namespace modsweep {

Measure losses_measure() {
  return {
      .name = "losses",
      .finite_weights = false,
      .network = {{.name = "train_loss",
                   .doc = "mean squared error, clean, whole training set",
                   .unit = "target^2"},
                  {.name = "test_loss",
                   .doc = "mean squared error, clean, whole test set",
                   .unit = "target^2",
                   .run = {.heading = "test loss", .format = "{:.2e}", .order = 10, .always = true}}},
      .compute =
          [](const MeasuredNetwork& network, MeasureOutput& out) {
            out.network({network.train.mse, network.test.mse});
          },
  };
}

}  // namespace modsweep
