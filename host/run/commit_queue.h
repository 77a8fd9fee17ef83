// The store of a run, for all of its workers: commits by a thread of its own, about once a second.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "modsweep/store.h"

namespace modsweep {

struct CommitQueueOptions {
  double interval = 1.0;           ///< seconds between two commits
  double longest_interval = 30.0;  ///< where a commit itself takes long
  std::size_t waiting_bytes =
      0;  ///< that may wait for a store that others have locked; 0: by the memory here
  /// Called after each commit, by the queue's thread, with the ticket of the last call of `commit` that is in
  /// the store now; may be empty.
  std::function<void(std::uint64_t ticket)> saved = {};
  std::function<void(std::string)> tell = {};  ///< messages for the user, by the queue's thread; may be empty
};

/// Takes what workers have trained and commits it. A worker waits only where it trains faster than the disk
/// writes. While another program has the store locked, results wait in memory and training goes on. What the
/// store throws otherwise ends the run: the next call throws it.
class CommitQueue {
 public:
  /// Keeps a reference, and is the only one who uses the store until it is gone.
  CommitQueue(Store& store, CommitQueueOptions options);
  /// Drops what was not committed: `flush` comes before, where nothing failed.
  ~CommitQueue();
  CommitQueue(const CommitQueue&) = delete;
  CommitQueue& operator=(const CommitQueue&) = delete;

  /// The last state of a cell; what waits is committed before.
  [[nodiscard]] std::optional<Checkpoint> checkpoint(const Cell& cell);

  /// Takes progress over; the cells are copied.
  void commit(const std::string& sweep_id, std::vector<CellProgress> progress, std::string_view engine,
              std::string_view device);

  /// Returns when everything is in the store.
  void flush();

  /// Of the last call of `commit`, counted from 1; 0: none.
  [[nodiscard]] std::uint64_t last_ticket() const;
  /// Seconds that the last commit took.
  [[nodiscard]] double last_duration() const;
  /// Whether the store failed: the run is to end, and `flush` throws why.
  [[nodiscard]] bool failed() const;

 private:
  /// Progress of one cell that waits, with the cell it is of.
  struct Waiting {
    Cell cell;
    CellProgress progress;
    std::string sweep_id;
    std::string engine;
    std::string device;
    std::size_t bytes = 0;
  };
  using Batch = std::list<Waiting>;

  void run();
  void write(const Batch& batch);
  void add(Waiting waiting);
  void rethrow() const;
  [[nodiscard]] bool due() const;

  Store& store_;
  const CommitQueueOptions options_;
  mutable std::mutex mutex_;                   // of all below but store_
  std::unordered_set<std::uint64_t> running_;  // cells with a checkpoint, in the store or on their way there
  std::condition_variable wake_;               // the thread: something to do
  std::condition_variable moved_;              // workers: something was written
  Batch waiting_;                              // in order
  std::unordered_map<std::string, Batch::iterator> by_cell_;  // of waiting_, by id
  std::uint64_t last_ticket_ = 0;
  std::size_t waiting_bytes_ = 0;
  std::size_t writing_bytes_ = 0;
  double last_commit_;  // when it ended
  double last_duration_ = 0.0;
  bool locked_ = false;  // another program has the store
  double locked_since_ = 0.0;
  bool told_ = false;  // and the user knows
  bool flushing_ = false;
  bool ending_ = false;
  std::exception_ptr failure_;
  std::mutex store_mutex_;  // of store_; never taken by who holds mutex_
  std::thread thread_;
};

}  // namespace modsweep
