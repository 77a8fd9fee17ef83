// One of several processes that train a sweep together: its number, and how many there are.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace modsweep {

/// Shard `index`, from 1, of `count`. ShardCells (plan/shard_cells.h) determines its cells.
struct Shard {
  static constexpr std::uint32_t most = 1'000'000;  ///< maximum number of shards of a sweep

  std::uint32_t index = 1;
  std::uint32_t count = 1;

  /// Parses "2/8". Throws InputError for anything else.
  [[nodiscard]] static Shard parse(std::string_view text);

  /// "2/8".
  [[nodiscard]] std::string text() const { return std::to_string(index) + '/' + std::to_string(count); }
  /// Whether the shard has all cells.
  [[nodiscard]] bool whole() const { return count == 1; }

  bool operator==(const Shard&) const = default;
};

}  // namespace modsweep
