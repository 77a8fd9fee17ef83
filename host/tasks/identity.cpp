// y = x, for linear networks (science.md section 6, task 2). The training inputs are those of
// modular_regression. Sparse: one entry of each sample keeps its value, the others become 0. After the inputs
// of a split have been drawn, one uniform number u per sample, in order, chooses the entry floor(u n); the
// test inputs are drawn after that and so differ from the dense ones.
#include "tasks/regression_stream.h"

namespace modsweep {
namespace {

constexpr Setting<bool> sparse{.key = "task.sparse",
                               .doc = "identity: one entry per sample keeps its value, the others are 0",
                               .in_every_id = true};

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

}  // namespace

TaskKind identity_task() {
  return {.name = "identity",
          .settings = {sparse},
          .outputs = [](const TaskSettings& task) { return task.inputs; },
          .check = [](const TaskSettings& task) { check_regression(task, 1); },
          .make =
              [](const TaskSettings& task) {
                return make_regression(task, sparse.of(task) ? sparse_targets : dense_targets);
              }};
}

}  // namespace modsweep
