// For the canonical settings of a task: what it does not use is at its default.
#pragma once

#include "modsweep/settings.h"

namespace modsweep {

/// The settings that every task uses (kind, inputs, seed and the sizes of training and test set), all others
/// at their defaults.
[[nodiscard]] inline TaskSettings only_common(const TaskSettings& task) {
  TaskSettings used;
  used.kind = task.kind;
  used.inputs = task.inputs;
  used.seed = task.seed;
  used.train_samples = task.train_samples;
  used.test_samples = task.test_samples;
  return used;
}

}  // namespace modsweep
