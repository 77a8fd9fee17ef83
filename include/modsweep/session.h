// Trains a sweep into a store without a terminal: `modsweep run` as a library.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "modsweep/shard.h"
#include "modsweep/store.h"
#include "modsweep/sweep.h"

namespace modsweep {

class ShardCells;  // plan/shard_cells.h

/// How a sweep is trained. No option changes a result, except for rounding, which depends on the engine.
struct SessionOptions {
  std::string engine = "auto";       ///< "cpu", "gemm", ...; auto: the fastest for the sweep's cells
  std::size_t threads = 0;           ///< 0: all
  std::size_t max_pack = 0;          ///< maximum number of networks trained at once; 0: as the engine prefers
  double checkpoint_seconds = 60.0;  ///< maximum training time that a crash may cost
  /// The time at which the state is saved and the training ends, in seconds of std::chrono::steady_clock.
  double end_by = std::numeric_limits<double>::infinity();
  std::optional<Shard> shard = {};              ///< the cells that are trained; none: all
  std::shared_ptr<DatasetCache> datasets = {};  ///< with what read_sweep() read; null: an empty one
  std::string command = {};                     ///< recorded in the store's table `runs`
};

/// The cells to be trained, and the devices that train them.
struct SessionPlan {
  std::uint64_t cells = 0;  ///< of the sweep, or of the shard of it
  std::uint64_t left = 0;   ///< of these, still to be trained
  double flop = 0.0;        ///< floating-point operations of the training
  std::string_view engine;
  std::string device;  ///< the devices, and why `auto` chose them
};

/// Progress of a training. Work is counted in floating-point operations, because steps of different shapes
/// differ.
struct ProgressState {
  std::uint64_t cells = 0;     ///< of the sweep
  std::uint64_t finished = 0;  ///< done or diverged, those of earlier runs included
  std::uint64_t diverged = 0;  ///< in this run
  double steps = 0.0;          ///< network-steps taken in this run
  double work = 0.0;           ///< done in this run
  double work_left = 0.0;
};

/// Receives the progress of a training, and may end it. Called by one thread at a time, not always the same
/// one.
class SessionWatcher {
 public:
  SessionWatcher() = default;
  SessionWatcher(const SessionWatcher&) = delete;
  SessionWatcher& operator=(const SessionWatcher&) = delete;
  virtual ~SessionWatcher() = default;

  /// Before the first step. Every cell is known to be trainable, and the store is open.
  virtual void begin(const SessionPlan&) {}
  /// After every few steps: many times a second.
  virtual void update(const ProgressState&) {}
  /// After the last step, or the last before a stop.
  virtual void finish(const ProgressState&) {}
  /// A message for the user: a store was converted to a new format, memory did not suffice for a pack, ...
  virtual void note(const std::string&) {}
  /// Returning true ends the training, with its state saved. Called about once a second.
  virtual bool stop() { return false; }
  /// Everything trained before the time `until` is in the store, in seconds of std::chrono::steady_clock;
  /// infinity: nothing is in training. Called by the thread that writes the store.
  virtual void saved(double /*until*/) {}
};

/// Trains sweeps into one store. Finished cells are not trained again, and interrupted ones resume from their
/// last checkpoint. For one thread at a time.
class Session {
 public:
  /// Opens the store if it exists. Throws as Store.
  explicit Session(std::string store_path, SessionOptions options = {});
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  /// Whether every cell of the sweep, or of its shard named in the options, is finished.
  [[nodiscard]] bool finished(const Sweep& sweep) const;

  /// Trains the remaining cells of the sweep. Creates the store if absent, once every cell is known to be
  /// trainable. Returns false if stopped or out of time, with the state saved. Throws InputError for a cell
  /// that cannot be trained or an engine that cannot be used, IoError where the device, the disk or the store
  /// fails; earlier commits remain.
  [[nodiscard]] bool train(const Sweep& sweep, SessionWatcher& watcher);
  [[nodiscard]] bool train(const Sweep& sweep);

  [[nodiscard]] bool has_store() const;
  /// Throws LogicError where there is no store yet.
  [[nodiscard]] Store& store();
  /// Closes the store, after the last training.
  void close_store();

  /// The cells of the shard named in the options; nullptr: all. With a shard, `sweep` must be the same in
  /// every call.
  [[nodiscard]] const ShardCells* shard(const Sweep& sweep);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace modsweep
