// What `run` and `refine` share: sweeps trained into one store.
#pragma once

#include "cli/command.h"
#include "cli/interrupt.h"
#include "cli/live_report.h"
#include "cli/sweep_options.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include <nlohmann/json.hpp>

#include "modsweep/session.h"
#include "modsweep/sweep.h"

namespace modsweep::cli {

struct TrainerOptions : SweepOptions {
  bool quiet = false;
  std::string format = "table";
  double checkpoint_seconds = 60.0;
  double time_limit = 0.0;                    ///< seconds; 0: none
  std::string report_path;                    ///< of the page that is written meanwhile; empty: none
  std::shared_ptr<InterruptGuard> interrupt;  ///< created when the arguments are read; outlives the store
  double started = 0.0;                       ///< when the arguments were read, by the steady clock

  /// The time by which a run with a time limit must end, with a margin for closing the store; else infinity.
  [[nodiscard]] double end_by() const;
};

/// Adds the options of a sweep, --format, --quiet, --checkpoint-seconds and --time-limit.
void add_trainer_options(CLI::App& command, TrainerOptions& options);

/// How the training of a sweep ended, for --format json: sweep, sweep_id, store, shard, outcome, and the
/// sweep's counts in the store. `store`: nullptr where there is none yet.
[[nodiscard]] nlohmann::ordered_json training_json(const TrainerOptions& options, const Sweep& sweep,
                                                   const Store* store, const std::string& path,
                                                   bool interrupted);

/// "1,234 cells".
[[nodiscard]] std::string cells_text(std::uint64_t count);

/// "fig02: 1,234 cells", "fig02, shard 2/8: 154 of 1,234 cells".
[[nodiscard]] std::string cells_of(const SweepOptions& options, const Sweep& sweep, std::uint64_t cells);

/// A session on the terminal: prints what is trained, its progress, and how to continue.
class Trainer {
 public:
  /// Stores references to both. Opens the store if it exists. From here on a failed write to the console does
  /// not end the work.
  Trainer(const TrainerOptions& options, Console& console);

  [[nodiscard]] Session& session() { return session_; }

  /// Trains the remaining cells of the sweep. False: interrupted or out of time, with the state saved.
  [[nodiscard]] bool train(const Sweep& sweep);
  /// Whether a signal asked to end, or the time is up.
  [[nodiscard]] bool interrupted() const;
  /// Prints how to continue.
  ExitCode say_interrupted() const;
  /// Writes the last page of --report. Only tells what failed: the training is what counts.
  void finish_report();

 private:
  const TrainerOptions& options_;
  Console& console_;
  Session session_;
  std::optional<LiveReport> report_;
};

}  // namespace modsweep::cli
