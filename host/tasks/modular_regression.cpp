// y_i = A_i sin(w_i x_i + p_i), each output from its own input (science.md section 6, task 1).
#include "tasks/kinds.h"
#include "tasks/regression_stream.h"

namespace modsweep {
namespace {

void targets(const SineFunctions& f, Samples& samples, NumpyRandom&) {
  for (std::size_t k = 0; k < samples.y.size(); ++k) samples.y[k] = f(k % samples.inputs, samples.x[k]);
}

TaskSettings canonical(const TaskSettings& task) {
  const TaskSettings standard;
  TaskSettings used = task;
  used.sparse = standard.sparse;
  used.mixing = standard.mixing;
  used.mixing_angle = standard.mixing_angle;
  return used;
}

}  // namespace

TaskKind modular_regression_task() {
  return {.name = "modular_regression",
          .outputs = [](const TaskSettings& task) { return task.inputs; },
          .check = [](const TaskSettings& task) { check_regression(task, 1); },
          .make = [](const TaskSettings& task) { return make_regression(task, targets); },
          .canonical = canonical};
}

}  // namespace modsweep
