#include "plan/planner.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <utility>

#include <fmt/format.h>

#include "modsweep/error.h"
#include "modsweep/names.h"
#include "modsweep/task.h"

namespace modsweep {

std::string PackKey::text() const {
  return fmt::format("{}, batch {}, {}{}{}", shape.text(), batch_size, name_of(precision),
                     shape.bias ? "" : ", no bias", shape.prelu ? ", prelu" : "");
}

PackKey pack_key(const CellSettings& cell) {
  const std::uint32_t outputs = task_kind(cell.task.kind).outputs(cell.task);
  return {shape_of(cell, outputs), cell.training.batch_size, cell.training.precision};
}

std::uint64_t cell_number(const Cell& cell) {
  std::uint64_t number = 0;
  const char* const end = cell.id.data() + cell.id.size();
  const auto [stop, error] = std::from_chars(cell.id.data(), end, number, 16);
  if (error != std::errc{} || stop != end)
    throw LogicError(fmt::format("cell id '{}' is no hexadecimal number", cell.id));
  return number;
}

std::size_t pack_limit(std::span<const Lane> lanes, const PackKey& key, std::size_t max_pack) {
  if (lanes.empty()) throw LogicError("packs are planned for 0 lanes, but need at least 1");
  std::size_t limit = max_pack > 0 ? max_pack : std::numeric_limits<std::size_t>::max();
  for (const auto& [engine, device, memory] : lanes) {
    if (const std::string reason = engine.refuses(key.shape, key.precision); !reason.empty()) {
      throw InputError(fmt::format(
          "engine {} cannot train networks of shape {}: {}; change that or choose another --engine",
          engine.name(), key.text(), reason));
    }
    limit = std::min(limit, engine.preferred_pack(key.shape, key.batch_size, key.precision));
    const std::size_t each = engine.bytes_per_network(key.shape, key.batch_size, key.precision);
    if (each > 0) limit = std::min(limit, memory / each);
  }
  return std::max<std::size_t>(limit, 1);
}

PackPlanner::PackPlanner(const Sweep& sweep, const std::unordered_set<std::uint64_t>& finished,
                         PackLimit limit, std::size_t max_open)
    : sweep_(sweep), finished_(finished), limit_(std::move(limit)), max_open_(max_open) {}

std::vector<Cell> PackPlanner::take(std::size_t pack) {
  std::vector<Cell> cells = std::exchange(open_[pack].cells, {});
  open_cells_ -= cells.size();
  return cells;
}

std::optional<std::vector<Cell>> PackPlanner::take_fullest() {
  const auto fullest = std::max_element(open_.begin(), open_.end(), [](const OpenPack& a, const OpenPack& b) {
    return a.cells.size() < b.cells.size();
  });
  if (fullest == open_.end() || fullest->cells.empty()) return std::nullopt;
  return take(static_cast<std::size_t>(fullest - open_.begin()));
}

std::optional<std::vector<Cell>> PackPlanner::next() {
  for (const std::uint64_t count = sweep_.size(); next_index_ < count;) {
    Cell cell = sweep_.cell(next_index_++);
    if (finished_.contains(cell_number(cell))) continue;
    PackKey key = pack_key(cell.settings);
    const auto [entry, added] = by_key_.try_emplace(key.text(), open_.size());
    const std::size_t pack = entry->second;
    if (added) open_.push_back({std::move(key), {}});
    open_[pack].cells.push_back(std::move(cell));
    ++open_cells_;
    if (open_[pack].cells.size() >= limit_(open_[pack].key)) return take(pack);
    if (open_cells_ >= max_open_) return take_fullest();
  }
  // The rest: in order of first appearance. A limit that fell meanwhile is obeyed by the runner's own
  // splitting.
  for (std::size_t pack = 0; pack < open_.size(); ++pack)
    if (!open_[pack].cells.empty()) return take(pack);
  return std::nullopt;
}

}  // namespace modsweep
