// One module's way through a sequence and back, for the 32 samples of a block: what one warp, or for a flat
// network each of four, does at a time step. Lane l owns sample l, so that a lane reads no other lane's
// states.
#pragma once

#include "fused/tile_lanes.h"
#include "recurrent/fused_plan.h"

namespace modsweep::bptt {

/// A module as a lane sees it. Planes of histories are [M][32]; pointers are at the lane's sample.
template <typename T>
struct LaneModule {
  std::uint32_t units = 0;
  std::uint32_t first_tile = 0;  ///< of the warp, which has every tile_step-th
  std::uint32_t tile_step = 1;
  std::uint32_t tiles = 0;
  std::uint32_t plane = 0;
  const T* recurrent = nullptr;    ///< packed: [tiles][M][row_values]
  const T* feedforward = nullptr;  ///< null: no module below, or none that wants to know
  const T* input = nullptr;        ///< [tiles][row_values], as are
  const T* bias = nullptr;
  const T* leak = nullptr;
  T slope{};
  bool drive = true;            ///< where the activation acts
  std::uint32_t length = 0;     ///< of the sample
  const T* bits = nullptr;      ///< [L][32]
  const T* below = nullptr;     ///< [L + 1] planes; null: no module below
  T* states = nullptr;          ///< [L + 1] planes
  T* targets = nullptr;         ///< [L] planes; null: no gradient
  const T* arriving = nullptr;  ///< [L + 1] planes; null: nothing comes from above
  T* passed = nullptr;          ///< [L + 1] planes; null: nothing goes down
  T* lambda = nullptr;          ///< a plane, as is
  T* leak_gradient = nullptr;
};

/// The same pointer, of which a device's compiler knows that it is to shared memory, or to the backend's:
/// LaneModule would make it forget.
template <typename U>
[[nodiscard]] MODSWEEP_HD U* in_shared(U* p) {
#if defined(__CUDA_ARCH__)
  return static_cast<U*>(__cvta_shared_to_generic(__cvta_generic_to_shared(p)));
#else
  return p;
#endif
}
template <typename U>
[[nodiscard]] MODSWEEP_HD U* in_memory(U* p) {
#if defined(__CUDA_ARCH__)
  return static_cast<U*>(__cvta_global_to_generic(__cvta_generic_to_global(p)));
#else
  return p;
#endif
}

/// sum[r] += sum_j W(r, j) x_j of a tile's packed rows; x_j are 32 values apart.
template <std::uint32_t rows, typename T>
MODSWEEP_HD void add_product(T (&sum)[rows], const T* packed, const T* x, std::uint32_t units) {
  constexpr std::uint32_t row_values = Tile<rows>::row_values;
  packed = in_shared(packed);
  x = in_memory(x);
#if defined(__CUDA_ARCH__)
#pragma unroll 5
#endif
  for (std::uint32_t j = 0; j < units; ++j) {
    const T value = x[j * lanes];
    MODSWEEP_UNROLLED
    for (std::uint32_t q = 0; q < row_values; q += 4) {
      const auto weights = pack::load_quad(packed + j * row_values + q);
      MODSWEEP_UNROLLED
      for (std::uint32_t i = 0; i < 4; ++i)
        if (q + i < rows) sum[q + i] = math::multiply_add(weights.v[i], value, sum[q + i]);
    }
  }
}

/// States of time t from those of t - 1, of one tile.
template <std::uint32_t rows, typename T>
MODSWEEP_HD void forward_tile(const LaneModule<T>& m, std::uint32_t t, std::uint32_t tile) {
  constexpr std::uint32_t row_values = Tile<rows>::row_values;
  const T* before = m.states + std::size_t{t - 1} * m.plane;
  T* after = m.states + std::size_t{t} * m.plane;
  const T bit = m.bits[std::size_t{t - 1} * lanes];
  T sum[rows];
  MODSWEEP_UNROLLED
  for (std::uint32_t r = 0; r < rows; ++r)
    sum[r] = math::multiply_add(m.input[tile * row_values + r], bit, m.bias[tile * row_values + r]);
  add_product<rows>(sum, m.recurrent + tile * m.units * row_values, before, m.units);
  if (m.below != nullptr)
    add_product<rows>(sum, m.feedforward + tile * m.units * row_values,
                      m.below + std::size_t{t - 1} * m.plane, m.units);
  const bool active = t <= m.length;
  MODSWEEP_UNROLLED
  for (std::uint32_t r = 0; r < rows; ++r) {
    const std::uint32_t unit = tile * rows + r;
    if (unit >= m.units) break;
    const T leak = m.leak[tile * row_values + r];
    const T old = before[unit * lanes];
    T target = T(0);
    const T state = m.drive
                        ? math::next_state<math::ActivationSite::drive>(old, sum[r], leak, m.slope, target)
                        : math::next_state<math::ActivationSite::state>(old, sum[r], leak, m.slope, target);
    after[unit * lanes] = active ? state : old;
    if (m.targets != nullptr) m.targets[std::size_t{t - 1} * m.plane + unit * lanes] = target;
  }
}

/// At time t dL/dC of the module's units, in the place of their targets; in lambda what of dL/dr(t - 1) does
/// not go through C(t).
template <std::uint32_t rows, typename T>
MODSWEEP_HD void backward_units(const LaneModule<T>& m, std::uint32_t t, std::uint32_t tile) {
  const T* before = m.states + std::size_t{t - 1} * m.plane;
  const T* after = m.states + std::size_t{t} * m.plane;
  T* targets = m.targets + std::size_t{t - 1} * m.plane;
  const bool active = t <= m.length;
  MODSWEEP_UNROLLED
  for (std::uint32_t r = 0; r < rows; ++r) {
    const std::uint32_t unit = tile * rows + r;
    if (unit >= m.units) break;
    const std::uint32_t at = unit * lanes;
    const T leak = m.leak[tile * Tile<rows>::row_values + r];
    const T gradient = m.lambda[at];
    auto of_unit = m.drive ? math::unit_backward<math::ActivationSite::drive>(gradient, before[at], after[at],
                                                                              targets[at], leak, m.slope)
                           : math::unit_backward<math::ActivationSite::state>(gradient, before[at], after[at],
                                                                              targets[at], leak, m.slope);
    if (!active) of_unit = {T(0), T(0), gradient};  // a sample that has ended keeps its state
    targets[at] = of_unit.drive_gradient;
    m.leak_gradient[at] += of_unit.leak_gradient;
    if (m.arriving != nullptr && t > 1) of_unit.retained += m.arriving[std::size_t{t - 1} * m.plane + at];
    m.lambda[at] = of_unit.retained;
  }
}

/// What goes through C(t): to lambda, and to the module below. After backward_units of all units.
template <std::uint32_t rows, typename T>
MODSWEEP_HD void pass_back(const LaneModule<T>& m, std::uint32_t t, std::uint32_t tile) {
  constexpr std::uint32_t row_values = Tile<rows>::row_values;
  const T* deltas = m.targets + std::size_t{t - 1} * m.plane;
  T sum[rows];
  if (m.passed != nullptr) {
    T* passed = m.passed + std::size_t{t - 1} * m.plane;
    MODSWEEP_UNROLLED
    for (std::uint32_t r = 0; r < rows; ++r) sum[r] = T(0);
    add_product<rows>(sum, m.feedforward + tile * m.units * row_values, deltas, m.units);
    MODSWEEP_UNROLLED
    for (std::uint32_t r = 0; r < rows; ++r)
      if (tile * rows + r < m.units) passed[(tile * rows + r) * lanes] = sum[r];
  }
  if (t == 1) return;
  MODSWEEP_UNROLLED
  for (std::uint32_t r = 0; r < rows; ++r)
    sum[r] = tile * rows + r < m.units ? m.lambda[(tile * rows + r) * lanes] : T(0);
  add_product<rows>(sum, m.recurrent + tile * m.units * row_values, deltas, m.units);
  MODSWEEP_UNROLLED
  for (std::uint32_t r = 0; r < rows; ++r)
    if (tile * rows + r < m.units) m.lambda[(tile * rows + r) * lanes] = sum[r];
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
