// The tasks, one file each; task_kinds.cpp lists them in its table.
#pragma once

#include "modsweep/task.h"

namespace modsweep {

[[nodiscard]] TaskKind modular_regression_task();
[[nodiscard]] TaskKind identity_task();
[[nodiscard]] TaskKind mixed_regression_task();
[[nodiscard]] TaskKind gaussian2d_task();
[[nodiscard]] TaskKind random_composition_task();
[[nodiscard]] TaskKind block_competition_task();
[[nodiscard]] TaskKind table_task();

}  // namespace modsweep
