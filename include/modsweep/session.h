// A sweep from its description to a finished store, without a terminal: what `modsweep run` does, for
// programs.
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

/// How a sweep is trained. None of it changes a result, but for rounding, which depends on the engine.
struct SessionOptions {
  std::string engine = "auto";       ///< "cpu", "gemm", ...; auto: the fastest with the sweep's cells
  std::size_t threads = 0;           ///< 0: all
  std::size_t max_pack = 0;          ///< networks trained at once at most; 0: as the engine prefers
  double checkpoint_seconds = 60.0;  ///< training that a crash may cost at most
  /// When the state is to be saved and the training to end, in seconds of std::chrono::steady_clock.
  double end_by = std::numeric_limits<double>::infinity();
  std::optional<Shard> shard = {};  ///< the cells that are trained; none: all
  std::string command = {};         ///< recorded in the store's table `runs`
};

/// What is going to be trained, and on what.
struct SessionPlan {
  std::uint64_t cells = 0;  ///< of the sweep, or of the shard of it
  std::uint64_t left = 0;   ///< of these, to be trained
  double flop = 0.0;        ///< floating-point operations of the training
  std::string_view engine;
  std::string device;  ///< the devices, and why `auto` chose them
};

/// How far a training is. Work is counted in floating-point operations, because steps of different shapes
/// differ.
struct ProgressState {
  std::uint64_t cells = 0;     ///< of the sweep
  std::uint64_t finished = 0;  ///< done or diverged, those of earlier runs included
  std::uint64_t diverged = 0;  ///< in this run
  double steps = 0.0;          ///< network-steps taken in this run
  double work = 0.0;           ///< done in this run
  double work_left = 0.0;
};

/// Is told how a training goes, and may end it. Called by one thread at a time, not always the same one.
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
  /// What the user is to know: a store was brought to a new format, memory did not suffice for a pack, ...
  virtual void note(const std::string&) {}
  /// True ends the training, with its state saved. Asked about once a second.
  virtual bool stop() { return false; }
  /// Until when, in seconds of std::chrono::steady_clock, everything trained is in the store; infinity:
  /// nothing is in training. Called by the thread that writes the store.
  virtual void saved(double /*until*/) {}
};

/// Trains sweeps into one store. What is finished there is not trained again, and what was interrupted goes
/// on from its last checkpoint. For one thread at a time.
class Session {
 public:
  /// Opens the store where there is one. Throws as Store.
  explicit Session(std::string store_path, SessionOptions options = {});
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  /// Whether every cell of the sweep, or of the shard of it that the options name, is finished.
  [[nodiscard]] bool finished(const Sweep& sweep) const;

  /// Trains what is left of the sweep. Makes the store where there is none, once every cell is known to be
  /// trainable. False: stopped or out of time, with the state saved. Throws InputError for a cell or an
  /// engine that cannot be, IoError where the device, the disk or the store fails; what was committed stays.
  [[nodiscard]] bool train(const Sweep& sweep, SessionWatcher& watcher);
  [[nodiscard]] bool train(const Sweep& sweep);

  [[nodiscard]] bool has_store() const;
  /// Throws LogicError before there is one.
  [[nodiscard]] Store& store();
  /// Closes the store, after the last training.
  void close_store();

  /// The cells of the shard that the options name; nullptr: all. `sweep`: always the same where there is one.
  [[nodiscard]] const ShardCells* shard(const Sweep& sweep);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace modsweep
