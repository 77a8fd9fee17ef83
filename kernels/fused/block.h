// How the work of a thread block is written: in phases, with a barrier after each.
//
// A Block has
//   shared(): its shared memory, bytes at a multiple of 16,
//   phase(parts...): every thread does its share of the parts; then all wait for each other.
// What one item writes in a phase, no other may read or write in the same phase. Code between phases is
// carried out by every thread: what it reads, the next phase may not write.
#pragma once

#include <cstdint>

#include "modsweep/math/scalar.h"

namespace modsweep::fused {

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
