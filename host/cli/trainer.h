// What `run` and `refine` share: sweeps trained into one store.
#pragma once

#include "cli/command.h"
#include "cli/engines.h"
#include "cli/interrupt.h"
#include "cli/sweep_options.h"
#include "plan/progress.h"

#include <cstdint>
#include <optional>
#include <set>
#include <string>

#include "modsweep/store.h"
#include "modsweep/sweep.h"
#include "modsweep/task.h"

namespace modsweep::cli {

struct TrainerOptions : SweepOptions {
  bool quiet = false;
  double checkpoint_seconds = 60.0;
};

/// Adds those of a sweep, --quiet and --checkpoint-seconds.
void add_trainer_options(CLI::App& command, TrainerOptions& options);

/// "1,234 cells".
[[nodiscard]] std::string cells_text(std::uint64_t count);

/// "fig02: 1,234 cells", "fig02, shard 2/8: 154 of 1,234 cells".
[[nodiscard]] std::string cells_of(const SweepOptions& options, const Sweep& sweep, std::uint64_t cells);

class Trainer {
 public:
  /// Keeps references to both. Opens the store where there is one.
  Trainer(const TrainerOptions& options, Console& console);

  /// Whether every cell of the sweep, or of the shard of it that the options name, is finished.
  [[nodiscard]] bool finished(const Sweep& sweep) const;
  /// Trains what is left of the sweep; makes the store where there is none, once every cell is known to be
  /// trainable. False: interrupted, with the state saved.
  [[nodiscard]] bool train(const Sweep& sweep);
  /// Whether an interrupt was asked for since the first training began.
  [[nodiscard]] bool interrupted() const { return interrupt_ && interrupt_->requested(); }
  /// Tells how to go on.
  ExitCode say_interrupted() const;

  /// Throws LogicError before there is one.
  [[nodiscard]] Store& store();
  /// Closes the store, after the last training. Interrupts go on to be asked for, not to end the process.
  void close_store() { store_.reset(); }

  /// The cells of the shard that the options name; nullptr: all. `sweep`: always the same where there is one.
  [[nodiscard]] const ShardCells* shard(const Sweep& sweep);

 private:
  [[nodiscard]] Progress::Style progress_style() const;

  const TrainerOptions& options_;
  Console& console_;
  std::optional<Store> store_;
  std::optional<ShardCells> shard_;
  std::optional<EngineChoice> choice_;
  std::optional<InterruptGuard> interrupt_;
  DatasetCache datasets_;
  std::set<std::string> told_;
};

}  // namespace modsweep::cli
