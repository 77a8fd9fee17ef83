#include "plan/runner.h"

#include "core/parallel.h"
#include "plan/planner.h"
#include "plan/shared_store.h"

#include <algorithm>
#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <new>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "modsweep/error.h"

namespace modsweep {
namespace {

/// Hands the packs of a sweep out to all lanes, and knows what was learned about memory.
class PackQueue {
 public:
  PackQueue(const RunJob& job, std::size_t max_pack)
      : job_(job), max_pack_(max_pack), limits_(job.lanes.size()), planner_(job.sweep, job.finished) {
    for (const ShapePlan& plan : job.plan.shapes) cells_[plan.key.text()] = plan.cells;
  }

  /// None when all cells were handed out. `lane`: which of the job's asks.
  [[nodiscard]] std::optional<std::vector<Cell>> next(std::size_t lane) {
    const std::scoped_lock lock(mutex_);
    return planner_.next([this, lane](const PackKey& key) { return limit(lane, key); });
  }

  /// Makes packs to come of a lane no larger than `most`.
  void lower(std::size_t lane, const PackKey& key, std::size_t most) {
    const std::scoped_lock lock(mutex_);
    std::size_t& limit = limits_[lane].try_emplace(key.text(), most).first->second;
    limit = std::min(limit, most);
  }

 private:
  /// Asked by the planner, with the lock held.
  [[nodiscard]] std::size_t limit(std::size_t lane, const PackKey& key) {
    const auto [entry, added] = limits_[lane].try_emplace(key.text(), 0);
    if (added)
      entry->second =
          even_pack(cells_.at(entry->first), pack_limit(job_.lanes[lane], key, max_pack_), job_.lanes.size());
    return entry->second;
  }

  const RunJob& job_;
  const std::size_t max_pack_;
  std::mutex mutex_;  // of all below; keys are PackKey::text
  std::map<std::string, std::uint64_t> cells_;
  std::vector<std::map<std::string, std::size_t>>
      limits_;  // of each lane; lowered where memory did not suffice
  PackPlanner planner_;
};

/// The state of one run: what its lanes share.
class Run {
 public:
  Run(const RunJob& job, const RunOptions& options);
  RunResult all();

 private:
  void carry(std::size_t lane);
  [[nodiscard]] bool train(std::size_t lane, const RunContext& context, std::vector<Cell> cells);
  [[nodiscard]] bool train_split(std::size_t lane, const RunContext& context, std::vector<Cell> cells);
  [[nodiscard]] bool stopping();
  void count_training(double steps, double flop, bool restored);
  void count_cell(CellStatus status);

  const RunJob& job_;
  const std::string sweep_id_;
  RunOptions options_;  // of each lane
  SharedStore store_;
  PackQueue packs_;
  std::mutex mutex_;  // of all below, job_.progress and job_.stop
  RunResult result_;
  ProgressState progress_;
  bool stop_requested_ = false;
  bool failed_ = false;  // a lane threw
};

Run::Run(const RunJob& job, const RunOptions& options)
    : job_(job),
      sweep_id_(job.sweep.id()),
      options_(options),
      store_(job.store),
      packs_(job, options.max_pack) {
  options_.threads = std::max<std::size_t>(options.threads / job.lanes.size(), 1);
  progress_.cells = job.plan.cells;
  progress_.finished = job.plan.finished;
  progress_.work_left = job.plan.flop();
}

/// Whether lanes are to save their state and end.
bool Run::stopping() {
  const std::scoped_lock lock(mutex_);
  stop_requested_ = stop_requested_ || (job_.stop && job_.stop());
  return stop_requested_ || failed_;
}

void Run::count_training(double steps, double flop, bool restored) {
  const std::scoped_lock lock(mutex_);
  progress_.work_left = std::max(0.0, progress_.work_left - flop);
  if (restored) return;
  progress_.steps += steps;
  progress_.work += flop;
  job_.progress.update(progress_);
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

/// Trains a pack, in two halves where it does not fit in memory. False: a stop was requested.
bool Run::train(std::size_t lane, const RunContext& context, std::vector<Cell> cells) {
  auto pack = std::make_unique<PackRun>(context, std::move(cells));
  try {
    return pack->run();
  } catch (const std::bad_alloc&) {
    cells = std::move(*pack).unfinished();
  }
  pack.reset();  // its memory is what the halves need
  return train_split(lane, context, std::move(cells));
}

bool Run::train_split(std::size_t lane, const RunContext& context, std::vector<Cell> cells) {
  if (cells.empty()) return true;
  const PackKey key = pack_key(cells.front().settings);
  if (cells.size() == 1)
    throw IoError(
        fmt::format("out of memory with a single network of shape {} (cell {}); use a machine with more "
                    "memory, a smaller network or fewer samples",
                    key.text(), cells.front().id));
  const std::size_t half = cells.size() / 2;
  packs_.lower(lane, key, half);
  std::vector<Cell> second(std::make_move_iterator(cells.begin() + static_cast<std::ptrdiff_t>(half)),
                           std::make_move_iterator(cells.end()));
  cells.resize(half);
  return train(lane, context, std::move(cells)) && train(lane, context, std::move(second));
}

/// One lane: pack after pack until none is left, a stop is requested or another lane fails.
void Run::carry(std::size_t lane) {
  const RunContext context{
      .store = store_,
      .engine = job_.lanes[lane].engine,
      .datasets = job_.datasets,
      .options = options_,
      .sweep_id = sweep_id_,
      .device = job_.lanes[lane].device,
      .stop = [this] { return stopping(); },
      .trained = [this](double steps, double flop, bool restored) { count_training(steps, flop, restored); },
      .finished = [this](CellStatus status) { count_cell(status); }};
  try {
    while (auto cells = packs_.next(lane)) {
      if (!stopping() && train(lane, context, std::move(*cells))) continue;
      const std::scoped_lock lock(mutex_);
      result_.interrupted = true;
      return;
    }
  } catch (...) {
    const std::scoped_lock lock(mutex_);
    if (!std::exchange(failed_, true)) throw;  // a later one came of stopping: the first tells what is wrong
  }
}

RunResult Run::all() {
  const std::size_t lanes = job_.lanes.size();
  parallel_for(lanes, lanes, [this](std::size_t lane, std::size_t) { carry(lane); });
  if (!result_.interrupted) job_.store.mark_finished(sweep_id_);
  job_.progress.finish(progress_);
  return result_;
}

}  // namespace

RunResult run_sweep(const RunJob& job, const RunOptions& options) {
  if (job.lanes.empty()) throw LogicError("a run has 0 lanes, but needs at least 1");
  return Run(job, options).all();
}

}  // namespace modsweep
