// Register tiles of the recurrent family's products. See kernels.h for layouts and cpu/simd.h for the files
// that may include this one.
#pragma once

#include "cpu/simd.h"
#include "recurrent/kernels.h"

// Before loops over a tile's rows (at most 5) and vectors (at most 4), whose sums are to stay in registers. A
// sanitizer checks each access, and would take minutes to compile them all.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define MODSWEEP_UNROLL_4
#define MODSWEEP_UNROLL_5
#else
#define MODSWEEP_UNROLL_4 _Pragma("GCC unroll 4")
#define MODSWEEP_UNROLL_5 _Pragma("GCC unroll 5")
#endif

namespace modsweep::cpu::MODSWEEP_ISA {

// Accumulators, operands and a broadcast must fit the vector registers (32 with AVX-512, else 16). Tiles have
// five rows because the family's usual modules have 5, 10, 15 and 20 units.
#if MODSWEEP_SIMD_BYTES == 64
constexpr std::size_t chunk_vectors = 4;
constexpr std::size_t outer_columns = 4;
#else
constexpr std::size_t chunk_vectors = 2;
constexpr std::size_t outer_columns = 2;
#endif
constexpr std::size_t recurrent_rows = 5;

template <typename T>
constexpr std::size_t chunk_samples = chunk_vectors* Simd<T>::lanes;

/// body<R>(first row) for tiles of at most `largest` rows that cover all of them.
template <std::size_t largest = recurrent_rows, typename Body>
MODSWEEP_HD void for_row_tiles(std::size_t rows, const Body& body) {
  static_assert(largest <= 5);
  std::size_t i = 0;
  for (; i + largest <= rows; i += largest) body.template operator()<largest>(i);
  if constexpr (largest > 4)
    if (rows - i == 4) return body.template operator()<4>(i);
  if constexpr (largest > 3)
    if (rows - i == 3) return body.template operator()<3>(i);
  if constexpr (largest > 2)
    if (rows - i == 2) return body.template operator()<2>(i);
  if (rows - i == 1) body.template operator()<1>(i);
}

template <typename T>
void recurrent_pack(const T* w, std::size_t row_stride, std::size_t column_stride, std::size_t rows,
                    std::size_t inner, T* out) {
  for_row_tiles(rows, [&]<std::size_t R>(std::size_t i) {
    T* to = out + i * inner;
    for (std::size_t j = 0; j < inner; ++j)
      for (std::size_t r = 0; r < R; ++r) *to++ = w[(i + r) * row_stride + j * column_stride];
  });
}

/// sum[r][v] += W(i + r, j) x[v] for one column j; `packed` begins there, and `skipped` is a row that has
/// none.
template <std::size_t R, typename T>
MODSWEEP_HD void add_column(Simd<T> (&sum)[R][chunk_vectors], const T* packed, const T* x,
                            std::size_t skipped = R) {
  using S = Simd<T>;
  S column[chunk_vectors];
  for (std::size_t v = 0; v < chunk_vectors; ++v) column[v] = S::load(x + v * S::lanes);
  MODSWEEP_UNROLL_5
  for (std::size_t r = 0; r < R; ++r) {
    if (r == skipped) continue;
    const S factor(packed[r]);
    for (std::size_t v = 0; v < chunk_vectors; ++v) sum[r][v] = multiply_add(factor, column[v], sum[r][v]);
  }
}

/// sum[r][v] += sum_j W(i + r, j) x[j][v]; `packed` begins at row i.
template <std::size_t R, typename T>
MODSWEEP_HD void add_product(Simd<T> (&sum)[R][chunk_vectors], const T* packed, const T* x,
                             std::size_t inner) {
  for (std::size_t j = 0; j < inner; ++j) add_column<R>(sum, packed + j * R, x + j * chunk_samples<T>);
}

/// The same of a square matrix without its diagonal.
template <std::size_t R, typename T>
MODSWEEP_HD void add_product_without_diagonal(Simd<T> (&sum)[R][chunk_vectors], const T* packed, const T* x,
                                              std::size_t inner, std::size_t i) {
  constexpr std::size_t samples = chunk_samples<T>;
  add_product<R>(sum, packed, x, i);
  MODSWEEP_UNROLL_5
  for (std::size_t r = 0; r < R; ++r) add_column<R>(sum, packed + (i + r) * R, x + (i + r) * samples, r);
  add_product<R>(sum, packed + (i + R) * R, x + (i + R) * samples, inner - i - R);
}

/// An R x C tile of gradient[i][j] += sum over times and samples of deltas[time][i] before[time][j], lane by
/// lane.
template <std::size_t R, std::size_t C, typename T>
MODSWEEP_HD void outer_tile(const T* deltas, const T* before, std::size_t units, std::size_t times,
                            std::size_t i, std::size_t j, T* gradient) {
  using S = Simd<T>;
  constexpr std::size_t samples = chunk_samples<T>;
  S sum[R][C];
  for (std::size_t r = 0; r < R; ++r)
    for (std::size_t c = 0; c < C; ++c) sum[r][c] = S::load(gradient + ((i + r) * units + j + c) * S::lanes);
  for (std::size_t t = 0; t < times; ++t) {
    const T* d = deltas + (t * units + i) * samples;
    const T* x = before + (t * units + j) * samples;
    for (std::size_t v = 0; v < chunk_vectors; ++v) {
      S column[C];
      for (std::size_t c = 0; c < C; ++c) column[c] = S::load(x + c * samples + v * S::lanes);
      for (std::size_t r = 0; r < R; ++r) {
        const S delta = S::load(d + r * samples + v * S::lanes);
        for (std::size_t c = 0; c < C; ++c) sum[r][c] = multiply_add(delta, column[c], sum[r][c]);
      }
    }
  }
  for (std::size_t r = 0; r < R; ++r)
    for (std::size_t c = 0; c < C; ++c) sum[r][c].store(gradient + ((i + r) * units + j + c) * S::lanes);
}

/// All of gradient [units][units][lanes] for `times` time steps.
template <typename T>
MODSWEEP_HD void add_outer_products(const T* deltas, const T* before, std::size_t units, std::size_t times,
                                    T* gradient) {
  for_row_tiles(units, [&]<std::size_t R>(std::size_t i) {
    for_row_tiles<outer_columns>(units, [&]<std::size_t C>(std::size_t j) {
      outer_tile<R, C>(deltas, before, units, times, i, j, gradient);
    });
  });
}

template <typename T>
void recurrent_reduce(const T* sums, std::size_t count, T* out) {
  using S = Simd<T>;
  std::size_t i = 0;
  for (; i + S::lanes <= count; i += S::lanes) {
    S batch[S::lanes];
    for (std::size_t l = 0; l < S::lanes; ++l) batch[l] = S::load(sums + (i + l) * S::lanes);
    sum_each(batch).store_unaligned(out + i);
  }
  for (; i < count; ++i) out[i] = sum_lanes(S::load(sums + i * S::lanes));
}

}  // namespace modsweep::cpu::MODSWEEP_ISA
