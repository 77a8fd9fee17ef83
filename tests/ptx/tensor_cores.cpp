// Products of tiles by tensor cores.
#include "run.h"

#include <bit>
#include <cmath>

namespace ptx {

/// mma.m16n8k8 in TF32: operands without their last 13 bits, products exact; all terms of a sum cut off,
/// toward zero, two bits below the last one of the largest, and so is the sum (M. Fasi and others, Numerical
/// behavior of NVIDIA tensor cores, 2021).
void Run::multiply_tiles(Warp& w, const Instruction& i) {
  double row[16][8], column[8][8];
  const auto cut = [](float x) {
    return static_cast<double>(std::bit_cast<float>(std::bit_cast<std::uint32_t>(x) & 0xffffe000U));
  };
  for (int l = 0; l < warp_lanes; ++l) {
    const int g = l / 4, t = l % 4;
    for (int k = 0; k < 4; ++k)
      row[g + 8 * (k % 2)][t + 4 * (k / 2)] = cut(get<float>(w, i.source[static_cast<std::size_t>(k)], l));
    for (int k = 0; k < 2; ++k)
      column[t + 4 * k][g] = cut(get<float>(w, i.source[static_cast<std::size_t>(4 + k)], l));
  }
  for (int l = 0; l < warp_lanes; ++l)
    for (int k = 0; k < 4; ++k) {
      const int r = l / 4 + 8 * (k / 2), c = l % 4 * 2 + k % 2;
      double terms[9];
      for (int f = 0; f < 8; ++f) terms[f] = row[r][f] * column[f][c];
      terms[8] = static_cast<double>(get<float>(w, i.source[static_cast<std::size_t>(6 + k)], l));
      double largest = 0.0;
      bool finite = true;
      for (double x : terms) {
        largest = std::max(largest, std::abs(x));
        finite = finite && std::isfinite(x);
      }
      double sum = 0.0;
      if (!finite || largest == 0.0) {
        for (double x : terms) sum += x;
      } else {
        const double unit = std::ldexp(1.0, std::ilogb(largest) - 25);
        for (double x : terms) sum += std::trunc(x / unit) * unit;
      }
      auto nearest = static_cast<float>(sum);
      if (std::isfinite(nearest) && std::abs(static_cast<double>(nearest)) > std::abs(sum))
        nearest = std::bit_cast<float>(std::bit_cast<std::uint32_t>(nearest) - 1);
      put<float>(w, i.to[static_cast<std::size_t>(k)], l, nearest);
    }
}

}  // namespace ptx
