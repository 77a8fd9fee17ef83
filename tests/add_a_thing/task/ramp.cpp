// ramp: y_i = tanh(steepness x_i). Each output depends on its own input only; the inputs are those of
// modular_regression.
#include "tasks/regression_stream.h"

#include <cmath>

namespace modsweep {
namespace {

constexpr Setting<double> steepness{
    .key = "task.steepness", .standard = 2.0, .limits = {0, 100}, .doc = "ramp: slope of each output at 0"};

Dataset make_ramp(const TaskSettings& task) {
  const double slope = steepness.of(task);
  return make_regression(task, [slope](const SineFunctions&, Samples& samples, NumpyRandom&) {
    for (std::size_t k = 0; k < samples.y.size(); ++k) samples.y[k] = std::tanh(slope * samples.x[k]);
  });
}

}  // namespace

TaskKind ramp_task() {
  return {.name = "ramp",
          .settings = {steepness},
          .outputs = [](const TaskSettings& task) { return task.inputs; },
          .check = [](const TaskSettings& task) { check_regression(task, 1); },
          .make = make_ramp};
}

}  // namespace modsweep
