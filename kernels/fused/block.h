// How the work on one network is written: for a thread block, or for a cluster of blocks that share it, in
// phases with a barrier after each.
//
// A Block has
//   shared(): its shared memory, bytes at a multiple of 16,
//   phase(wait, parts...): its threads do their shares of the parts; then they wait for each other, and where
//     `wait` says so for those of the cluster's other blocks,
//   peers(): a Peers, the blocks of its cluster, whose shared memory is laid out as its own. Peers have
//     several: whether there may be more than one, known when this is compiled,
//     count() of them, the rank() of this one, and at(rank, here): what is there where `here` is in this one.
// What one item writes in a phase, no other may read or write before the next barrier that both wait at. Code
// between phases is carried out by every thread: what it reads, the next phase may not write.
#pragma once

#include <cstdint>

#include "modsweep/math/scalar.h"

namespace modsweep::fused {

/// Whose threads are waited for at the end of a phase.
enum class Wait : std::uint8_t { block, cluster };

/// A block that has its network for itself.
struct Alone {
  static constexpr bool several = false;

  [[nodiscard]] MODSWEEP_HD static constexpr std::uint32_t count() { return 1; }
  [[nodiscard]] MODSWEEP_HD static constexpr std::uint32_t rank() { return 0; }
  template <typename U>
  [[nodiscard]] MODSWEEP_HD static U* at(std::uint32_t, U* here) {
    return here;
  }
};

/// A part of a phase: f(0, item) for `items` items. The 0 is the network, of which a block has one: functors
/// are those of kernels/gemm, and others like them.
template <typename F>
struct Each {
  std::uint32_t items;
  F f;
};

template <typename F>
[[nodiscard]] MODSWEEP_HD Each<F> each(std::uint32_t items, const F& f) {
  return {items, f};
}

/// A thread's share of a phase's parts: items are dealt out in turn, those of one part after those of the
/// part before, so that a small part finds threads that had less to do. `threads` is a power of two.
template <typename... Parts>
MODSWEEP_HD void deal(std::uint32_t thread, std::uint32_t threads, const Parts&... parts) {
  std::uint32_t before = 0;
  const auto share = [&](const auto& part) {
    for (std::uint32_t item = (thread - before) & (threads - 1); item < part.items; item += threads)
      part.f(0, item);
    before += part.items;
  };
  (share(parts), ...);
}

}  // namespace modsweep::fused
