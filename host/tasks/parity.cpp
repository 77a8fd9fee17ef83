// Parity of the last N bits, which recurrent networks learn for N = 2, 3, ... (science.md section 8.2).
#include "tasks/parity.h"

#include "modsweep/task.h"

namespace modsweep {

TaskKind parity_task() {
  return {.name = "parity",
          .family = Family::recurrent,
          .settings = {parity::length_factor, parity::lengths, parity::bit_probability},
          .uses_seed = false,
          .outputs = [](const TaskSettings&) { return std::uint32_t{2}; },
          .check = [](const TaskSettings&) {},
          .make = [](const TaskSettings&) { return Dataset{}; }};
}

}  // namespace modsweep
