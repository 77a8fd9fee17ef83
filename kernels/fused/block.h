// How the work of a thread block is written: in phases, with a barrier after each.
//
// A Block has
//   shared(): its shared memory, bytes at a multiple of 16,
//   phase(parts...): every thread does its share of each part, in this order; then all wait for each other.
// What one thread writes in a phase, no other may read or write in the same phase. Code between phases is
// carried out by every thread: what it reads, the next phase may not write.
#pragma once

#include <cstdint>

#include "modsweep/math/scalar.h"

namespace modsweep::fused {

/// A part of a phase: f(0, item) for `items` items, thread t taking t, t + threads, ... The 0 is the network,
/// of which a block has one: functors are those of kernels/gemm, and others like them.
template <typename F>
struct Each {
  std::uint32_t items;
  F f;

  MODSWEEP_HD void operator()(std::uint32_t thread, std::uint32_t threads) const {
    for (std::uint32_t item = thread; item < items; item += threads) f(0, item);
  }
};

template <typename F>
[[nodiscard]] MODSWEEP_HD Each<F> each(std::uint32_t items, const F& f) {
  return {items, f};
}

}  // namespace modsweep::fused
