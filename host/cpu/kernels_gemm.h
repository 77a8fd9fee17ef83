// Matrix products of one network and one block of samples. See kernels.h for layouts and simd.h for the files
// that may include this one.
#pragma once

#include "cpu/kernels.h"
#include "cpu/simd.h"

namespace modsweep::cpu::MODSWEEP_ISA {

// Register tiles: accumulators, operands and a broadcast must fit the vector registers (32 with AVX-512, else
// 16).
#if MODSWEEP_SIMD_BYTES == 64
constexpr std::size_t tile_rows = 8;
constexpr std::size_t tile_vectors = 3;
constexpr std::size_t gradient_rows = 4;
constexpr std::size_t gradient_columns = 4;
#else
constexpr std::size_t tile_rows = 4;
constexpr std::size_t tile_vectors = 3;
constexpr std::size_t gradient_rows = 4;
constexpr std::size_t gradient_columns = 2;
#endif

/// One register tile of `gemm`: R rows by V vectors of samples starting at row m and sample b.
template <std::size_t R, std::size_t V, typename T>
MODSWEEP_HD void gemm_tile(const GemmArguments<T>& g, std::size_t m, std::size_t b) {
  using S = Simd<T>;
  S sum[R][V];
  for (std::size_t r = 0; r < R; ++r)
    for (std::size_t v = 0; v < V; ++v) sum[r][v] = S(g.start ? g.start[m + r] : T(0));
  const T* a = g.a + m * g.a_row;
  const T* x = g.x + b;
  for (std::size_t k = 0; k < g.inner; ++k) {
    S column[V];
    for (std::size_t v = 0; v < V; ++v) column[v] = S::load(x + v * S::lanes);
    for (std::size_t r = 0; r < R; ++r) {
      const S factor(a[r * g.a_row]);
      for (std::size_t v = 0; v < V; ++v) sum[r][v] = multiply_add(factor, column[v], sum[r][v]);
    }
    a += g.a_column;
    x += g.stride;
  }
  for (std::size_t r = 0; r < R; ++r)
    for (std::size_t v = 0; v < V; ++v) sum[r][v].store(g.c + (m + r) * g.stride + b + v * S::lanes);
}

/// All rows for V vectors of samples.
template <std::size_t V, typename T>
MODSWEEP_HD void gemm_panel(const GemmArguments<T>& g, std::size_t b) {
  std::size_t m = 0;
  for (; m + tile_rows <= g.rows; m += tile_rows) gemm_tile<tile_rows, V>(g, m, b);
  if (tile_rows > 4 && m + 4 <= g.rows) {
    gemm_tile<4, V>(g, m, b);
    m += 4;
  }
  if (m + 2 <= g.rows) {
    gemm_tile<2, V>(g, m, b);
    m += 2;
  }
  if (m < g.rows) gemm_tile<1, V>(g, m, b);
}

template <typename T>
void gemm(const GemmArguments<T>& g) {
  constexpr std::size_t lanes = Simd<T>::lanes;
  std::size_t b = 0;
  // Four remaining vectors go to two tiles of two: a tile of one has too few accumulators to hide the latency
  // of its sums.
  for (; b + tile_vectors * lanes <= g.stride && b + 4 * lanes != g.stride; b += tile_vectors * lanes)
    gemm_panel<tile_vectors>(g, b);
  for (; b + 2 * lanes <= g.stride; b += 2 * lanes) gemm_panel<2>(g, b);
  if (b < g.stride) gemm_panel<1>(g, b);
}

/// One tile of `weight_gradient`: R x C dot products over the samples.
template <std::size_t R, std::size_t C, typename T>
MODSWEEP_HD void gradient_tile(const WeightGradientArguments<T>& g, std::size_t m, std::size_t n) {
  using S = Simd<T>;
  constexpr std::size_t sums = (R * C + S::lanes - 1) / S::lanes * S::lanes;
  S sum[sums];
  for (std::size_t b = 0; b < g.stride; b += S::lanes) {
    S column[C];
    for (std::size_t c = 0; c < C; ++c) column[c] = S::load(g.x + (n + c) * g.stride + b);
    for (std::size_t r = 0; r < R; ++r) {
      const S d = S::load(g.d + (m + r) * g.stride + b);
      for (std::size_t c = 0; c < C; ++c) sum[r * C + c] = multiply_add(d, column[c], sum[r * C + c]);
    }
  }
  alignas(MODSWEEP_SIMD_BYTES) T total[sums];
  for (std::size_t first = 0; first < sums; first += S::lanes) {
    S batch[S::lanes];
    for (std::size_t i = 0; i < S::lanes; ++i) batch[i] = sum[first + i];
    sum_each(batch).store(total + first);
  }
  for (std::size_t r = 0; r < R; ++r) {
    T* row = g.g + (m + r) * g.g_row + n;
    if (g.accumulate)
      for (std::size_t c = 0; c < C; ++c) row[c] += total[r * C + c];
    else
      for (std::size_t c = 0; c < C; ++c) row[c] = total[r * C + c];
  }
}

template <std::size_t R, typename T>
MODSWEEP_HD void weight_gradient_rows(const WeightGradientArguments<T>& g, std::size_t m) {
  std::size_t n = 0;
  for (; n + gradient_columns <= g.columns; n += gradient_columns)
    gradient_tile<R, gradient_columns>(g, m, n);
  for (; n < g.columns; ++n) gradient_tile<R, 1>(g, m, n);
}

template <typename T>
void weight_gradient(const WeightGradientArguments<T>& g) {
  std::size_t m = 0;
  for (; m + gradient_rows <= g.rows; m += gradient_rows) weight_gradient_rows<gradient_rows>(g, m);
  for (; m < g.rows; ++m) weight_gradient_rows<1>(g, m);
}

template <typename T>
T fma_chain(std::size_t count) {
  using S = Simd<T>;
  constexpr std::size_t chains = 12;
  S sum[chains];
  S factor(T(1) - T(1e-3));
  asm volatile("" : "+v"(factor.v));  // so that the compiler knows nothing about it
  for (std::size_t i = 0; i < chains; ++i) sum[i] = S(static_cast<T>(i));
  for (std::size_t k = 0; k < count; k += chains)
#pragma GCC unroll 12
    for (std::size_t i = 0; i < chains; ++i) sum[i] = multiply_add(sum[i], factor, factor);
  S total(T(0));
  for (std::size_t i = 0; i < chains; ++i) total = total + sum[i];
  return sum_lanes(total);
}

}  // namespace modsweep::cpu::MODSWEEP_ISA
