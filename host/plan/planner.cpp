#include "plan/planner.h"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <limits>
#include <utility>

#include <fmt/format.h>

#include "modsweep/error.h"
#include "modsweep/names.h"
#include "modsweep/pruning.h"
#include "modsweep/task.h"

namespace modsweep {

std::string PackKey::text() const {
  return fmt::format("{}, batch {}, {}{}{}{}{}", shape.text(), batch_size, name_of(precision),
                     shape.bias ? "" : ", no bias", shape.prelu ? ", prelu" : "", pruned ? ", pruned" : "",
                     regularized ? ", noise or penalties" : "");
}

PackKey pack_key(const CellSettings& cell) {
  const std::uint32_t outputs = task_kind(cell.task.kind).outputs(cell.task);
  return {shape_of(cell, outputs), cell.training.batch_size, cell.training.precision,
          zeros_stay_from(cell.pruning) != no_step, is_regularized_recurrent(cell)};
}

std::uint64_t cell_number(const Cell& cell) {
  std::uint64_t number = 0;
  const char* const end = cell.id.data() + cell.id.size();
  const auto [stop, error] = std::from_chars(cell.id.data(), end, number, 16);
  if (error != std::errc{} || stop != end)
    throw LogicError(fmt::format("cell id '{}' is no hexadecimal number", cell.id));
  return number;
}

std::size_t pack_limit(const Worker& worker, const PackKey& key, std::size_t max_pack) {
  const Engine& engine = worker.engine;
  if (engine.family() != key.shape.family)
    throw InputError(fmt::format("engine {} does not train networks of shape {}; choose another --engine",
                                 engine.name(), key.text()));
  if (const std::string reason = engine.refuses(key.shape, key.precision); !reason.empty()) {
    throw InputError(
        fmt::format("engine {} cannot train networks of shape {}: {}; change that or choose another --engine",
                    engine.name(), key.text(), reason));
  }
  if (key.pruned && !engine.prunes())
    throw InputError(fmt::format(
        "engine {} keeps no weights at 0 (pruning.sparsity, pruning.keep); choose another --engine, as cpu",
        engine.name()));
  if (key.regularized && !engine.regularizes_recurrent())
    throw InputError(
        fmt::format("engine {} trains recurrent networks without noise and penalties alone (noise.strength, "
                    "regularizer.*); choose another --engine, as cpu",
                    engine.name()));
  std::size_t limit = max_pack > 0 ? max_pack : std::numeric_limits<std::size_t>::max();
  limit = std::min(limit, engine.preferred_pack(key.shape, key.batch_size, key.precision));
  const std::size_t each = engine.bytes_per_network(key.shape, key.batch_size, key.precision);
  if (each > 0) limit = std::min(limit, worker.memory / each);
  return std::max<std::size_t>(limit, 1);
}

std::size_t even_pack(std::uint64_t cells, std::size_t limit, std::size_t workers) {
  if (workers < 2 || cells == 0) return limit;
  const std::uint64_t rounds = (cells + limit * workers - 1) / (limit * workers);
  return static_cast<std::size_t>((cells + rounds * workers - 1) / (rounds * workers));
}

PackPlanner::PackPlanner(const Sweep& sweep, const std::unordered_set<std::uint64_t>& finished,
                         const ShardCells* shard, std::size_t max_open, const Repeats* repeats)
    : sweep_(sweep), finished_(finished), shard_(shard), max_open_(max_open), repeats_(repeats) {}

std::vector<Cell> PackPlanner::take(OpenPack& pack, const PackLimit& limit) {
  const auto count = static_cast<std::ptrdiff_t>(std::min(pack.cells.size(), limit(pack.key)));
  std::vector<Cell> cells(std::make_move_iterator(pack.cells.begin()),
                          std::make_move_iterator(pack.cells.begin() + count));
  pack.cells.erase(pack.cells.begin(), pack.cells.begin() + count);
  open_cells_ -= cells.size();
  return cells;
}

std::optional<std::vector<Cell>> PackPlanner::next(const PackLimit& limit) {
  // Another worker with a larger limit may have left more cells than this one accepts.
  for (OpenPack& pack : open_)
    if (!pack.cells.empty() && pack.cells.size() >= limit(pack.key)) return take(pack, limit);
  for (const std::uint64_t count = sweep_.size(); next_index_ < count;) {
    const std::uint64_t index = next_index_++;
    if (shard_ != nullptr && !shard_->contains(index)) continue;
    if (repeats_ != nullptr && repeats_->contains(index)) continue;
    Cell cell = sweep_.cell(index);
    if (finished_.contains(cell_number(cell))) continue;
    PackKey key = pack_key(cell.settings);
    const auto [entry, added] = by_key_.try_emplace(key.text(), open_.size());
    if (added) open_.push_back({std::move(key), {}});
    OpenPack& pack = open_[entry->second];
    pack.cells.push_back(std::move(cell));
    ++open_cells_;
    if (pack.cells.size() >= limit(pack.key)) return take(pack, limit);
    if (open_cells_ >= max_open_)
      return take(*std::max_element(
                      open_.begin(), open_.end(),
                      [](const OpenPack& a, const OpenPack& b) { return a.cells.size() < b.cells.size(); }),
                  limit);
  }
  // The remaining packs, in order of first appearance.
  for (OpenPack& pack : open_)
    if (!pack.cells.empty()) return take(pack, limit);
  return std::nullopt;
}

}  // namespace modsweep
