#include "modsweep/session.h"

#include "core/clock.h"
#include "core/parallel.h"
#include "engines/registry.h"
#include "plan/parents.h"
#include "plan/shard_cells.h"
#include "plan/starts.h"
#include "plan/summary.h"
#include "run/runner.h"

#include <deque>
#include <filesystem>
#include <optional>
#include <system_error>
#include <unordered_set>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "modsweep/error.h"
#include "modsweep/task.h"
#include "modsweep/version.h"

namespace modsweep {

struct Session::Impl {
  std::string path;
  SessionOptions options;
  std::optional<Store> store;
  std::optional<ShardCells> shard_cells;
  std::optional<EngineChoice> choice;
  std::shared_ptr<DatasetCache> datasets;

  [[nodiscard]] std::size_t threads() const {
    return options.threads == 0 ? hardware_threads() : options.threads;
  }

  const ShardCells* shard(const Sweep& sweep) {
    if (options.shard && !shard_cells) shard_cells.emplace(sweep, *options.shard, threads());
    return shard_cells ? &*shard_cells : nullptr;
  }

  bool train(const Sweep& sweep, SessionWatcher& watcher);
  void copy_cells(const Sweep& sweep, const Starts& starts, const Repeats& repeats);
};

namespace {

constexpr std::size_t cells_at_once = 256;  // written to the store in one transaction

}  // namespace

/// Copies what the store has already: the beginnings of cells, and finished cells that others repeat.
void Session::Impl::copy_cells(const Sweep& sweep, const Starts& starts, const Repeats& repeats) {
  struct Pending {
    Cell cell;
    const Start* start = nullptr;
    std::string from;
  };
  std::deque<Pending> pending;
  const auto write = [&] {
    std::vector<CellCopy> copies;
    for (const Pending& next : pending) {
      CellCopy& copy = copies.emplace_back(CellCopy{&next.cell, next.from});
      if (next.start != nullptr)
        copy.keeps = [&next](std::uint64_t step) { return keeps_row(next.cell.settings, *next.start, step); };
    }
    store->copy_cells(sweep.id(), copies);
    pending.clear();
  };
  const auto add = [&](std::uint64_t index, const Start* start, const std::string& from) {
    pending.push_back({sweep.cell(index), start, from});
    if (pending.size() == cells_at_once) write();
  };
  for (const Start& start : starts.cells) add(start.index, &start, start.from);
  for (const auto& [index, from] : repeats.of_finished()) add(index, nullptr, from);
  if (!pending.empty()) write();
}

Session::Session(std::string store_path, SessionOptions options) : impl_(std::make_unique<Impl>()) {
  impl_->path = std::move(store_path);
  impl_->options = std::move(options);
  impl_->datasets = impl_->options.datasets ? impl_->options.datasets : std::make_shared<DatasetCache>();
  std::error_code error;
  if (std::filesystem::exists(std::filesystem::symlink_status(impl_->path, error)))
    impl_->store.emplace(impl_->path, Store::Access::read_write);
}

Session::~Session() = default;

bool Session::finished(const Sweep& sweep) const {
  return impl_->store && impl_->store->finished(sweep, impl_->options.shard.value_or(Shard{}));
}

bool Session::train(const Sweep& sweep, SessionWatcher& watcher) {
  return impl_->train(sweep, watcher);
}

bool Session::train(const Sweep& sweep) {
  SessionWatcher nobody;
  return impl_->train(sweep, nobody);
}

bool Session::has_store() const {
  return impl_->store.has_value();
}

Store& Session::store() {
  if (!impl_->store) throw LogicError(fmt::format("Session: no store {} yet", impl_->path));
  return *impl_->store;
}

void Session::close_store() {
  impl_->store.reset();
}

const ShardCells* Session::shard(const Sweep& sweep) {
  return impl_->shard(sweep);
}

bool Session::Impl::train(const Sweep& sweep, SessionWatcher& watcher) {
  const auto stop = [&] { return watcher.stop() || steady_seconds() >= options.end_by; };
  if (stop()) return false;  // requested while the sweep and its tables were read
  const std::unordered_set<std::uint64_t> finished =
      store ? store->finished_cells() : std::unordered_set<std::uint64_t>{};
  const ShardCells* mine = shard(sweep);
  if (!choice) {
    choice = choose_engine(options.engine, options.threads,
                           {sweep, finished, *datasets, options.max_pack, threads(), mine});
    if (!choice->warning.empty()) watcher.note(choice->warning);
  }
  const std::vector<Worker> workers = choice->workers();
  Parents parents(sweep);
  const Repeats repeats(sweep, finished, threads(), mine);
  PlanSummary plan = summarize(sweep, finished, workers, options.max_pack, threads(), mine, &repeats);
  const Starts starts =
      store ? find_starts(sweep, stored_cells(*store, finished), repeats, threads(), mine) : Starts{};
  if (stop()) return false;
  // Every cell is known to be trainable: from here on the store may be written.
  if (!store) {
    store.emplace(path, Store::Access::read_write);
    for (const std::string& note : store->notes()) watcher.note(note);
  }
  store->add_sweep(sweep, options.shard.value_or(Shard{}));
  store->begin_run({.version = program_version(),
                    .revision = program_revision(),
                    .command = options.command,
                    .engine = std::string(choice->name()),
                    .device = choice->text(),
                    .shard = options.shard.value_or(Shard{})});
  watcher.begin({.cells = plan.cells,
                 .left = plan.to_train() - starts.measured(),
                 .flop = plan.flop(),
                 .engine = choice->name(),
                 .device = choice->text()});
  for (const std::string& note : notes_of(repeats, starts, plan.cells)) watcher.note(note);
  copy_cells(sweep, starts, repeats);
  plan.finished += repeats.of_finished().size();
  plan.repeated -= repeats.of_finished().size();
  const RunResult result = run_sweep({.sweep = sweep,
                                      .finished = finished,
                                      .plan = plan,
                                      .store = *store,
                                      .workers = workers,
                                      .datasets = *datasets,
                                      .progress = watcher,
                                      .stop = stop,
                                      .shard = mine,
                                      .saved = [&](double until) { watcher.saved(until); },
                                      .repeats = &repeats,
                                      .parents = &parents},
                                     {.threads = threads(),
                                      .max_pack = options.max_pack,
                                      .checkpoint_seconds = options.checkpoint_seconds,
                                      .end_by = options.end_by});
  store->end_run(result.interrupted ? "interrupted" : "done");
  return !result.interrupted;
}

}  // namespace modsweep
