#include "run/commit_queue.h"

#include "core/clock.h"
#include "core/machine.h"
#include "plan/planner.h"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <utility>

#include <fmt/format.h>

namespace modsweep {
namespace {

constexpr std::size_t full_bytes = std::size_t{64} << 20U;   // workers wait while this much is queued
constexpr std::size_t early_bytes = std::size_t{16} << 20U;  // committed before the interval ends
constexpr double pause_ratio = 4.0;  // a commit that took a second is followed by four without
constexpr double retry_seconds = 0.5;
constexpr double tell_seconds = 5.0;  // for which the store is locked before the user is told

std::size_t quarter_of_memory() {
  return static_cast<std::size_t>(machine_limits().memory.usable / 4);
}

std::size_t bytes_of(const Measurement& row) {
  std::size_t bytes = sizeof row;
  for (const std::vector<MeasuredRow>& rows : row.tables) {
    bytes += sizeof(std::vector<MeasuredRow>) + rows.size() * sizeof(MeasuredRow);
    for (const MeasuredRow& values : rows) {
      for (const MeasuredValue& value : values) bytes += sizeof(MeasuredValue) + value.text().size();
    }
  }
  return bytes;
}

std::size_t bytes_of(const CellProgress& progress) {
  std::size_t bytes = sizeof progress + sizeof(Cell) + 1024 + progress.checkpoint.size();
  for (const Measurement& row : progress.measurements) bytes += bytes_of(row);
  if (progress.weights) bytes += 8 * progress.weights->values.size();
  return bytes;
}

/// Merges later progress of a cell into its waiting progress.
void append_progress(CellProgress& to, CellProgress from) {
  std::move(from.measurements.begin(), from.measurements.end(), std::back_inserter(to.measurements));
  to.status = from.status;
  to.step = from.step;
  to.diverged_at = from.diverged_at;
  to.checkpoint = std::move(from.checkpoint);
  to.weights = std::move(from.weights);
  to.seconds += from.seconds;
  to.same_as = std::move(from.same_as);
}

}  // namespace

CommitQueue::CommitQueue(Store& store, CommitQueueOptions options)
    : store_(store),
      options_(std::move(options)),
      running_(store.running_cells()),
      last_commit_(steady_seconds()) {
  thread_ = std::thread([this] { run(); });
}

CommitQueue::~CommitQueue() {
  {
    const std::scoped_lock lock(mutex_);
    ending_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

std::optional<Checkpoint> CommitQueue::checkpoint(const Cell& cell) {
  {
    const std::scoped_lock lock(mutex_);
    if (!running_.contains(cell_number(cell))) return std::nullopt;
  }
  flush();  // a pack that did not fit in memory is started again
  const std::scoped_lock lock(store_mutex_);
  return store_.checkpoint(cell.id);
}

void CommitQueue::commit(const std::string& sweep_id, std::vector<CellProgress> progress,
                         std::string_view engine, std::string_view device) {
  std::unique_lock lock(mutex_);
  moved_.wait(lock, [this] { return failure_ || locked_ || waiting_bytes_ + writing_bytes_ < full_bytes; });
  rethrow();
  for (CellProgress& entry : progress) {
    const std::size_t bytes = bytes_of(entry);
    Cell cell = *entry.cell;
    if (entry.status == CellStatus::running)
      running_.insert(cell_number(cell));
    else
      running_.erase(cell_number(cell));
    add({std::move(cell), std::move(entry), sweep_id, std::string(engine), std::string(device), bytes});
  }
  ++last_ticket_;
  const std::size_t most = options_.waiting_bytes > 0 ? options_.waiting_bytes : quarter_of_memory();
  if (locked_ && waiting_bytes_ > most)
    throw IoError(
        "another program keeps the store locked, and the memory for what waits is used up; close that "
        "program "
        "and run the same command again");
  wake_.notify_all();
}

void CommitQueue::flush() {
  std::unique_lock lock(mutex_);
  flushing_ = true;
  wake_.notify_all();
  moved_.wait(lock, [this] { return failure_ || (waiting_.empty() && writing_bytes_ == 0); });
  flushing_ = false;
  rethrow();
}

std::uint64_t CommitQueue::last_ticket() const {
  const std::scoped_lock lock(mutex_);
  return last_ticket_;
}

double CommitQueue::last_duration() const {
  const std::scoped_lock lock(mutex_);
  return last_duration_;
}

bool CommitQueue::failed() const {
  const std::scoped_lock lock(mutex_);
  return failure_ != nullptr;
}

void CommitQueue::rethrow() const {
  if (failure_) std::rethrow_exception(failure_);
}

/// With the lock held.
void CommitQueue::add(Waiting waiting) {
  waiting_bytes_ += waiting.bytes;
  const auto found = by_cell_.find(waiting.cell.id);
  if (found == by_cell_.end()) {
    waiting_.push_back(std::move(waiting));
    waiting_.back().progress.cell = &waiting_.back().cell;
    by_cell_.emplace(waiting_.back().cell.id, std::prev(waiting_.end()));
    return;
  }
  Waiting& earlier = *found->second;
  append_progress(earlier.progress, std::move(waiting.progress));
  earlier.sweep_id = std::move(waiting.sweep_id);
  earlier.engine = std::move(waiting.engine);
  earlier.device = std::move(waiting.device);
  const std::size_t bytes = bytes_of(earlier.progress);  // a later state replaces the earlier one
  waiting_bytes_ -= earlier.bytes + waiting.bytes - bytes;
  earlier.bytes = bytes;
}

/// With the lock held.
bool CommitQueue::due() const {
  if (waiting_.empty()) return false;
  const double since = steady_seconds() - last_commit_;
  if (locked_) return since >= retry_seconds;
  return flushing_ || waiting_bytes_ >= early_bytes ||
         since >= std::clamp(pause_ratio * last_duration_, options_.interval, options_.longest_interval);
}

void CommitQueue::run() {
  std::unique_lock lock(mutex_);
  while (!ending_ && !failure_) {
    if (!due()) {
      if (waiting_.empty())
        wake_.wait(lock);
      else
        wake_.wait_for(lock, std::chrono::milliseconds(50));
      continue;
    }
    Batch batch = std::move(waiting_);
    waiting_.clear();
    by_cell_.clear();
    writing_bytes_ = std::exchange(waiting_bytes_, 0);
    const std::uint64_t ticket = last_ticket_;
    lock.unlock();
    const double begin = steady_seconds();
    std::exception_ptr failure;
    bool busy = false;
    try {
      write(batch);
      if (options_.saved) options_.saved(ticket);
    } catch (const StoreBusy&) {
      busy = true;
    } catch (...) {
      failure = std::current_exception();
    }
    lock.lock();
    last_commit_ = steady_seconds();
    last_duration_ = last_commit_ - begin;
    writing_bytes_ = 0;
    failure_ = failure;
    if (busy && !locked_) locked_since_ = begin;
    locked_ = busy;
    if (busy) {  // merges later progress into what could not be written
      Batch later = std::move(waiting_);
      waiting_.clear();
      by_cell_.clear();
      waiting_bytes_ = 0;
      for (Batch* part : {&batch, &later})
        for (Waiting& waiting : *part) add(std::move(waiting));
    }
    moved_.notify_all();
    if (!busy || last_commit_ - locked_since_ < tell_seconds) continue;  // readers lock it briefly
    if (std::exchange(told_, true) || !options_.tell) continue;
    lock.unlock();
    options_.tell(
        "another program has the store locked; training goes on, and what it brings is kept in memory "
        "until the store is free");
    lock.lock();
  }
}

void CommitQueue::write(const Batch& batch) {
  // Adjacent cells of one sweep, engine and device form a CommitPart.
  std::vector<CommitPart> parts;
  for (const Waiting& waiting : batch) {
    if (parts.empty() || parts.back().sweep_id != waiting.sweep_id || parts.back().device != waiting.device ||
        parts.back().engine != waiting.engine)
      parts.push_back({waiting.sweep_id, waiting.engine, waiting.device, {}});
    parts.back().progress.push_back(&waiting.progress);
  }
  const std::scoped_lock lock(store_mutex_);
  store_.commit(parts);
}

}  // namespace modsweep
