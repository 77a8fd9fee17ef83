// One of several processes that train a sweep together: which of them, and of how many.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace modsweep {

/// Part `index`, from 1, of `count`. Which cells it has is up to ShardCells (plan/shard_cells.h).
struct Shard {
  static constexpr std::uint32_t most = 1'000'000;  ///< parts of a sweep

  std::uint32_t index = 1;
  std::uint32_t count = 1;

  /// Of "2/8". Throws InputError.
  [[nodiscard]] static Shard parse(std::string_view text);

  /// "2/8".
  [[nodiscard]] std::string text() const { return std::to_string(index) + '/' + std::to_string(count); }
  /// Whether it has every cell.
  [[nodiscard]] bool whole() const { return count == 1; }

  bool operator==(const Shard&) const = default;
};

}  // namespace modsweep
