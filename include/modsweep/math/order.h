// Random orders: of the samples that a shuffling network sees, and of the rows of a table.
#pragma once

#include <cstdint>

#include "modsweep/math/rng.h"

namespace modsweep::math {

/// Fisher and Yates' shuffle of [0, count) into `rows`, [count], drawn from a stream of its own for each seed
/// and epoch.
MODSWEEP_HD void shuffle_rows(std::uint32_t seed, std::uint32_t epoch, std::uint32_t count,
                              std::uint32_t* rows, Stream stream = Stream::order) {
  for (std::uint32_t i = 0; i < count; ++i) rows[i] = i;
  for (std::uint32_t i = count; i > 1; --i) {
    const RandomBlock block = random_block(seed, stream, epoch, 0, i, 0);
    const auto j = static_cast<std::uint32_t>((std::uint64_t{block.word[0]} * i) >> 32);
    const std::uint32_t last = rows[i - 1];
    rows[i - 1] = rows[j];
    rows[j] = last;
  }
}

}  // namespace modsweep::math
