#include "plan/shard_cells.h"

#include "config/grid.h"
#include "core/parallel.h"
#include "plan/planner.h"
#include "plan/schedule.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "modsweep/error.h"

namespace modsweep {
namespace {

/// Whether cells that differ only in this key may be of different kinds. Including a key without effect on
/// the cost would do no harm but take time.
bool matters(std::string_view key) {
  constexpr std::array<std::string_view, 3> settings = {"noise.", "regularizer.", "measure."};
  constexpr std::array<std::string_view, 4> of_training = {"training.steps", "training.epochs",
                                                           "training.batch_size", "training.precision"};
  if (key.starts_with("training.")) return std::ranges::find(of_training, key) != of_training.end();
  return key != "task.seed" &&
         std::ranges::none_of(settings, [&](std::string_view prefix) { return key.starts_with(prefix); });
}

/// What cells that are dealt together have in common: their PackKey::text and length().
using Kind = std::pair<std::string, int>;

/// The samples that a cell sees in training, on a logarithmic scale: 16 per factor of 2, rounded down, and
/// linear between powers of 2, so that it is exact on every machine. With exact lengths, every cell could be
/// a kind of its own.
int length(const CellSettings& settings) {
  int exponent = 0;
  const double mantissa = std::frexp(samples_in_steps(settings, total_steps(settings)), &exponent);
  return 16 * exponent + static_cast<int>(32.0 * mantissa);
}

/// The points of the axes that matter, in grid order, and the kind of each.
class KindGrid {
 public:
  /// Keeps a reference to the sweep.
  KindGrid(const Sweep& sweep, std::size_t threads);

  /// For each kind, the shard that gets its first cell when cells are dealt to this many shards.
  [[nodiscard]] std::vector<std::uint32_t> first_owners(std::uint32_t shards) const;

  /// Calls visit(kind, index) for every cell in grid order; kinds are numbered from 0.
  template <typename Visit>
  void for_each_cell(Visit visit) const;

 private:
  struct Stretch {
    std::vector<Kind> kinds;
    std::vector<std::uint32_t> kind_of;  // per point: an index of `kinds`
  };
  [[nodiscard]] Kind kind_at(std::uint64_t point) const;
  [[nodiscard]] Stretch look_at(std::uint64_t begin, std::uint64_t end) const;
  void append(const Stretch& stretch);

  const Sweep& sweep_;
  std::vector<std::uint64_t> strides_;  // per axis, between points of this grid; 0: the axis does not matter
  std::uint64_t points_ = 1;
  std::map<Kind, std::uint32_t> numbers_;   // from 0, in order of first appearance
  std::vector<std::uint64_t> point_count_;  // per kind
  std::vector<std::uint32_t> kind_of_;      // per point
};

KindGrid::KindGrid(const Sweep& sweep, std::size_t threads) : sweep_(sweep), strides_(sweep.axes.size(), 0) {
  for (std::size_t a = sweep.axes.size(); a-- > 0;) {
    if (std::ranges::none_of(sweep.axes[a].keys, matters)) continue;
    strides_[a] = points_;
    points_ *= sweep.axes[a].values.size();
  }
  constexpr std::uint64_t length = 1024;  // points that a thread takes at once
  std::vector<Stretch> stretches(static_cast<std::size_t>((points_ + length - 1) / length));
  parallel_for(threads, stretches.size(), [&](std::size_t item, std::size_t) {
    const std::uint64_t begin = item * length;
    stretches[item] = look_at(begin, std::min(begin + length, points_));
  });
  kind_of_.reserve(static_cast<std::size_t>(points_));
  for (Stretch& stretch : stretches) append(std::exchange(stretch, {}));
}

Kind KindGrid::kind_at(std::uint64_t point) const {
  std::uint64_t index = 0;
  std::uint64_t cells = 1;
  for (std::size_t a = sweep_.axes.size(); a-- > 0;) {
    const std::uint64_t values = sweep_.axes[a].values.size();
    if (strides_[a] > 0) index += cells * (point / strides_[a] % values);
    cells *= values;
  }
  try {
    const CellSettings settings = settings_at(sweep_, index);
    return {pack_key(settings).text(), length(settings)};
  } catch (const InputError&) {
    (void)sweep_.cell(index);  // throws an error that names the cell
    throw;
  }
}

KindGrid::Stretch KindGrid::look_at(std::uint64_t begin, std::uint64_t end) const {
  Stretch stretch;
  std::map<Kind, std::uint32_t> numbers;
  for (std::uint64_t point = begin; point < end; ++point) {
    Kind kind = kind_at(point);
    const auto next = static_cast<std::uint32_t>(stretch.kinds.size());
    const auto [entry, added] = numbers.try_emplace(kind, next);
    if (added) stretch.kinds.push_back(std::move(kind));
    stretch.kind_of.push_back(entry->second);
  }
  return stretch;
}

void KindGrid::append(const Stretch& stretch) {
  std::vector<std::uint32_t> numbers;
  for (const Kind& kind : stretch.kinds) {
    const auto next = static_cast<std::uint32_t>(point_count_.size());
    const auto [entry, added] = numbers_.try_emplace(kind, next);
    if (added) point_count_.push_back(0);
    numbers.push_back(entry->second);
  }
  for (const std::uint32_t kind : stretch.kind_of) {
    kind_of_.push_back(numbers[kind]);
    ++point_count_[numbers[kind]];
  }
}

std::vector<std::uint32_t> KindGrid::first_owners(std::uint32_t shards) const {
  const std::uint64_t cells_of_point = sweep_.size() / points_;
  std::vector<std::uint32_t> owners(point_count_.size());
  std::uint64_t next = 0;
  // Sorted by key: kinds of one key are adjacent.
  for (const auto& [kind, number] : numbers_) {
    owners[number] = static_cast<std::uint32_t>(next);
    next = (next + point_count_[number] % shards * (cells_of_point % shards)) % shards;
  }
  return owners;
}

template <typename Visit>
void KindGrid::for_each_cell(Visit visit) const {
  std::vector<std::size_t> at(strides_.size(), 0);
  std::uint64_t point = 0;
  for (std::uint64_t index = 0, cells = sweep_.size(); index < cells; ++index) {
    visit(kind_of_[static_cast<std::size_t>(point)], index);
    for (std::size_t a = at.size(); a-- > 0;) {
      point += strides_[a];
      if (++at[a] < sweep_.axes[a].values.size()) break;
      point -= strides_[a] * at[a];
      at[a] = 0;
    }
  }
}

}  // namespace

ShardCells::ShardCells(const Sweep& sweep, const Shard& shard, std::size_t threads)
    : shard_(shard), size_(shard.whole() ? sweep.size() : 0) {
  if (shard.whole() || sweep.size() == 0) return;
  const KindGrid grid(sweep, threads);
  bits_.resize(static_cast<std::size_t>((sweep.size() + 63) / 64));
  std::vector<std::uint32_t> owner = grid.first_owners(shard.count);  // per kind, of its next cell
  grid.for_each_cell([&](std::uint32_t kind, std::uint64_t index) {
    if (owner[kind] + 1 == shard_.index) {
      bits_[static_cast<std::size_t>(index / 64)] |= std::uint64_t{1} << (index % 64);
      ++size_;
    }
    if (++owner[kind] == shard_.count) owner[kind] = 0;
  });
}

}  // namespace modsweep
