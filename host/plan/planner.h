// Which cells are trained together: cells in grid order become packs of one shape, batch size and precision.
#pragma once

#include "plan/lanes.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "modsweep/sweep.h"

namespace modsweep {

/// What all networks of a pack have in common.
struct PackKey {
  Shape shape;
  std::uint32_t batch_size = 0;
  Precision precision = Precision::fp32;

  bool operator==(const PackKey&) const = default;
  /// One text per key: "4-32-32-32-4, batch 200, fp32", "no bias" and "prelu" added where they apply.
  [[nodiscard]] std::string text() const;
};

/// The key of a cell. Throws InputError for an unknown task or groups that do not fit.
[[nodiscard]] PackKey pack_key(const CellSettings& cell);

/// A cell's id as a number, as Store::finished_cells has it.
[[nodiscard]] std::uint64_t cell_number(const Cell& cell);

/// The largest pack to make for a key: at least 1.
using PackLimit = std::function<std::size_t(const PackKey&)>;

/// What every lane can take: as its engine prefers, bounded by its memory and `max_pack` (0: no bound).
/// Throws InputError where an engine refuses the shape.
[[nodiscard]] std::size_t pack_limit(std::span<const Lane> lanes, const PackKey& key, std::size_t max_pack);

/// Streams the unfinished cells of a sweep as packs. Holds only the packs that are not full yet: a sweep of
/// millions of cells costs no more than one of thousands. The order depends on the sweep, the finished cells
/// and the limit only.
class PackPlanner {
 public:
  /// Keeps references to all arguments. `max_open`: cells held at most in packs that are not full.
  PackPlanner(const Sweep& sweep, const std::unordered_set<std::uint64_t>& finished, PackLimit limit,
              std::size_t max_open = std::size_t{1} << 16);

  /// The next pack, never empty; none when all cells were handed out.
  [[nodiscard]] std::optional<std::vector<Cell>> next();

 private:
  struct OpenPack {
    PackKey key;
    std::vector<Cell> cells;
  };
  std::vector<Cell> take(std::size_t pack);
  std::optional<std::vector<Cell>> take_fullest();

  const Sweep& sweep_;
  const std::unordered_set<std::uint64_t>& finished_;
  PackLimit limit_;
  std::size_t max_open_;
  std::uint64_t next_index_ = 0;
  std::size_t open_cells_ = 0;
  std::vector<OpenPack> open_;                           // in order of first appearance
  std::unordered_map<std::string, std::size_t> by_key_;  // PackKey::text -> index in open_
};

}  // namespace modsweep
