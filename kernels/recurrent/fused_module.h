// One module's way through a sequence and back, for the samples of a block: what one warp, or for a flat
// network each of four, does at a time step. A lane owns two samples and reads no other lane's states.
#pragma once

#include "fused/tile_lanes.h"
#include "recurrent/fused_plan.h"

namespace modsweep::bptt {

/// Where a lane's arrays begin. A device's compiler has to see that from there, so pointers into them are
/// made where they are used. Planes of histories are [M][64]; `memory` and `bits` are at the lane's first
/// sample.
template <typename T>
struct LaneBases {
  T* memory;      ///< the block's
  T* shared;      ///< the block's
  const T* bits;  ///< [L][64]
};

/// A module as a lane sees it. Offsets are in LaneBases::memory unless said otherwise.
template <typename T>
struct LaneModule {
  static constexpr std::uint32_t none = ~0U;  ///< no such array

  std::uint32_t units = 0;
  std::uint32_t first_tile = 0;  ///< of the warp, which has every tile_step-th
  std::uint32_t tile_step = 1;
  std::uint32_t tiles = 0;
  std::uint32_t plane = 0;
  std::uint32_t recurrent = 0;    ///< in shared memory: W_R, packed: [tiles][M][row_values]
  std::uint32_t feedforward = 0;  ///< the same of W_FF
  std::uint32_t vectors = 0;      ///< in shared memory: W_I, b and k, each [tiles][row_values]
  T slope{};
  bool drive = true;                        ///< where the activation acts
  std::uint32_t length[lane_samples] = {};  ///< of the lane's samples
  std::uint32_t states = 0;                 ///< [L + 1] planes, as are
  std::uint32_t below = none;               ///< states of the module below
  std::uint32_t arriving = none;            ///< what comes from the module above
  std::uint32_t passed = none;              ///< what goes to the module below
  std::uint32_t targets = none;             ///< [L] planes; none: no gradient
  std::uint32_t lambda = none;              ///< a plane, as is
  std::uint32_t leak_gradient = none;
};

/// A value for each unit of a tile and each of a lane's samples.
template <typename T, std::uint32_t rows>
using TileSums = T[lane_samples][rows];

/// The place of a tile's unit and a lane's sample in a plane, from the tile's first.
[[nodiscard]] MODSWEEP_HD constexpr std::uint32_t tile_at(std::uint32_t r, std::uint32_t s) {
  return r * chunk_samples + s * lanes;
}

template <std::uint32_t rows, typename T>
MODSWEEP_HD void load_row(T (&out)[rows], const T* from) {
  MODSWEEP_UNROLLED
  for (std::uint32_t q = 0; q < Tile<rows>::row_values; q += 4) {
    const auto quad = pack::load_quad(from + q);
    MODSWEEP_UNROLLED
    for (std::uint32_t i = 0; i < 4; ++i)
      if (q + i < rows) out[q + i] = quad.v[i];
  }
}

/// sum[s][r] += sum_j W(r, j) x_j[s] of `count` columns of a tile's packed rows.
template <std::uint32_t rows, std::uint32_t count, typename T>
MODSWEEP_HD void add_columns(TileSums<T, rows>& sum, const T* packed, const T* x) {
  MODSWEEP_UNROLLED
  for (std::uint32_t j = 0; j < count; ++j) {
    T weights[rows];
    load_row(weights, packed + j * Tile<rows>::row_values);
    MODSWEEP_UNROLLED
    for (std::uint32_t s = 0; s < lane_samples; ++s) {
      const T value = x[tile_at(j, s)];
      MODSWEEP_UNROLLED
      for (std::uint32_t r = 0; r < rows; ++r) sum[s][r] = math::multiply_add(weights[r], value, sum[s][r]);
    }
  }
}

/// The same of all `units` columns.
template <std::uint32_t rows, typename T>
MODSWEEP_HD void add_product(TileSums<T, rows>& sum, const T* packed, const T* x, std::uint32_t units) {
  constexpr std::uint32_t block = 5;  // the paper's modules have 5, 10, 15 and 20 units
  MODSWEEP_ROLLED
  for (; units >= block; units -= block) {
    add_columns<rows, block>(sum, packed, x);
    packed += block * Tile<rows>::row_values;
    x += tile_at(block, 0);
  }
  MODSWEEP_ROLLED
  for (; units > 0; --units) {
    add_columns<rows, 1>(sum, packed, x);
    packed += Tile<rows>::row_values;
    x += tile_at(1, 0);
  }
}

/// The states that follow from drives.
template <math::ActivationSite site, bool keeps_targets, std::uint32_t rows, typename T>
MODSWEEP_HD void store_states(const LaneBases<T>& at, const LaneModule<T>& m, std::uint32_t t,
                              std::uint32_t tile, const TileSums<T, rows>& drives) {
  const std::uint32_t first = tile * tile_at(rows, 0);
  const T* before = at.memory + (m.states + (t - 1) * m.plane + first);
  T* after = at.memory + (m.states + t * m.plane + first);
  T* targets = at.memory + (keeps_targets ? m.targets + (t - 1) * m.plane + first : 0);
  T leak[rows];
  load_row(leak, at.shared + (m.vectors + (2 * m.tiles + tile) * Tile<rows>::row_values));
  MODSWEEP_UNROLLED
  for (std::uint32_t r = 0; r < rows; ++r) {
    if (tile * rows + r >= m.units) continue;
    MODSWEEP_UNROLLED
    for (std::uint32_t s = 0; s < lane_samples; ++s) {
      const T old = before[tile_at(r, s)];
      T target = T(0);
      const T state = math::next_state<site>(old, drives[s][r], leak[r], m.slope, target);
      after[tile_at(r, s)] = t <= m.length[s] ? state : old;
      if (keeps_targets) targets[tile_at(r, s)] = target;
    }
  }
}

/// States of time t from those of t - 1, of one tile.
template <std::uint32_t rows, typename T>
MODSWEEP_HD void forward_tile(const LaneBases<T>& at, const LaneModule<T>& m, std::uint32_t t,
                              std::uint32_t tile) {
  constexpr std::uint32_t row_values = Tile<rows>::row_values;
  T input[rows];
  T bias[rows];
  load_row(input, at.shared + (m.vectors + tile * row_values));
  load_row(bias, at.shared + (m.vectors + (m.tiles + tile) * row_values));
  TileSums<T, rows> sum;
  MODSWEEP_UNROLLED
  for (std::uint32_t s = 0; s < lane_samples; ++s) {
    const T bit = at.bits[(t - 1) * chunk_samples + s * lanes];
    MODSWEEP_UNROLLED
    for (std::uint32_t r = 0; r < rows; ++r) sum[s][r] = math::multiply_add(input[r], bit, bias[r]);
  }
  const std::uint32_t packed = tile * m.units * row_values;
  add_product<rows>(sum, at.shared + (m.recurrent + packed), at.memory + (m.states + (t - 1) * m.plane),
                    m.units);
  if (m.below != m.none)
    add_product<rows>(sum, at.shared + (m.feedforward + packed), at.memory + (m.below + (t - 1) * m.plane),
                      m.units);
  using math::ActivationSite;
  const bool keeps = m.targets != m.none;
  if (m.drive && keeps) return store_states<ActivationSite::drive, true, rows>(at, m, t, tile, sum);
  if (m.drive) return store_states<ActivationSite::drive, false, rows>(at, m, t, tile, sum);
  if (keeps) return store_states<ActivationSite::state, true, rows>(at, m, t, tile, sum);
  store_states<ActivationSite::state, false, rows>(at, m, t, tile, sum);
}

template <math::ActivationSite site, std::uint32_t rows, typename T>
MODSWEEP_HD void backward_units_at(const LaneBases<T>& at, const LaneModule<T>& m, std::uint32_t t,
                                   std::uint32_t tile) {
  const std::uint32_t first = tile * tile_at(rows, 0);
  const T* before = at.memory + (m.states + (t - 1) * m.plane + first);
  const T* after = at.memory + (m.states + t * m.plane + first);
  T* targets = at.memory + (m.targets + (t - 1) * m.plane + first);
  T* lambda = at.memory + (m.lambda + first);
  T* leak_gradient = at.memory + (m.leak_gradient + first);
  const bool arrives = m.arriving != m.none && t > 1;
  const T* arriving = at.memory + (arrives ? m.arriving + (t - 1) * m.plane + first : 0);
  T leak[rows];
  load_row(leak, at.shared + (m.vectors + (2 * m.tiles + tile) * Tile<rows>::row_values));
  MODSWEEP_UNROLLED
  for (std::uint32_t r = 0; r < rows; ++r) {
    if (tile * rows + r >= m.units) continue;
    MODSWEEP_UNROLLED
    for (std::uint32_t s = 0; s < lane_samples; ++s) {
      const std::uint32_t here = tile_at(r, s);
      const T gradient = lambda[here];
      auto of_unit =
          math::unit_backward<site>(gradient, before[here], after[here], targets[here], leak[r], m.slope);
      if (t > m.length[s]) of_unit = {T(0), T(0), gradient};  // a sample that has ended keeps its state
      targets[here] = of_unit.drive_gradient;
      leak_gradient[here] += of_unit.leak_gradient;
      lambda[here] = arrives ? of_unit.retained + arriving[here] : of_unit.retained;
    }
  }
}

/// At time t dL/dC of the module's units, in the place of their targets; in lambda what of dL/dr(t - 1) does
/// not go through C(t).
template <std::uint32_t rows, typename T>
MODSWEEP_HD void backward_units(const LaneBases<T>& at, const LaneModule<T>& m, std::uint32_t t,
                                std::uint32_t tile) {
  if (m.drive) return backward_units_at<math::ActivationSite::drive, rows>(at, m, t, tile);
  backward_units_at<math::ActivationSite::state, rows>(at, m, t, tile);
}

/// to = sum_i W(i, j) delta_i, or += it, of a tile's units j.
template <std::uint32_t rows, bool adds, typename T>
MODSWEEP_HD void pass_through(const T* packed, const T* deltas, T* to, std::uint32_t units,
                              std::uint32_t tile) {
  TileSums<T, rows> sum;
  const auto each = [&](const auto& f) {
    MODSWEEP_UNROLLED
    for (std::uint32_t r = 0; r < rows; ++r) {
      MODSWEEP_UNROLLED
      for (std::uint32_t s = 0; s < lane_samples; ++s) f(r, s, tile * rows + r < units);
    }
  };
  each([&](std::uint32_t r, std::uint32_t s, bool there) {
    sum[s][r] = adds && there ? to[tile_at(r, s)] : T(0);
  });
  add_product<rows>(sum, packed, deltas, units);
  each([&](std::uint32_t r, std::uint32_t s, bool there) {
    if (there) to[tile_at(r, s)] = sum[s][r];
  });
}

/// What goes through C(t): to lambda, and to the module below. After backward_units of all units.
template <std::uint32_t rows, typename T>
MODSWEEP_HD void pass_back(const LaneBases<T>& at, const LaneModule<T>& m, std::uint32_t t,
                           std::uint32_t tile) {
  const std::uint32_t packed = tile * m.units * Tile<rows>::row_values;
  const std::uint32_t first = tile * tile_at(rows, 0);
  const T* deltas = at.memory + (m.targets + (t - 1) * m.plane);
  if (m.passed != m.none)
    pass_through<rows, false>(at.shared + (m.feedforward + packed), deltas,
                              at.memory + (m.passed + (t - 1) * m.plane + first), m.units, tile);
  if (t > 1)
    pass_through<rows, true>(at.shared + (m.recurrent + packed), deltas, at.memory + (m.lambda + first),
                             m.units, tile);
}

/// out(v, sum over lanes of sums[v]) for all v, each by one lane, added from lane 0 on. `scratch` is the
/// warp's, [count][33].
template <std::uint32_t count, typename T, typename Thread, typename Out>
MODSWEEP_HD void add_lanes(const Thread& thread, T* scratch, const T (&sums)[count], const Out& out) {
  const std::uint32_t lane = thread.lane();
  MODSWEEP_UNROLLED
  for (std::uint32_t v = 0; v < count; ++v) scratch[v * (lanes + 1) + lane] = sums[v];
  thread.wait_for_warp();
  for (std::uint32_t v = lane; v < count; v += lanes) {
    T sum = scratch[v * (lanes + 1)];
    for (std::uint32_t l = 1; l < lanes; ++l) sum += scratch[v * (lanes + 1) + l];
    out(v, sum);
  }
  thread.wait_for_warp();
}

}  // namespace modsweep::bptt
