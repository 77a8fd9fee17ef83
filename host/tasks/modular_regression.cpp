// y_i = A_i sin(w_i x_i + p_i), each output from its own input (science.md section 6, task 1).
#include "tasks/regression_stream.h"

namespace modsweep {
namespace {

void modular_targets(const SineFunctions& f, Samples& samples, NumpyRandom&) {
  for (std::size_t k = 0; k < samples.y.size(); ++k) samples.y[k] = f(k % samples.inputs, samples.x[k]);
}

}  // namespace

TaskKind modular_regression_task() {
  return {.name = "modular_regression",
          .outputs = [](const TaskSettings& task) { return task.inputs; },
          .check = [](const TaskSettings& task) { check_regression(task, 1); },
          .make = [](const TaskSettings& task) { return make_regression(task, modular_targets); }};
}

}  // namespace modsweep
