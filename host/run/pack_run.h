// One pack from start or checkpoint to the end: when to advance, measure, checkpoint and stop.
#pragma once

#include "run/commit_queue.h"
#include "run/measure_pack.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "modsweep/engine.h"
#include "modsweep/pack.h"
#include "modsweep/store.h"
#include "modsweep/sweep.h"
#include "modsweep/task.h"

namespace modsweep {

/// Options of a run. None of them changes a result.
struct RunOptions {
  std::size_t threads = 1;           ///< for spectra and the like, over all workers; engines have their own
  std::size_t max_pack = 0;          ///< limit on the networks of a pack; 0: what the engine prefers
  double checkpoint_seconds = 60.0;  ///< limit on the training that a crash loses
  double advance_seconds = 1.0;      ///< aimed at between two polls of the stop request
  /// When everything must be saved and the run must end, in seconds of the steady clock.
  double end_by = std::numeric_limits<double>::infinity();
};

/// What a pack run needs; everything outlives it.
struct RunContext {
  CommitQueue& store;
  Engine& engine;
  DatasetCache& datasets;
  const RunOptions& options;
  std::string sweep_id;
  std::string device;  ///< recorded with each cell
  /// Polled between advances, with the seconds that another advance and saving the state may take.
  std::function<bool(double seconds)> stop;
  std::function<void()> saved;  ///< called when the state of the whole pack is in `store`, the queue
  /// Called after training with its network-steps and work (FLOP); `restored`: a checkpoint had them.
  std::function<void(double steps, double flop, bool restored)> trained;
  std::function<void(CellStatus)> finished;
  /// The cells that repeat this one and get its results; may be empty.
  std::function<std::vector<Cell>(const Cell&)> repeats = {};
  /// The final weights of a cell's parent; may be empty where no cell has one.
  std::function<std::shared_ptr<const Parameters>(const CellSettings&)> parent = {};
  /// Receives messages for the user, each to be shown once; may be empty.
  std::function<void(const std::string&)> tell;
};

/// Trains the cells of one pack and commits their results.
class PackRun {
 public:
  /// Stores a reference to the context.
  PackRun(const RunContext& context, std::vector<Cell> cells);
  ~PackRun();

  /// Starts the pack, restores checkpoints and trains until every cell is finished (true) or a stop is
  /// requested (false; all state is committed). Throws std::bad_alloc if memory does not suffice: what is
  /// committed stays valid, and `unfinished` returns the remaining cells. Throws InputError naming the cell
  /// whose checkpoint cannot be restored.
  [[nodiscard]] bool run();

  /// The cells that were not committed as finished, in order; call it once, after `run`.
  [[nodiscard]] std::vector<Cell> unfinished() &&;

 private:
  struct Member;

  void start();
  void restore(Member& member, std::size_t network);
  void tell_of(const Checkpoint& checkpoint) const;
  [[nodiscard]] std::uint64_t steps_to_next_event() const;
  void advance();
  void prune_due(std::size_t network);
  void swap_due(std::size_t network);
  void add_parents();
  void learn(std::size_t network, std::size_t goal);
  void turn_to_goals();
  [[nodiscard]] bool at_rest(std::size_t network) const;
  void measure_due(bool all_finished);
  void stop_early(std::size_t network, const Measured& measured);
  void record(std::size_t network, Measured measured);
  [[nodiscard]] CellProgress progress_of(std::size_t network);
  void commit(bool with_running);
  [[nodiscard]] bool checkpoint_due() const;
  [[nodiscard]] double seconds_to_end() const;

  const RunContext& context_;
  std::vector<Cell> cells_;
  std::vector<Member> members_;
  Pack pack_;  // with the datasets of the goals that are learned now
  std::vector<std::shared_ptr<const Dataset>> first_goals_;
  std::unique_ptr<Training> training_;
  std::size_t training_members_ = 0;  // neither at rest nor finished
  double chunk_ = 1.0;                // limit on the steps of the next advance
  double last_commit_ = 0.0;
  double last_final_ = 0.0;  // when finished cells were last measured
  double last_round_ = 0.0;  // seconds of the last advance and its measurements
  double last_advance_ = 0.0;
  double next_advance_ = 0.0;  // at the speed of the last one
  double last_save_ = 0.0;     // seconds that saving the whole pack took, estimated before the first time
  std::size_t buffered_rows_ = 0;
};

}  // namespace modsweep
