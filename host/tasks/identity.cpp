// y = x, for linear networks (science.md section 6, task 2). The training inputs are those of
// modular_regression. Sparse: one entry of each sample keeps its value, the others become 0. After the inputs
// of a split have been drawn, one uniform number u per sample, in order, chooses the entry floor(u n); the
// test inputs come after that and so differ from the dense ones.
#include "tasks/kinds.h"
#include "tasks/regression_stream.h"
#include "tasks/unused_settings.h"

namespace modsweep {
namespace {

void dense_targets(const SineFunctions&, Samples& samples, NumpyRandom&) {
  samples.y = samples.x;
}

void sparse_targets(const SineFunctions&, Samples& samples, NumpyRandom& random) {
  for (std::size_t sample = 0; sample < samples.count; ++sample) {
    const std::uint32_t kept = random.index(samples.inputs);
    for (std::uint32_t i = 0; i < samples.inputs; ++i)
      if (i != kept) samples.x[sample * samples.inputs + i] = 0.0;
  }
  samples.y = samples.x;
}

TaskSettings canonical_identity(const TaskSettings& task) {
  TaskSettings used = only_common(task);
  used.sparse = task.sparse;
  return used;
}

}  // namespace

TaskKind identity_task() {
  return {.name = "identity",
          .outputs = [](const TaskSettings& task) { return task.inputs; },
          .check = [](const TaskSettings& task) { check_regression(task, 1); },
          .make =
              [](const TaskSettings& task) {
                return make_regression(task, task.sparse ? sparse_targets : dense_targets);
              },
          .canonical = canonical_identity};
}

}  // namespace modsweep
