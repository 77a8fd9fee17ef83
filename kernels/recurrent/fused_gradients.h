// Sums over time and samples: the gradient's shares of a block, from what the way back left.
#pragma once

#include "recurrent/fused_place.h"

namespace modsweep::bptt {

template <typename T, std::uint32_t rows, typename Thread>
class GradientSums {
 public:
  MODSWEEP_HD explicit GradientSums(const BlockPlace<T, rows, Thread>& place) : b_(place), v_(place.v) {}

  /// Tiles of all trained modules' gradients, dealt to the warps in turn.
  MODSWEEP_HD void add_gradients() const {
    const std::uint32_t of_matrix = v_.plan.tiles * v_.plan.columns;
    const std::uint32_t of_module = 2 * of_matrix + v_.plan.tiles;
    const std::uint32_t count = (b_.pass.last + 1 - b_.pass.first_trained) * of_module;
    for (std::uint32_t item = b_.warp; item < count; item += block_warps) {
      const std::uint32_t m = b_.pass.first_trained + item / of_module;
      const std::uint32_t part = item % of_module;
      if (part >= 2 * of_matrix)
        add_vectors(m, part - 2 * of_matrix);
      else if (part < of_matrix)
        add_matrix_tile(m, m, Kind::recurrent, part);
      else if (m > 0)
        add_matrix_tile(m, m - 1, Kind::feedforward, part - of_matrix);
    }
  }

 private:
  using Kind = math::RecurrentTensor;
  using Rows = Tile<rows>;

  /// sum over t and samples of delta(t) r(t - 1)^T; r is of the module `from`.
  MODSWEEP_HD void add_matrix_tile(std::uint32_t m, std::uint32_t from, Kind kind, std::uint32_t part) const {
    const std::uint32_t units = v_.layout.units();
    const std::uint32_t tile = part / v_.plan.columns;
    const std::uint32_t column = (part - tile * v_.plan.columns) * Rows::columns;
    const T* deltas = b_.memory + (b_.targets_of(m) + b_.lane);
    const T* states = b_.memory + (b_.states_of(from) + b_.lane);
    std::uint32_t row_at[rows];
    std::uint32_t column_at[Rows::columns];
    T sums[Rows::sums];
    MODSWEEP_UNROLLED
    for (std::uint32_t r = 0; r < rows; ++r) row_at[r] = b_.within(tile * rows + r) * chunk_samples;
    MODSWEEP_UNROLLED
    for (std::uint32_t c = 0; c < Rows::columns; ++c) column_at[c] = b_.within(column + c) * chunk_samples;
    MODSWEEP_UNROLLED
    for (T& sum : sums) sum = T(0);
    // Sample after sample of the lane: with both at once there would be too many addresses for the registers.
    const std::uint32_t steps = b_.steps_of(m);
    MODSWEEP_ROLLED
    for (std::uint32_t t = 0; t < steps; ++t) {
      MODSWEEP_UNROLLED
      for (std::uint32_t s = 0; s < lane_samples; ++s) {
        T state[Rows::columns];
        MODSWEEP_UNROLLED
        for (std::uint32_t c = 0; c < Rows::columns; ++c) state[c] = states[column_at[c] + s * lanes];
        MODSWEEP_UNROLLED
        for (std::uint32_t r = 0; r < rows; ++r) {
          const T delta = deltas[row_at[r] + s * lanes];
          MODSWEEP_UNROLLED
          for (std::uint32_t c = 0; c < Rows::columns; ++c)
            sums[r * Rows::columns + c] = math::multiply_add(delta, state[c], sums[r * Rows::columns + c]);
        }
      }
      deltas += b_.plane();
      states += b_.plane();
    }
    T* out = b_.share(kind, m);
    add_lanes(b_.thread, b_.scratch(), sums, [&](std::uint32_t at, T sum) {
      const std::uint32_t i = tile * rows + at / Rows::columns;
      const std::uint32_t j = column + at % Rows::columns;
      if (i < units && j < units) out[i * units + j] = kind == Kind::recurrent && i == j ? T(0) : sum;
    });
  }

  /// Gradients of a tile's W_I, biases and k.
  MODSWEEP_HD void add_vectors(std::uint32_t m, std::uint32_t tile) const {
    const LaneModule<T> own = b_.module(m);
    const std::uint32_t steps = b_.steps_of(m);
    const LaneBases<T> at = b_.bases();
    T sums[3 * rows];
    MODSWEEP_UNROLLED
    for (std::uint32_t r = 0; r < rows; ++r) {
      sums[r] = sums[rows + r] = sums[2 * rows + r] = T(0);
      const std::uint32_t unit = own.leak_gradient + b_.within(tile * rows + r) * chunk_samples;
      for (std::uint32_t s = 0; s < lane_samples; ++s) sums[2 * rows + r] += at.memory[unit + s * lanes];
    }
    MODSWEEP_ROLLED
    for (std::uint32_t t = 0; t < steps; ++t) {
      MODSWEEP_UNROLLED
      for (std::uint32_t s = 0; s < lane_samples; ++s) {
        const T bit = at.bits[t * chunk_samples + s * lanes];
        const std::uint32_t begin = own.targets + t * own.plane + s * lanes;
        MODSWEEP_UNROLLED
        for (std::uint32_t r = 0; r < rows; ++r) {
          const T delta = at.memory[begin + b_.within(tile * rows + r) * chunk_samples];
          sums[r] += delta;
          sums[rows + r] = math::multiply_add(delta, bit, sums[rows + r]);
        }
      }
    }
    add_lanes(b_.thread, b_.scratch(), sums, [&](std::uint32_t at, T sum) {
      const std::uint32_t unit = tile * rows + at % rows;
      if (unit >= v_.layout.units()) return;
      if (at >= 2 * rows) {
        b_.share(Kind::timescale, m)[unit] = sum;
      } else if (at >= rows) {
        b_.share(Kind::input, m)[unit] = sum;
      } else {
        for (const Kind kind : {Kind::recurrent_bias, Kind::feedforward_bias, Kind::input_bias})
          b_.share(kind, m)[unit] = sum;
      }
    });
  }

  const BlockPlace<T, rows, Thread>& b_;
  const FusedView<T>& v_;
};

}  // namespace modsweep::bptt
