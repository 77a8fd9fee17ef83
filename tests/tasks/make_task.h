// What tests of tasks begin with.
#pragma once

#include "modsweep/task.h"

namespace modsweep::test {

/// The data of a task whose settings hold.
inline Dataset make(const TaskSettings& task) {
  const TaskKind& kind = task_kind(task.kind);
  kind.check(task);
  return kind.make(task);
}

}  // namespace modsweep::test
