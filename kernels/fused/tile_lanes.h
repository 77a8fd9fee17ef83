// A lane's place in its warp, and what lanes of a warp do together. Code of tile_*.h is what one thread does;
// it also compiles for the host.
//
// A Thread has
//   warp() and lane(): its warp in the block, the same value in all lanes of a warp; its place in the warp,
//   wait_for_warp(), wait_for_block(): until all lanes or threads are there; what they wrote before, all see
//   then,
//   of_lane(v, mask): the v of the lane whose place differs in the bits of `mask`; of_first_lane(v): that of
//   lane 0,
//   multiply_add(sums, rows, columns): fragments of block.h; sums + rows * columns.
// All lanes of a warp call all but the first two together.
#pragma once

#include "fused/tile_plan.h"

// Loops that are copied for each turn, since they index registers; and loops that must not be.
#if defined(__CUDA_ARCH__)
#define MODSWEEP_UNROLLED _Pragma("unroll")
#define MODSWEEP_ROLLED _Pragma("unroll 1")
#else
#define MODSWEEP_UNROLLED
#define MODSWEEP_ROLLED
#endif

namespace modsweep::fused {

/// A lane's part of what its warp makes of rows of units: rows samples(), samples() + sample_lanes, ..., and
/// four units.
template <std::uint32_t width>
using UnitTile = float[size_of_tiles(width).samples][quad];

/// A thread's place in the block.
struct WarpLane {
  std::uint32_t number = 0;  ///< in its warp
  std::uint32_t warp = 0;

  template <typename Thread>
  MODSWEEP_HD explicit WarpLane(const Thread& thread) : number(thread.lane()), warp(thread.warp()) {}
};

/// Places of a lane: one of a few groups of samples and of many groups of units. Of 32 units there are 4 and
/// 8: lanes that differ in bit 0 or 2 want the same weights, those that differ in bit 1, 3 or 4 the same
/// rows: a shared load serves both. Of 64 units, bit 0 is the samples'.
template <std::uint32_t width>
struct Lane : WarpLane {
  static constexpr TileSize size = size_of_tiles(width);

  std::uint32_t samples = 0;           ///< its first row
  std::uint32_t units = 0;             ///< its quad of units
  std::uint32_t gradient_inputs = 0;   ///< of a gradient's 32 x 32, its quads of inputs: this one and 4 on
  std::uint32_t gradient_outputs = 0;  ///< its quad of outputs

  template <typename Thread>
  MODSWEEP_HD explicit Lane(const Thread& thread) : WarpLane(thread) {
    gradient_inputs = (number & 1U) | ((number >> 1U) & 2U);
    gradient_outputs = ((number >> 1U) & 1U) | ((number >> 2U) & 6U);
    samples = size.sample_lanes == 4 ? gradient_inputs : number % size.sample_lanes;
    units = size.sample_lanes == 4 ? gradient_outputs : number / size.sample_lanes;
  }

  /// Quad q of row r lies at q xor swizzle(r), so that rows share no banks.
  [[nodiscard]] MODSWEEP_HD static std::uint32_t swizzle(std::uint32_t row) {
    return 8 / size.sample_lanes * (row % size.sample_lanes);
  }
  [[nodiscard]] MODSWEEP_HD std::uint32_t own_place() const {
    return samples * width + quad * swizzled(units);
  }
  /// Where quad q is in a row of the lane.
  [[nodiscard]] MODSWEEP_HD std::uint32_t swizzled(std::uint32_t q) const { return q ^ swizzle(samples); }
};

/// pack::store_quad by one instruction: values that were just computed it stores one by one.
MODSWEEP_HD void put_quad(float* to, const Quad<float>& values) {
#if defined(__CUDA_ARCH__)
  asm volatile("st.shared.v4.f32 [%0], {%1, %2, %3, %4};" ::"r"(
                   static_cast<std::uint32_t>(__cvta_generic_to_shared(to))),
               "f"(values.v[0]), "f"(values.v[1]), "f"(values.v[2]), "f"(values.v[3])
               : "memory");
#else
  pack::store_quad(to, values);
#endif
}

/// Sum over the groups of samples, in all of their lanes.
template <std::uint32_t width, typename Thread>
MODSWEEP_HD float over_samples(const Thread& thread, float v) {
  constexpr std::uint32_t groups = size_of_tiles(width).sample_lanes;
  if constexpr (groups > 1) v += thread.of_lane(v, 1);
  if constexpr (groups > 2) v += thread.of_lane(v, 4);
  return v;
}
template <typename Thread>
MODSWEEP_HD float over_lanes(const Thread& thread, float v) {
  MODSWEEP_UNROLLED
  for (std::uint32_t mask = 16; mask > 0; mask /= 2) v += thread.of_lane(v, mask);
  return v;
}

/// Stores a warp's share of four sums; adds it to the share of the parts before.
MODSWEEP_HD void put_share(float* share, const Quad<float>& sums, bool start) {
  Quad<float> total = sums;
  if (!start) {
    const Quad<float> before = pack::load_quad(share);
    MODSWEEP_UNROLLED
    for (std::uint32_t i = 0; i < quad; ++i) total.v[i] = before.v[i] + sums.v[i];
  }
  put_quad(share, total);
}
/// The same of sums over samples, of which each lane has some.
template <std::uint32_t width, typename Thread>
MODSWEEP_HD void store_share(const Thread& thread, const Lane<width>& lane, float* share, Quad<float>& sums,
                             bool start) {
  MODSWEEP_UNROLLED
  for (float& sum : sums.v) sum = over_samples<width>(thread, sum);
  if (lane.samples == 0) put_share(share, sums, start);
}

/// The lane's and another lane's `a`, added up; where `second`, which differs between the two, their `b`.
template <typename Thread>
[[nodiscard]] MODSWEEP_HD Quad<float> sum_of_pair(const Thread& thread, std::uint32_t mask, bool second,
                                                  const Quad<float>& a, const Quad<float>& b) {
  Quad<float> sum;
  MODSWEEP_UNROLLED
  for (std::uint32_t i = 0; i < quad; ++i) {
    const float told = thread.of_lane(math::select(second, a.v[i], b.v[i]), mask);
    sum.v[i] = math::select(second, b.v[i], a.v[i]) + told;
  }
  return sum;
}
/// store_share() of four quads, whose places are `step` apart. Of four groups of samples, each has one quad
/// in the end: adding up all four in all lanes would take twice as many exchanges.
template <std::uint32_t width, typename Thread>
MODSWEEP_HD void store_shares(const Thread& thread, const Lane<width>& lane, float* share, std::uint32_t step,
                              Quad<float> (&sums)[quad], bool start) {
  if constexpr (size_of_tiles(width).sample_lanes == quad) {
    const bool odd = lane.samples % 2 != 0;
    const Quad<float> low = sum_of_pair(thread, 1, odd, sums[0], sums[1]);
    const Quad<float> high = sum_of_pair(thread, 1, odd, sums[2], sums[3]);
    put_share(share + lane.samples * step, sum_of_pair(thread, 4, lane.samples >= 2, low, high), start);
  } else {
    MODSWEEP_UNROLLED
    for (std::uint32_t o = 0; o < quad; ++o) store_share(thread, lane, share + o * step, sums[o], start);
  }
}

/// The sum of the warps' shares, `stride` values apart, in the order of the warps.
MODSWEEP_HD Quad<float> sum_of_warps(const float* shares, std::uint32_t stride) {
  Quad<float> sum = pack::load_quad(shares);
  MODSWEEP_UNROLLED
  for (std::uint32_t w = 1; w < tile_warps; ++w) {
    const Quad<float> share = pack::load_quad(shares + w * stride);
    MODSWEEP_UNROLLED
    for (std::uint32_t i = 0; i < quad; ++i) sum.v[i] += share.v[i];
  }
  return sum;
}

}  // namespace modsweep::fused
