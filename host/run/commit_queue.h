// The store of a run, for all of its workers: a separate thread commits about once a second.
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
  double longest_interval = 30.0;  ///< upper limit if a commit itself takes long
  std::size_t waiting_bytes =
      0;  ///< limit on what waits for a locked store; 0: a quarter of the usable memory
  /// Called by the queue's thread after each commit, with the ticket of the last call of `commit` that is now
  /// in the store; may be empty.
  std::function<void(std::uint64_t ticket)> saved = {};
  std::function<void(std::string)> tell = {};  ///< messages for the user, by the queue's thread; may be empty
};

/// Collects the results of workers and commits them. A worker waits only if it trains faster than the disk
/// writes. While another program has the store locked, results wait in memory and training goes on. Any other
/// exception of the store ends the run: the next call rethrows it.
class CommitQueue {
 public:
  /// Stores a reference, and is the only user of the store during its lifetime.
  CommitQueue(Store& store, CommitQueueOptions options);
  /// Drops what is not committed: call `flush` before, unless something failed.
  ~CommitQueue();
  CommitQueue(const CommitQueue&) = delete;
  CommitQueue& operator=(const CommitQueue&) = delete;

  /// The last state of a cell; commits what is waiting first.
  [[nodiscard]] std::optional<Checkpoint> checkpoint(const Cell& cell);

  /// Takes over the progress; copies the cells.
  void commit(const std::string& sweep_id, std::vector<CellProgress> progress, std::string_view engine,
              std::string_view device);

  /// Returns when everything is in the store.
  void flush();

  /// Ticket of the last call of `commit`, counted from 1; 0: none.
  [[nodiscard]] std::uint64_t last_ticket() const;
  /// Seconds that the last commit took.
  [[nodiscard]] double last_duration() const;
  /// Whether the store failed: the run must end, and `flush` rethrows why.
  [[nodiscard]] bool failed() const;

 private:
  /// Waiting progress of one cell, with the cell itself.
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
  mutable std::mutex mutex_;                   // for all below except store_
  std::unordered_set<std::uint64_t> running_;  // cells with a checkpoint, in the store or waiting
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
  bool told_ = false;  // the user was told so
  bool flushing_ = false;
  bool ending_ = false;
  std::exception_ptr failure_;
  std::mutex store_mutex_;  // for store_; never locked while holding mutex_
  std::thread thread_;
};

}  // namespace modsweep
