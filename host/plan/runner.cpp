#include "plan/runner.h"

#include <algorithm>
#include <cstddef>
#include <map>
#include <memory>
#include <new>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "modsweep/error.h"

namespace modsweep {
namespace {

/// The state of one run: what it has done, and what it learned about memory.
class Run {
 public:
  Run(const RunJob& job, const RunOptions& options);
  RunResult all();

 private:
  bool train(std::vector<Cell> cells);
  bool train_split(std::vector<Cell> cells);
  [[nodiscard]] std::size_t limit(const PackKey& key);
  void count_training(double steps, double flop, bool restored);
  void count_cell(CellStatus status);

  const RunJob& job_;
  const RunOptions& options_;
  RunContext context_;
  RunResult result_;
  ProgressState progress_;
  std::map<std::string, std::size_t> limits_;  // by PackKey::text; lowered where memory did not suffice
};

Run::Run(const RunJob& job, const RunOptions& options)
    : job_(job),
      options_(options),
      context_{.store = job.store,
               .engine = job.engine,
               .datasets = job.datasets,
               .options = options,
               .sweep_id = job.sweep.id(),
               .device = job.device,
               .stop = job.stop,
               .trained = [this](double steps, double flop,
                                 bool restored) { count_training(steps, flop, restored); },
               .finished = [this](CellStatus status) { count_cell(status); }} {
  progress_.cells = job.plan.cells;
  progress_.finished = job.plan.finished;
  progress_.work_left = job.plan.flop();
}

std::size_t Run::limit(const PackKey& key) {
  const auto [entry, added] = limits_.try_emplace(key.text(), 0);
  if (added) entry->second = pack_limit(job_.engine, key, options_.max_pack);
  return entry->second;
}

void Run::count_training(double steps, double flop, bool restored) {
  progress_.work_left = std::max(0.0, progress_.work_left - flop);
  if (restored) return;
  progress_.steps += steps;
  progress_.work += flop;
  job_.progress.update(progress_);
}

void Run::count_cell(CellStatus status) {
  ++progress_.finished;
  if (status == CellStatus::diverged) {
    ++progress_.diverged;
    ++result_.diverged;
  } else {
    ++result_.done;
  }
}

/// Trains a pack, in two halves where it does not fit in memory. False: a stop was requested.
bool Run::train(std::vector<Cell> cells) {
  auto pack = std::make_unique<PackRun>(context_, std::move(cells));
  try {
    return pack->run();
  } catch (const std::bad_alloc&) {
    cells = std::move(*pack).unfinished();
  }
  pack.reset();  // its memory is what the halves need
  return train_split(std::move(cells));
}

bool Run::train_split(std::vector<Cell> cells) {
  if (cells.empty()) return true;
  const PackKey key = pack_key(cells.front().settings);
  if (cells.size() == 1)
    throw IoError(
        fmt::format("out of memory with a single network of shape {} (cell {}); use a machine with more "
                    "memory, a smaller network or fewer samples",
                    key.text(), cells.front().id));
  const std::size_t half = cells.size() / 2;
  std::size_t& limit = limits_[key.text()];
  limit = limit == 0 ? half : std::min(limit, half);
  std::vector<Cell> second(std::make_move_iterator(cells.begin() + static_cast<std::ptrdiff_t>(half)),
                           std::make_move_iterator(cells.end()));
  cells.resize(half);
  return train(std::move(cells)) && train(std::move(second));
}

RunResult Run::all() {
  PackPlanner planner(job_.sweep, job_.finished, [this](const PackKey& key) { return limit(key); });
  const auto stopping = [this] { return job_.stop && job_.stop(); };
  while (!result_.interrupted) {
    auto cells = planner.next();
    if (!cells) break;
    result_.interrupted = stopping() || !train(std::move(*cells));
  }
  if (!result_.interrupted) job_.store.mark_finished(context_.sweep_id);
  job_.progress.finish(progress_);
  return result_;
}

}  // namespace

RunResult run_sweep(const RunJob& job, const RunOptions& options) {
  return Run(job, options).all();
}

}  // namespace modsweep
