// Task 6 of science.md section 6: the data of modular_regression for networks of blocks, one per input, in
// front of layers that see all block outputs. Which part learns the functions, the blocks or the layers
// behind them? The measurement block_error tells. The architecture is a network's setting
// (network.architecture = "modular"), so that other architectures can be compared with it.
#include "modsweep/task.h"

namespace modsweep {

TaskKind modular_regression_task();

TaskKind block_competition_task() {
  TaskKind kind = modular_regression_task();
  kind.name = "block_competition";
  return kind;
}

}  // namespace modsweep
