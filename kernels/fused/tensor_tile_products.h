// A warp's products by tensor cores: rows of units times weights, and the gradient of a matrix of weights.
//
// Operands have 24 bits, those of TF32 11. x is split into x', of 11 bits, and the rest x'', which is exact;
// x y is made of x' y', x' y'' and x'' y' (3xTF32). The tensor cores leave out what of a rest does not fit
// into 11 bits, its last two at most: CUTLASS counts on that, too, while PTX promises nothing of operands
// that were not rounded. The last bit of x' is always set: so neither what is cut off nor what is left out,
// x'' y'', has a sign that one could tell from x and y, and errors do not add up. With u = 2^-20, a product
// of n factors is off by at most (3 + n / 16) u times the sum of the |x y|.
//
// Source: H. Ootomo, R. Yokota, Recovering single precision accuracy from Tensor Cores while surpassing the
// FP32 theoretical peak performance, 2022.
//
// Rows of a product are samples. Which unit is which column or factor is free as long as operands agree:
// unit 16 h + 4 t + 2 p + b is column 2 t + p of the block of 8 columns 2 h + b. Then a lane (block.h: g, t)
// has the quads t and 4 + t of units of its rows g and g + 8, and the sums of one layer are the left operand
// of the next one where they lie in registers: factor t of a block is its column 2 t, t + 4 is 2 t + 1.
#pragma once

#include "fused/tile_lanes.h"

#include <bit>

namespace modsweep::fused {

/// Columns of a product, and blocks of them that the units of a layer are.
constexpr std::uint32_t tensor_columns = 8;
constexpr std::uint32_t tensor_blocks = tile_width / tensor_columns;
/// Quads of units that a lane has of a row.
constexpr std::uint32_t tensor_quads = 2;

/// What a lane has of 16 rows of blocks of columns.
template <std::uint32_t blocks>
struct TensorRows {
  SumFragment block[blocks];

  /// Quad h of row g + 8 r.
  MODSWEEP_HD void get(std::uint32_t h, std::uint32_t r, float (&units)[quad]) const {
    MODSWEEP_UNROLLED
    for (std::uint32_t e = 0; e < quad; ++e) units[e] = block[2 * h + e % 2].v[2 * r + e / 2];
  }
  MODSWEEP_HD void set(std::uint32_t h, std::uint32_t r, const Quad<float>& units) {
    MODSWEEP_UNROLLED
    for (std::uint32_t e = 0; e < quad; ++e) block[2 * h + e % 2].v[2 * r + e / 2] = units.v[e];
  }
};
/// Of all rows of its warp, of a layer's units.
using TensorTile = TensorRows<tensor_blocks>[tensor_products_of_warp];

/// Places of a lane in fragments.
struct TensorLane : WarpLane {
  std::uint32_t group = 0;   ///< g
  std::uint32_t member = 0;  ///< t

  template <typename Thread>
  MODSWEEP_HD explicit TensorLane(const Thread& thread) : WarpLane(thread) {
    group = number / 4;
    member = number % 4;
  }

  /// Quad q of row r of units lies at q xor swizzle(r): so that neither lanes that have the same quad of rows
  /// 0 to 3 nor those that have four quads of two rows share banks.
  [[nodiscard]] MODSWEEP_HD static std::uint32_t swizzle(std::uint32_t row) {
    return 4 * (row & 1U) | (row & 2U);
  }
  /// Of its rows, where its quad h of units is.
  [[nodiscard]] MODSWEEP_HD std::uint32_t own_place(std::uint32_t h) const {
    return group * tile_width + quad * ((4 * h + member) ^ swizzle(group));
  }
  /// Of rows t, t + 4, ..., where quad g is.
  [[nodiscard]] MODSWEEP_HD std::uint32_t across_place() const {
    return member * tile_width + quad * (group ^ swizzle(member));
  }
};

/// Splits values. `bits` are those that TF32 has: not a constant, or ptxas leaves this masking to the tensor
/// cores, which do it, too, and has to copy all operands into place instead.
struct Tf32 {
  std::uint32_t bits = 0;

  [[nodiscard]] MODSWEEP_HD float first(float x) const {
    constexpr std::uint32_t last = 0x2000U;
    return std::bit_cast<float>((std::bit_cast<std::uint32_t>(x) & bits) | last);
  }
};

struct SplitRows {
  RowFragment first, rest;

  MODSWEEP_HD void set(const Tf32& tf32, std::uint32_t i, float x) {
    first.v[i] = tf32.first(x);
    rest.v[i] = x - first.v[i];
  }
};
struct SplitColumns {
  ColumnFragment first, rest;
};
[[nodiscard]] MODSWEEP_HD SplitColumns split_columns(const Tf32& tf32, float x, float y) {
  SplitColumns split;
  split.first = {{tf32.first(x), tf32.first(y)}};
  split.rest = {{x - split.first.v[0], y - split.first.v[1]}};
  return split;
}

/// Sums of products. Tensor cores cut off what does not fit where they add, toward zero: so the small
/// products, x' y'' and x'' y', are added up apart, and to the others with rounding.
struct SplitSums {
  SumFragment first, rest;

  template <typename Thread>
  MODSWEEP_HD void add(const Thread& thread, const SplitRows& rows, const SplitColumns& columns) {
    rest = thread.multiply_add(rest, rows.rest, columns.first);
    rest = thread.multiply_add(rest, rows.first, columns.rest);
    first = thread.multiply_add(first, rows.first, columns.first);
  }
  [[nodiscard]] MODSWEEP_HD SumFragment joined() const {
    SumFragment sum;
    MODSWEEP_UNROLLED
    for (std::uint32_t i = 0; i < 4; ++i) sum.v[i] = first.v[i] + rest.v[i];
    return sum;
  }
};

/// Four floats by one instruction: nvcc loads them by twos where it pleases.
[[nodiscard]] MODSWEEP_HD Quad<float> get_quad(const float* from) {
#if defined(__CUDA_ARCH__)
  Quad<float> q;
  asm volatile("ld.shared.v4.f32 {%0, %1, %2, %3}, [%4];"
               : "=f"(q.v[0]), "=f"(q.v[1]), "=f"(q.v[2]), "=f"(q.v[3])
               : "r"(static_cast<std::uint32_t>(__cvta_generic_to_shared(from)))
               : "memory");
  return q;
#else
  return pack::load_quad(from);
#endif
}

[[nodiscard]] MODSWEEP_HD Pair get_pair(const float* from) {
  return *reinterpret_cast<const Pair*>(from);
}

/// Right operands of the factors of two blocks, 2 h and 2 h + 1, [block][columns].
template <std::uint32_t blocks>
using HalfOfColumns = SplitColumns[2][blocks];

/// From a matrix between hidden layers, [output][input]: for the way forward, factors are inputs.
struct ForwardColumns {
  const float* weights = nullptr;
  Tf32 tf32;

  MODSWEEP_HD void operator()(const TensorLane& lane, std::uint32_t h,
                              HalfOfColumns<tensor_blocks>& to) const {
    const float* own = weights + tile_hidden_place<tile_width>(2 * lane.group, lane.member) + 4 * quad * h;
    MODSWEEP_UNROLLED
    for (std::uint32_t n = 0; n < tensor_blocks; ++n) {  // row 16 (n / 2) + 2 g + n % 2
      const Quad<float> w = get_quad(own + n / 2 * 4 * tile_hidden_block + n % 2 * tile_width);
      MODSWEEP_UNROLLED
      for (std::uint32_t b = 0; b < 2; ++b) to[b][n] = split_columns(tf32, w.v[b], w.v[2 + b]);
    }
  }
};
/// For the way back, factors are outputs.
struct BackColumns {
  const float* weights = nullptr;
  Tf32 tf32;

  MODSWEEP_HD void operator()(const TensorLane& lane, std::uint32_t h,
                              HalfOfColumns<tensor_blocks>& to) const {
    const float* own = weights + tile_hidden_place<tile_width>(16 * h + 4 * lane.member, 0) + 2 * lane.group;
    MODSWEEP_UNROLLED
    for (std::uint32_t m = 0; m < tensor_blocks / 2; ++m) {
      Pair w[quad];
      MODSWEEP_UNROLLED
      for (std::uint32_t e = 0; e < quad; ++e) w[e] = get_pair(own + e * tile_width + 4 * quad * m);
      MODSWEEP_UNROLLED
      for (std::uint32_t b = 0; b < 2; ++b) MODSWEEP_UNROLLED
      for (std::uint32_t c = 0; c < 2; ++c) to[b][2 * m + c] = split_columns(tf32, w[b].v[c], w[2 + b].v[c]);
    }
  }
};
/// Of the outputs' weights, [4][32]; outputs from the fourth on are zeros.
struct OutputColumns {
  const float* weights = nullptr;
  Tf32 tf32;

  MODSWEEP_HD void operator()(const TensorLane& lane, std::uint32_t h, HalfOfColumns<1>& to) const {
    Quad<float> w{};
    if (lane.group < tile_ends)
      w = get_quad(weights + lane.group * tile_width + quad * (4 * h + lane.member));
    MODSWEEP_UNROLLED
    for (std::uint32_t b = 0; b < 2; ++b) to[b][0] = split_columns(tf32, w.v[b], w.v[2 + b]);
  }
};

/// The right operands of a whole layer, [h].
template <std::uint32_t blocks>
using WholeColumns = HalfOfColumns<blocks>[tensor_quads];

template <std::uint32_t blocks, typename Columns>
MODSWEEP_HD void load_columns(const TensorLane& lane, const Columns& columns, WholeColumns<blocks>& to) {
  MODSWEEP_UNROLLED
  for (std::uint32_t h = 0; h < tensor_quads; ++h) columns(lane, h, to[h]);
}

/// begin + rows * columns, of 16 rows.
template <std::uint32_t blocks, typename Thread>
[[nodiscard]] MODSWEEP_HD TensorRows<blocks> multiply_rows(const Thread& thread, const Tf32& tf32,
                                                           const TensorRows<tensor_blocks>& rows,
                                                           const WholeColumns<blocks>& columns,
                                                           const SumFragment (&begin)[blocks]) {
  SplitSums sums[blocks];
  MODSWEEP_UNROLLED
  for (std::uint32_t n = 0; n < blocks; ++n) sums[n] = {begin[n], {}};
  MODSWEEP_UNROLLED
  for (std::uint32_t k = 0; k < tensor_blocks; ++k) {
    SplitRows left;
    MODSWEEP_UNROLLED
    for (std::uint32_t i = 0; i < 4; ++i) left.set(tf32, i, rows.block[k].v[i / 2 + 2 * (i % 2)]);
    MODSWEEP_UNROLLED
    for (std::uint32_t n = 0; n < blocks; ++n) sums[n].add(thread, left, columns[k / 2][k % 2][n]);
  }
  TensorRows<blocks> joined;
  MODSWEEP_UNROLLED
  for (std::uint32_t n = 0; n < blocks; ++n) joined.block[n] = sums[n].joined();
  return joined;
}

/// A lane's part of a matrix's gradient: its quad g of outputs, two of them each, by columns 2 t and 2 t + 1
/// of blocks in which unit 4 g + n is column g of block n.
using TensorGradient = SplitSums[2][tensor_blocks];

/// Quad g of units of samples t and t + 4 of eight.
struct Across {
  Quad<float> a, b;

  /// `rows`: of the eight, at TensorLane::across_place().
  MODSWEEP_HD explicit Across(const float* rows) : a(get_quad(rows)), b(get_quad(rows + 4 * tile_width)) {}

  /// Of units 4 g + 2 m and 4 g + 2 m + 1.
  [[nodiscard]] MODSWEEP_HD SplitRows rows(const Tf32& tf32, std::uint32_t m) const {
    SplitRows split;
    split.set(tf32, 0, a.v[2 * m]);
    split.set(tf32, 1, a.v[2 * m + 1]);
    split.set(tf32, 2, b.v[2 * m]);
    split.set(tf32, 3, b.v[2 * m + 1]);
    return split;
  }
  [[nodiscard]] MODSWEEP_HD SplitColumns column(const Tf32& tf32, std::uint32_t n) const {
    return split_columns(tf32, a.v[n], b.v[n]);
  }
};

/// Sums over the warp's samples of deltas times what was passed on, and of deltas, of its quad g.
/// `deltas`, `passed`: rows of the warp. Rows from `count` on have no deltas.
template <typename Thread>
MODSWEEP_HD void sum_weight_gradient(const Thread& thread, const TensorLane& lane, const Tf32& tf32,
                                     TensorGradient& sums, Quad<float>& deltas_sum, const float* deltas,
                                     const float* passed, std::uint32_t count) {
  MODSWEEP_UNROLLED
  for (std::uint32_t m = 0; m < 2; ++m) MODSWEEP_UNROLLED
  for (std::uint32_t n = 0; n < tensor_blocks; ++n) sums[m][n] = {};
  deltas_sum = {};
  MODSWEEP_ROLLED
  for (std::uint32_t s = 0; s < count; s += tensor_columns) {
    const std::uint32_t at = s * tile_width + lane.across_place();
    const Across d(deltas + at);
    const Across g(passed + at);
    SplitColumns columns[tensor_blocks];
    MODSWEEP_UNROLLED
    for (std::uint32_t n = 0; n < tensor_blocks; ++n) {
      columns[n] = g.column(tf32, n);
      deltas_sum.v[n] += d.a.v[n] + d.b.v[n];
    }
    MODSWEEP_UNROLLED
    for (std::uint32_t m = 0; m < 2; ++m) {
      const SplitRows rows = d.rows(tf32, m);
      MODSWEEP_UNROLLED
      for (std::uint32_t n = 0; n < tensor_blocks; ++n) sums[m][n].add(thread, rows, columns[n]);
    }
  }
}

/// Stores the warp's share of the gradient, [32][32].
MODSWEEP_HD void store_weight_gradient(const TensorLane& lane, float* share, const TensorGradient& sums) {
  MODSWEEP_UNROLLED
  for (std::uint32_t m = 0; m < 2; ++m) {
    SumFragment sum[tensor_blocks];
    MODSWEEP_UNROLLED
    for (std::uint32_t n = 0; n < tensor_blocks; ++n) sum[n] = sums[m][n].joined();
    MODSWEEP_UNROLLED
    for (std::uint32_t i = 0; i < 4; ++i)
      put_quad(share + (quad * lane.group + 2 * m + i / 2) * tile_width + quad * (2 * lane.member + i % 2),
               Quad<float>{{sum[0].v[i], sum[1].v[i], sum[2].v[i], sum[3].v[i]}});
  }
}

}  // namespace modsweep::fused
