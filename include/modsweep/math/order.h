// Random orders: of the samples that a shuffling network sees, and of the rows of a table.
#pragma once

#include <cstdint>

#include "modsweep/math/rng.h"

namespace modsweep::math {

/// The row that changes places with row i - 1 in Fisher and Yates' shuffle, whose i goes from the number of
/// rows down to 2; drawn from a stream of its own for each seed and epoch.
MODSWEEP_HD std::uint32_t row_to_swap(std::uint32_t seed, std::uint32_t epoch, std::uint32_t i,
                                      Stream stream = Stream::order) {
  const RandomBlock block = random_block(seed, stream, epoch, 0, i, 0);
  return static_cast<std::uint32_t>((std::uint64_t{block.word[0]} * i) >> 32);
}

/// The shuffle of [0, count) in `rows`, [count], with the drawn row_to_swap of each i in `drawn(i)`.
template <typename Drawn>
MODSWEEP_HD void swap_rows(std::uint32_t count, const Drawn& drawn, std::uint32_t* rows) {
  for (std::uint32_t i = count; i > 1; --i) {
    const std::uint32_t j = drawn(i);
    const std::uint32_t last = rows[i - 1];
    rows[i - 1] = rows[j];
    rows[j] = last;
  }
}

/// Both: the shuffle of [0, count) into `rows`, [count].
MODSWEEP_HD void shuffle_rows(std::uint32_t seed, std::uint32_t epoch, std::uint32_t count,
                              std::uint32_t* rows, Stream stream = Stream::order) {
  for (std::uint32_t i = 0; i < count; ++i) rows[i] = i;
  swap_rows(
      count, [=](std::uint32_t i) { return row_to_swap(seed, epoch, i, stream); }, rows);
}

}  // namespace modsweep::math
