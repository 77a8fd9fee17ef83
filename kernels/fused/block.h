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
//
// A Warp, whose threads work on an item together, has
//   Lanes<U>: a U of each of its lanes, [lane],
//   each(f): f(lane) for all lanes, of which none may write what another reads,
//   begins(thread): whether this thread enters the work of its warp: one of them where one does the work of
//     all lanes,
//   multiply_add(sums, rows, columns): Lanes of the fragments below; sums += rows * columns.
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
struct ThreadItems {
  std::uint32_t items;
  F f;
};

template <typename F>
[[nodiscard]] MODSWEEP_HD ThreadItems<F> each(std::uint32_t items, const F& f) {
  return {items, f};
}

/// Threads of a warp.
constexpr std::uint32_t warp_lanes = 32;

/// What a lane holds of the matrices of PTX's mma.m16n8k8 with operands in TF32: with g = lane / 4 and
/// t = lane % 4, of 16 x 8 rows (g, t), (g + 8, t), (g, t + 4), (g + 8, t + 4), of 8 x 8 columns (t, g),
/// (t + 4, g), of 16 x 8 sums (g, 2 t), (g, 2 t + 1), (g + 8, 2 t), (g + 8, 2 t + 1).
struct RowFragment {
  float v[4] = {};
};
struct ColumnFragment {
  float v[2] = {};
};
struct SumFragment {
  float v[4];  // not cleared: where most are set, none should cost an instruction
};

/// Two neighboring values, accessed at once.
struct alignas(8) Pair {
  float v[2];
};

/// A part of a phase whose items are each a whole warp's: f(warp, 0, item).
template <typename F>
struct WarpItems {
  std::uint32_t items;
  F f;
};

template <typename F>
[[nodiscard]] MODSWEEP_HD WarpItems<F> each_warp(std::uint32_t items, const F& f) {
  return {items, f};
}

/// A thread's share of a part, when the parts before it have taken `before` turns; those that it takes in
/// all.
template <typename Warp, typename F>
MODSWEEP_HD std::uint32_t deal_part(std::uint32_t thread, std::uint32_t threads, const Warp&,
                                    std::uint32_t before, const ThreadItems<F>& part) {
  for (std::uint32_t item = (thread - before) & (threads - 1); item < part.items; item += threads)
    part.f(0, item);
  return before + part.items;
}
template <typename Warp, typename F>
MODSWEEP_HD std::uint32_t deal_part(std::uint32_t thread, std::uint32_t threads, const Warp& warp,
                                    std::uint32_t before, const WarpItems<F>& part) {
  before = (before + warp_lanes - 1) / warp_lanes * warp_lanes;
  if (warp.begins(thread))
    for (std::uint32_t item = ((thread - before) & (threads - 1)) / warp_lanes; item < part.items;
         item += threads / warp_lanes)
      part.f(warp, 0, item);
  return before + part.items * warp_lanes;
}

/// A thread's share of a phase's parts: items are dealt out in turn, those of one part after those of the
/// part before, so that a small part finds threads that had less to do. `threads` is a power of two, of whole
/// warps; `warp` is the thread's.
template <typename Warp, typename... Parts>
MODSWEEP_HD void distribute(std::uint32_t thread, std::uint32_t threads, const Warp& warp,
                            const Parts&... parts) {
  std::uint32_t before = 0;
  ((before = deal_part(thread, threads, warp, before, parts)), ...);
}

}  // namespace modsweep::fused
