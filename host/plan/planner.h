// Which cells are trained together: cells in grid order become packs of one shape, batch size and precision.
#pragma once

#include "plan/repeats.h"
#include "plan/shard_cells.h"
#include "plan/workers.h"

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
  bool pruned = false;       ///< its networks are pruned, which not every engine does
  bool regularized = false;  ///< they are recurrent and have noise or penalties: the same

  bool operator==(const PackKey&) const = default;
  /// One text per key: "4-32-32-32-4, batch 200, fp32", "no bias", "prelu", "pruned" and "noise or
  /// penalties" added where they apply.
  [[nodiscard]] std::string text() const;
};

/// The key of a cell. Throws InputError for an unknown task or groups that do not fit.
[[nodiscard]] PackKey pack_key(const CellSettings& cell);

/// A cell's id as a number, as in Store::finished_cells.
[[nodiscard]] std::uint64_t cell_number(const Cell& cell);

/// The largest pack to make for a key: at least 1.
using PackLimit = std::function<std::size_t(const PackKey&)>;

/// The largest pack that a worker accepts: as its engine prefers, bounded by its memory and `max_pack` (0: no
/// bound). Throws InputError if the engine refuses the shape.
[[nodiscard]] std::size_t pack_limit(const Worker& worker, const PackKey& key, std::size_t max_pack);

/// The pack size that divides `cells` into equal packs, the same number of packs for each worker and at most
/// `limit` cells each: no worker is idle while another has a large pack. One worker: `limit`.
[[nodiscard]] std::size_t even_pack(std::uint64_t cells, std::size_t limit, std::size_t workers);

/// Streams the unfinished cells of a sweep, or of a shard, as packs. Stores only the packs that are not full
/// yet: a sweep of millions of cells costs no more than one of thousands. The order depends only on the
/// sweep, the shard, the finished cells and the limits.
class PackPlanner {
 public:
  /// Stores references to all arguments. `shard`: nullptr for all cells. `max_open`: limit on the cells in
  /// packs that are not full. `repeats`: cells that are left out; nullptr: none.
  static constexpr std::size_t default_max_open = std::size_t{1} << 16;
  PackPlanner(const Sweep& sweep, const std::unordered_set<std::uint64_t>& finished,
              const ShardCells* shard = nullptr, std::size_t max_open = default_max_open,
              const Repeats* repeats = nullptr);

  /// The next pack, never empty and within the limit; none once all cells are handed out.
  [[nodiscard]] std::optional<std::vector<Cell>> next(const PackLimit& limit);

 private:
  struct OpenPack {
    PackKey key;
    std::vector<Cell> cells;
  };
  /// Removes the first cells of an open pack, up to its limit, and returns them.
  std::vector<Cell> take(OpenPack& pack, const PackLimit& limit);

  const Sweep& sweep_;
  const std::unordered_set<std::uint64_t>& finished_;
  const ShardCells* shard_;
  std::size_t max_open_;
  const Repeats* repeats_;
  std::uint64_t next_index_ = 0;
  std::size_t open_cells_ = 0;
  std::vector<OpenPack> open_;                           // in order of first appearance
  std::unordered_map<std::string, std::size_t> by_key_;  // PackKey::text -> index in open_
};

}  // namespace modsweep
