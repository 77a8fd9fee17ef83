#include "store/copy_cell.h"

#include "store/cell_rows.h"
#include "store/commit.h"
#include "store/reading.h"
#include "store/row_hash.h"

#include <string>

#include <fmt/format.h>

#include "modsweep/error.h"
#include "modsweep/state.h"

namespace modsweep {
namespace {

/// The state of a network whose optimizer nobody knows: it can be measured, but not trained on.
template <typename T>
std::vector<std::byte> state_of_weights(const Parameters& weights, std::uint64_t step) {
  SavedState<T> state;
  state.step = step;
  for (const double value : weights.values) state.parameters.push_back(static_cast<T>(value));
  state.moment1.assign(weights.values.size(), T(0));
  state.moment2 = state.moment1;
  return to_bytes(state);
}

}  // namespace

CellCopier::CellCopier(const StoreFile& file)
    : file_(file), rows_(*file.db), weights_(*file.db, "weights"), checkpoints_(*file.db, "checkpoints") {
  for (const MeasuredTable& table : measured_tables())
    measured_.emplace_back(*file.db, std::string(table.name));
}

void CellCopier::check(const CellRow& from, std::uint64_t found, std::uint64_t wanted,
                       const char* table) const {
  if (found != wanted)
    throw_broken(file_, fmt::format("the {} of cell {} are not what was written", table, from.id));
}

void CellCopier::copy_measurements(
    const CellRow& from, CellRow& to,
    const std::function<bool(const MeasuredTable& table, std::uint64_t step)>& keeps) {
  constexpr int step_column = 1;
  for (std::size_t t = 0; t < measured_.size(); ++t) {
    SQLite::Statement& query = rows_.measured[t];
    query.bind(1, from.num);
    std::uint64_t all = 0;
    while (query.executeStep()) {
      const std::uint64_t hash = hash_row(query, 1, query.getColumnCount());
      all += hash;
      const auto step = static_cast<std::uint64_t>(query.getColumn(step_column).getInt64());
      if (!keeps(measured_tables()[t], step)) continue;
      measured_[t].copy_row(query, to.num);
      to.sums[t] += hash;
    }
    query.reset();
    check(from, all, from.sums[t], std::string(measured_tables()[t].name).c_str());
  }
}

void CellCopier::copy_state(const CellRow& from, CellRow& to) {
  if (!from.checkpoint) return;
  rows_.checkpoints.bind(1, from.num);
  check(from, checkpoints_.copy(rows_.checkpoints, to.num), *from.checkpoint, "checkpoints");
  to.checkpoint = from.checkpoint;
}

void CellCopier::copy_weights(const CellRow& from, CellRow& to) {
  if (!from.weights) return;
  rows_.weights.bind(1, from.num);
  check(from, weights_.copy(rows_.weights, to.num), *from.weights, "weights");
  to.weights = from.weights;
}

void CellCopier::clear(CellRow& cell) {
  std::vector<std::string> tables = {"weights", "checkpoints"};
  for (const MeasuredTable& table : measured_tables()) tables.emplace_back(table.name);
  for (const std::string& table : tables) {
    SQLite::Statement forget(*file_.db, fmt::format("DELETE FROM {} WHERE cell = ?", table));
    forget.bind(1, cell.num);
    forget.exec();
  }
  cell.sums.assign(cell.sums.size(), 0);
  cell.weights.reset();
  cell.checkpoint.reset();
}

void CellWriter::copy(std::int64_t sweep, std::int64_t run, const CellCopy& copy) {
  if (copy.cell == nullptr) throw LogicError("a copy to no cell");
  if (!counted_) read_totals();
  if (!copier_) copier_.emplace(file_);
  const WrittenCell from = find_row(copy.from);
  if (from.is_new || !from.finished())
    throw LogicError(fmt::format("a copy of cell {}, which is not finished", copy.from));
  WrittenCell to = find_row(copy.cell->id);
  if (to.is_new) {
    to.sweep = sweep;
    to.settings = settings_json(*copy.cell);
  } else {
    copier_->clear(to);
  }
  // Who trained it, and for how long, holds for the copy, too.
  to.engine = from.engine;
  to.device = from.device;
  to.seconds = from.seconds;
  to.step = from.step;
  to.run = run;
  if (copy.keeps)
    copy_beginning(from, copy, to);
  else
    copy_all(from, to);
  write_row(to);
}

void CellWriter::copy_all(const WrittenCell& from, WrittenCell& to) {
  to.status = from.status;
  to.diverged_at = from.diverged_at;
  copier_->copy_measurements(from, to, [](const MeasuredTable&, std::uint64_t) { return true; });
  copier_->copy_weights(from, to);
  copier_->copy_state(from, to);
}

void CellWriter::copy_beginning(const WrittenCell& from, const CellCopy& copy, WrittenCell& to) {
  to.status = status_name(CellStatus::running);
  to.diverged_at.reset();
  copier_->copy_measurements(from, to, [&](const MeasuredTable& table, std::uint64_t step) {
    return !table.only_last && copy.keeps(step);
  });
  if (from.checkpoint) return copier_->copy_state(from, to);
  const Parameters weights = read_weights(file_, {from.num, from.id}).weights;
  CellProgress progress;
  progress.step = static_cast<std::uint64_t>(from.step);
  progress.checkpoint = copy.cell->settings.training.precision == Precision::fp64
                            ? state_of_weights<double>(weights, progress.step)
                            : state_of_weights<float>(weights, progress.step);
  write_checkpoint(to, progress);
}

}  // namespace modsweep
