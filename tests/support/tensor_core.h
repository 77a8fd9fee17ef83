// Emulates a tensor core's product of a warp's fragments.
#pragma once

#include "fused/block.h"

#include <array>
#include <bit>
#include <cmath>
#include <cstdint>

namespace modsweep::test {

/// A float truncated to TF32: its last 13 bits are ignored.
inline double cut_off(float x) {
  return static_cast<double>(std::bit_cast<float>(std::bit_cast<std::uint32_t>(x) & 0xffffe000U));
}
inline float toward_zero(double x) {
  const auto nearest = static_cast<float>(x);
  const auto bits = std::bit_cast<std::uint32_t>(nearest);
  return std::abs(static_cast<double>(nearest)) > std::abs(x) ? std::bit_cast<float>(bits - 1) : nearest;
}

/// sums += rows * columns, [lane]. The sum of eight products and the former value is rounded toward zero if
/// it does not fit a float.
///
/// Source: M. Fasi, N. J. Higham, M. Mikaitis, S. Pranesh, Numerical behavior of NVIDIA tensor cores, 2021.
inline void multiply_add_tf32(std::array<fused::SumFragment, fused::warp_lanes>& sums,
                              const std::array<fused::RowFragment, fused::warp_lanes>& rows,
                              const std::array<fused::ColumnFragment, fused::warp_lanes>& columns) {
  double row[8][16];    // [factor][row]
  double column[8][8];  // [factor][column]
  double sum[16][8];
  for (std::uint32_t lane = 0; lane < fused::warp_lanes; ++lane) {
    const std::uint32_t g = lane / 4;
    const std::uint32_t t = lane % 4;
    for (std::uint32_t i = 0; i < 4; ++i) {
      row[t + 4 * (i / 2)][g + 8 * (i % 2)] = cut_off(rows[lane].v[i]);
      sum[g + 8 * (i / 2)][2 * t + i % 2] = static_cast<double>(sums[lane].v[i]);
    }
    for (std::uint32_t i = 0; i < 2; ++i) column[t + 4 * i][g] = cut_off(columns[lane].v[i]);
  }
  for (std::uint32_t k = 0; k < 8; ++k)
    for (std::uint32_t r = 0; r < 16; ++r)
      for (std::uint32_t c = 0; c < 8; ++c) sum[r][c] += row[k][r] * column[k][c];
  for (std::uint32_t lane = 0; lane < fused::warp_lanes; ++lane)
    for (std::uint32_t i = 0; i < 4; ++i)
      sums[lane].v[i] = toward_zero(sum[lane / 4 + 8 * (i / 2)][lane % 4 * 2 + i % 2]);
}

}  // namespace modsweep::test
