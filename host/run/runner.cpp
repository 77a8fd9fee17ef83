#include "run/runner.h"

#include "core/clock.h"
#include "core/parallel.h"
#include "core/text.h"
#include "plan/planner.h"
#include "run/arithmetic.h"
#include "run/commit_queue.h"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <new>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "modsweep/error.h"

namespace modsweep {
namespace {

constexpr double never = std::numeric_limits<double>::infinity();

/// Hands out the packs of a sweep to all workers, and stores what was learned about memory.
class PackQueue {
 public:
  PackQueue(const RunJob& job, std::size_t max_pack)
      : job_(job),
        max_pack_(max_pack),
        working_(job.workers.size(), true),
        limits_(job.workers.size()),
        planner_(job.sweep, job.finished, job.shard, PackPlanner::default_max_open, job.repeats) {
    for (const ShapePlan& plan : job.plan.shapes) cells_[plan.key.text()] = plan.cells;
  }

  /// The next pack for `worker`, an index of the job's; none if no cells remain: then the worker ends.
  [[nodiscard]] std::optional<std::vector<Cell>> next(std::size_t worker) {
    const std::scoped_lock lock(mutex_);
    std::optional<std::vector<Cell>> cells;
    if (returned_.empty())
      cells = planner_.next([this, worker](const PackKey& key) { return limit(worker, key); });
    else
      cells = take_returned(worker);
    working_[worker] = cells.has_value();
    return cells;
  }

  /// Whether all other workers of the same engine, which share its memory, have ended.
  [[nodiscard]] bool alone(std::size_t worker) {
    const std::scoped_lock lock(mutex_);
    return is_alone(worker);
  }

  /// Requeues cells that ran out of memory, in packs of half the size. A single cell is left to the engine's
  /// other workers; then this one ends (false) to free its memory.
  [[nodiscard]] bool requeue(std::size_t worker, std::vector<Cell> cells) {
    const std::scoped_lock lock(mutex_);
    std::size_t& most = limits_[worker].at(pack_key(cells.front().settings).text());
    most = std::min(most, std::max<std::size_t>(cells.size() / 2, 1));
    working_[worker] = cells.size() > 1 || is_alone(worker);
    returned_.push_back(std::move(cells));
    return working_[worker];
  }

 private:
  // All with the lock held.
  [[nodiscard]] bool is_alone(std::size_t worker) const {
    for (std::size_t other = 0; other < working_.size(); ++other)
      if (other != worker && working_[other] && &job_.workers[other].engine == &job_.workers[worker].engine)
        return false;
    return true;
  }

  [[nodiscard]] std::vector<Cell> take_returned(std::size_t worker) {
    std::vector<Cell>& cells = returned_.back();
    const std::size_t most = limit(worker, pack_key(cells.front().settings));
    const std::size_t left = cells.size() - std::min(cells.size(), most);
    std::vector<Cell> taken(std::make_move_iterator(cells.begin() + static_cast<std::ptrdiff_t>(left)),
                            std::make_move_iterator(cells.end()));
    cells.resize(left);
    if (cells.empty()) returned_.pop_back();
    return taken;
  }

  [[nodiscard]] std::size_t limit(std::size_t worker, const PackKey& key) {
    const auto [entry, added] = limits_[worker].try_emplace(key.text(), 0);
    if (added)
      entry->second = even_pack(cells_.at(entry->first), pack_limit(job_.workers[worker], key, max_pack_),
                                job_.workers.size());
    return entry->second;
  }

  const RunJob& job_;
  const std::size_t max_pack_;
  std::mutex mutex_;  // for all below; keys are PackKey::text
  std::map<std::string, std::uint64_t> cells_;
  std::vector<bool> working_;                               // per worker
  std::vector<std::vector<Cell>> returned_;                 // packs that did not fit in memory
  std::vector<std::map<std::string, std::size_t>> limits_;  // per worker; lowered when memory did not suffice
  PackPlanner planner_;
};

/// The state of one run: what its workers share.
class Run {
 public:
  Run(const RunJob& job, const RunOptions& options);
  RunResult all();

 private:
  void run_worker(std::size_t worker);
  [[nodiscard]] std::shared_ptr<const Parameters> parent_of(const CellSettings& cell);
  void tell_of_parent(const Parents::Network& parent);
  [[nodiscard]] bool train(std::size_t worker, const RunContext& context, std::vector<Cell> cells);
  [[nodiscard]] bool stopping(double seconds);
  void note_queued(std::size_t worker, double until);
  void note_saved(std::uint64_t ticket);
  void report_saved();
  void count_training(double steps, double flop, bool restored);
  void count_cell(CellStatus status);
  [[nodiscard]] std::vector<Cell> repeats_of(const Cell& cell) const;
  void tell(const std::string& text);

  const RunJob& job_;
  const std::string sweep_id_;
  RunOptions options_;  // of each worker
  PackQueue packs_;
  std::mutex mutex_;  // for all below, job_.progress, job_.stop and job_.saved
  RunResult result_;
  ProgressState progress_;
  bool stop_requested_ = false;
  bool failed_ = false;  // a worker threw
  std::set<std::string> told_;
  /// The time up to which a worker's training is in the store, and the time up to which it is in the queue.
  struct Saved {
    double until = never;
    double queued_until = never;
    std::uint64_t ticket = 0;  ///< of what is queued
  };
  std::vector<Saved> saved_;  // per worker
  std::uint64_t saved_ticket_ = 0;
  CommitQueue store_;  // the last member: its thread uses those above
};

Run::Run(const RunJob& job, const RunOptions& options)
    : job_(job),
      sweep_id_(job.sweep.id()),
      options_(options),
      packs_(job, options.max_pack),
      saved_(job.workers.size()),
      store_(job.store, {.interval = std::min(1.0, options.checkpoint_seconds / 2),
                         .longest_interval = options.checkpoint_seconds / 2,
                         .saved = [this](std::uint64_t ticket) { note_saved(ticket); },
                         .tell = [this](const std::string& text) { tell(text); }}) {
  options_.threads = std::max<std::size_t>(options.threads / job.workers.size(), 1);
  progress_.cells = job.plan.cells;
  progress_.finished = job.plan.finished;
  progress_.work_left = job.plan.flop();
}

/// Whether workers must save their state and end. `seconds`: limit on the time that one worker needs for
/// that; they save one after the other, and then the store is written.
bool Run::stopping(double seconds) {
  const bool store_failed = store_.failed();
  const double writing = 2.0 * store_.last_duration();
  const std::scoped_lock lock(mutex_);
  const double last_moment = options_.end_by - writing - seconds * static_cast<double>(job_.workers.size());
  stop_requested_ = stop_requested_ || (job_.stop && job_.stop()) || steady_seconds() >= last_moment;
  return stop_requested_ || failed_ || store_failed;
}

/// Records that a worker's training up to a time is in the queue; `never`: it trains nothing.
void Run::note_queued(std::size_t worker, double until) {
  const std::uint64_t ticket = store_.last_ticket();
  const std::scoped_lock lock(mutex_);
  saved_[worker].queued_until = until;
  saved_[worker].ticket = ticket;
  report_saved();
}

/// Records that everything up to a ticket of the queue is in the store.
void Run::note_saved(std::uint64_t ticket) {
  const std::scoped_lock lock(mutex_);
  saved_ticket_ = ticket;
  report_saved();
}

/// With the lock held.
void Run::report_saved() {
  double until = never;
  for (Saved& worker : saved_) {
    if (worker.ticket <= saved_ticket_) worker.until = worker.queued_until;
    until = std::min(until, worker.until);
  }
  if (job_.saved) job_.saved(until);
}

void Run::count_training(double steps, double flop, bool restored) {
  const std::scoped_lock lock(mutex_);
  progress_.work_left = std::max(0.0, progress_.work_left - flop);
  if (restored) return;
  progress_.steps += steps;
  progress_.work += flop;
  job_.progress.update(progress_);
}

/// Shows each message once, however many cells it concerns.
void Run::tell(const std::string& text) {
  const std::scoped_lock lock(mutex_);
  if (told_.insert(text).second) job_.progress.note(text);
}

void Run::count_cell(CellStatus status) {
  const std::scoped_lock lock(mutex_);
  ++progress_.finished;
  if (status == CellStatus::diverged) {
    ++progress_.diverged;
    ++result_.diverged;
  } else {
    ++result_.done;
  }
}

std::vector<Cell> Run::repeats_of(const Cell& cell) const {
  std::vector<Cell> cells;
  if (job_.repeats == nullptr) return cells;
  for (const std::uint64_t index : job_.repeats->of(cell_number(cell)))
    cells.push_back(job_.sweep.cell(index));
  return cells;
}

std::shared_ptr<const Parameters> Run::parent_of(const CellSettings& cell) {
  if (job_.parents == nullptr)
    throw LogicError(fmt::format("a cell begins with cell {}, but the run has no parents", cell.start.cell));
  const Parents::Network parent = job_.parents->of(cell);
  tell_of_parent(parent);
  return parent.weights;
}

/// A parent whose last bits another machine would have otherwise makes children that this machine cannot make
/// again from the parent's settings alone.
void Run::tell_of_parent(const Parents::Network& parent) {
  const std::string now = arithmetic(job_.workers.front().engine.name(), job_.workers.front().device);
  const std::string before = arithmetic(parent.engine, parent.device);
  if (before != now)
    tell(
        fmt::format("networks begin with weights that were trained on {}, and are trained on {}: parents "
                    "trained here would differ from these in the last bits",
                    before, now));
}

/// Trains a pack. False: the worker must end.
bool Run::train(std::size_t worker, const RunContext& context, std::vector<Cell> cells) {
  const bool last_resort = cells.size() == 1 && packs_.alone(worker);
  auto pack = std::make_unique<PackRun>(context, std::move(cells));
  try {
    if (pack->run()) return true;
    const std::scoped_lock lock(mutex_);
    result_.interrupted = true;
    return false;
  } catch (const std::bad_alloc&) {
    cells = std::move(*pack).unfinished();
  }
  pack.reset();  // frees memory that others need
  if (cells.empty()) return true;
  if (last_resort)
    throw IoError(
        fmt::format("out of memory with a single network of shape {} (cell {}); use a machine with more "
                    "memory, a smaller network or fewer samples",
                    pack_key(cells.front().settings).text(), shown_id(cells.front().id)));
  return packs_.requeue(worker, std::move(cells));
}

/// One worker: pack after pack until none is left, a stop is requested or another worker fails.
void Run::run_worker(std::size_t worker) {
  const RunContext context{
      .store = store_,
      .engine = job_.workers[worker].engine,
      .datasets = job_.datasets,
      .options = options_,
      .sweep_id = sweep_id_,
      .device = job_.workers[worker].device,
      .stop = [this](double seconds) { return stopping(seconds); },
      .saved = [this, worker] { note_queued(worker, steady_seconds()); },
      .trained = [this](double steps, double flop, bool restored) { count_training(steps, flop, restored); },
      .finished = [this](CellStatus status) { count_cell(status); },
      .repeats = [this](const Cell& cell) { return repeats_of(cell); },
      .parent = [this](const CellSettings& cell) { return parent_of(cell); },
      .tell = [this](const std::string& text) { tell(text); }};
  try {
    while (auto cells = packs_.next(worker)) {
      if (stopping(0.0)) {
        const std::scoped_lock lock(mutex_);
        result_.interrupted = true;
        return;
      }
      note_queued(worker, steady_seconds());
      const bool more = train(worker, context, std::move(*cells));
      note_queued(worker, never);
      if (!more) return;
    }
  } catch (...) {
    const std::scoped_lock lock(mutex_);
    if (!std::exchange(failed_, true)) throw;  // later errors come from stopping: the first states the cause
  }
}

RunResult Run::all() {
  const std::size_t workers = job_.workers.size();
  try {
    parallel_for(workers, workers, [this](std::size_t worker, std::size_t) { run_worker(worker); });
  } catch (...) {
    if (!store_.failed()) store_.flush();  // the others have saved their states
    throw;
  }
  store_.flush();
  if (!result_.interrupted)
    job_.store.mark_finished(job_.sweep, job_.shard == nullptr ? Shard{} : job_.shard->shard());
  job_.progress.finish(progress_);
  return result_;
}

}  // namespace

RunResult run_sweep(const RunJob& job, const RunOptions& options) {
  if (job.workers.empty()) throw LogicError("a run has 0 workers, but needs at least 1");
  return Run(job, options).all();
}

}  // namespace modsweep
