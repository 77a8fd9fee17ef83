// The products of products.h in floats by tensor cores, as parts of phases (block.h). Operands have 24 bits,
// those of TF32 have 11: x is split into the nearest x' in TF32 and the rest x'', and x y is made of x' y',
// x' y'' and x'' y' (3xTF32). Tensor cores cut off what does not fit where they add, so that long sums would
// drift: they add up no more than the products of 32 factors, x' y' and the small rest apart, and the sums of
// those are added with rounding. x'' goes there unrounded: tensor cores ignore its last 13 bits, on which
// CUTLASS relies, too; the PTX ISA leaves it open, and the error bound of the acceptance test decides.
//
// Source: H. Ootomo, R. Yokota, Recovering single precision accuracy from Tensor Cores while surpassing the
// FP32 theoretical peak performance, 2022.
//
// A warp makes a tile of 16 x 16 sums, in steps of 8 factors, four of them at once. Every sum runs over its
// factors in one order, whatever the number of warps. Which rows, columns and factors a lane has is free as
// long as its fragments agree: it is chosen so that loads are wide and that lanes that load at once meet no
// bank twice where rows are odd numbers of quads apart (block_plan.h).
#pragma once

#include "fused/products.h"

#include <bit>

namespace modsweep::fused {

/// Rows, and columns, of a warp's tile of sums.
constexpr std::uint32_t tile_size = 16;
/// Factors of a step, and steps whose operands are loaded at once.
constexpr std::uint32_t step_factors = 8;
constexpr std::uint32_t steps_at_once = 4;

[[nodiscard]] MODSWEEP_HD constexpr std::uint32_t tiles_of(std::uint32_t n) {
  return (n + tile_size - 1) / tile_size;
}

/// The nearest number in TF32; of two, the one farther from zero.
[[nodiscard]] MODSWEEP_HD float to_tf32(float x) {
  return std::bit_cast<float>((std::bit_cast<std::uint32_t>(x) + 0x1000U) & 0xffffe000U);
}

/// What a lane has of the factors of `steps_at_once` steps, of two rows and of two columns: step s takes 2 s
/// and 2 s + 1.
struct Operands {
  float rows[2][2 * steps_at_once] = {};
  float columns[2][2 * steps_at_once] = {};
};

/// A lane's sums of a tile: of the columns of its first kind, and of those of its second.
template <typename Warp>
using TileSums = typename Warp::template Lanes<SumFragment>[2];

/// Adds up a tile's products of `factors` factors. load(lane, first): a lane's operands from factor `first`
/// on, zeros past the last; load.steps(left): the steps that `left` factors take.
template <typename Warp, typename Load>
MODSWEEP_HD void multiply_tile(const Warp& warp, std::uint32_t factors, const Load& load,
                               TileSums<Warp>& sums) {
  for (std::uint32_t first = 0; first < factors; first += steps_at_once * step_factors) {
    typename Warp::template Lanes<Operands> operands;
    warp.each([&](std::uint32_t lane) { operands[lane] = load(lane, first); });
    const std::uint32_t steps = load.steps(factors - first);
    TileSums<Warp> main{};
    TileSums<Warp> rest{};
    for (std::uint32_t s = 0; s < steps_at_once; ++s) {
      if (s >= steps) continue;
      typename Warp::template Lanes<RowFragment> rows;
      typename Warp::template Lanes<RowFragment> rest_of_rows;
      typename Warp::template Lanes<ColumnFragment> columns[2];
      typename Warp::template Lanes<ColumnFragment> rest_of_columns[2];
      warp.each([&](std::uint32_t lane) {
        const Operands& o = operands[lane];
        for (std::uint32_t i = 0; i < 4; ++i) {
          const float x = o.rows[i % 2][2 * s + i / 2];
          rows[lane].v[i] = to_tf32(x);
          rest_of_rows[lane].v[i] = x - rows[lane].v[i];
        }
        for (std::uint32_t h = 0; h < 2; ++h)
          for (std::uint32_t i = 0; i < 2; ++i) {
            const float x = o.columns[h][2 * s + i];
            columns[h][lane].v[i] = to_tf32(x);
            rest_of_columns[h][lane].v[i] = x - columns[h][lane].v[i];
          }
      });
      for (std::uint32_t h = 0; h < 2; ++h) {
        warp.multiply_add(rest[h], rest_of_rows, columns[h]);
        warp.multiply_add(rest[h], rows, rest_of_columns[h]);
        warp.multiply_add(main[h], rows, columns[h]);
      }
    }
    warp.each([&](std::uint32_t lane) {
      for (std::uint32_t h = 0; h < 2; ++h)
        for (std::uint32_t i = 0; i < 4; ++i) sums[h][lane].v[i] += main[h][lane].v[i] + rest[h][lane].v[i];
    });
  }
}

/// Part of a matrix in shared memory: rows, and values of a row, that are there. `whole`: all that is asked
/// for is there.
template <bool whole>
struct Window {
  const float* values = nullptr;
  std::uint32_t stride = 0;
  std::uint32_t rows = 0;
  std::uint32_t columns = 0;

  [[nodiscard]] MODSWEEP_HD bool has(std::uint32_t row, std::uint32_t column) const {
    return whole || (row < rows && column < columns);
  }
  /// Zeros where there are none.
  template <typename Values>
  [[nodiscard]] MODSWEEP_HD Values load(std::uint32_t row, std::uint32_t column) const {
    return has(row, column) ? *reinterpret_cast<const Values*>(values + row * stride + column) : Values{};
  }
};

/// Operands whose factors lie side by side in both matrices: a lane has eight neighbors of rows and columns
/// g and g + 8.
template <bool whole>
struct AlongBoth {
  Window<whole> rows, columns;

  [[nodiscard]] MODSWEEP_HD static std::uint32_t steps(std::uint32_t) { return steps_at_once; }
  [[nodiscard]] MODSWEEP_HD Operands operator()(std::uint32_t lane, std::uint32_t first) const {
    const std::uint32_t factor = first + 2 * steps_at_once * (lane % 4);
    Operands o;
    for (std::uint32_t i = 0; i < 2; ++i)
      for (std::uint32_t j = 0; j < 2 * steps_at_once; j += quad) {
        const Quad<float> r = rows.template load<Quad<float>>(lane / 4 + 8 * i, factor + j);
        const Quad<float> c = columns.template load<Quad<float>>(lane / 4 + 8 * i, factor + j);
        for (std::uint32_t k = 0; k < quad; ++k) {
          o.rows[i][j + k] = r.v[k];
          o.columns[i][j + k] = c.v[k];
        }
      }
    return o;
  }
};

/// Operands whose factors lie side by side in `rows`, and below each other in `columns`: a lane has rows
/// 2 g and 2 g + 1, and so of columns.
template <bool whole>
struct AlongRows {
  Window<whole> rows, columns;

  [[nodiscard]] MODSWEEP_HD static std::uint32_t steps(std::uint32_t left) {
    return whole ? steps_at_once : (left + step_factors - 1) / step_factors;
  }
  [[nodiscard]] MODSWEEP_HD Operands operator()(std::uint32_t lane, std::uint32_t first) const {
    const std::uint32_t g = lane / 4;
    Operands o;
    for (std::uint32_t s = 0; s < steps_at_once; ++s) {
      const std::uint32_t factor = first + step_factors * s + 2 * (lane % 4);
      for (std::uint32_t i = 0; i < 2; ++i) {
        const Pair r = rows.template load<Pair>(2 * g + i, factor);
        const Pair c = columns.template load<Pair>(factor + i, 2 * g);
        for (std::uint32_t j = 0; j < 2; ++j) {
          o.rows[i][2 * s + j] = r.v[j];
          o.columns[j][2 * s + i] = c.v[j];
        }
      }
    }
    return o;
  }
};

/// Operands whose factors lie below each other in both matrices: a lane has columns 2 g and 2 g + 1 of both.
template <bool whole>
struct BelowBoth {
  Window<whole> rows, columns;

  [[nodiscard]] MODSWEEP_HD static std::uint32_t steps(std::uint32_t left) {
    return AlongRows<whole>::steps(left);
  }
  [[nodiscard]] MODSWEEP_HD Operands operator()(std::uint32_t lane, std::uint32_t first) const {
    Operands o;
    for (std::uint32_t s = 0; s < steps_at_once; ++s)
      for (std::uint32_t i = 0; i < 2; ++i) {
        const std::uint32_t factor = first + step_factors * s + 2 * (lane % 4) + i;
        const Pair r = rows.template load<Pair>(factor, lane / 4 * 2);
        const Pair c = columns.template load<Pair>(factor, lane / 4 * 2);
        for (std::uint32_t j = 0; j < 2; ++j) {
          o.rows[j][2 * s + i] = r.v[j];
          o.columns[j][2 * s + i] = c.v[j];
        }
      }
    return o;
  }
};

/// Where a warp's tile begins.
struct Tile {
  std::uint32_t row = 0;
  std::uint32_t column = 0;
};
/// Of a matrix that is `across` tiles wide. There are few: this is faster than a division.
[[nodiscard]] MODSWEEP_HD Tile tile_at(std::uint32_t item, std::uint32_t across) {
  Tile tile;
  for (; item >= across; item -= across) tile.row += tile_size;
  tile.column = item * tile_size;
  return tile;
}

/// Sums of rows 2 g + i and columns 4 t to 4 t + 3 of a tile, where a lane had rows and columns 2 g, 2 g + 1.
template <typename Warp>
[[nodiscard]] MODSWEEP_HD Quad<float> quad_of_sums(const TileSums<Warp>& sums, std::uint32_t lane,
                                                   std::uint32_t i) {
  const SumFragment& a = sums[0][lane];
  const SumFragment& b = sums[1][lane];
  return {{a.v[2 * i], b.v[2 * i], a.v[2 * i + 1], b.v[2 * i + 1]}};
}

/// Items, of a warp: tiles of the rows * tiles of the columns. What RowGemm makes, of layers of one group.
template <bool sliced>
struct TensorRowGemm {
  RowGemm<float, sliced> product;

  [[nodiscard]] MODSWEEP_HD std::uint32_t items() const {
    return tiles_of(product.rows) * tiles_of(product.columns());
  }

  template <typename Warp>
  MODSWEEP_HD void operator()(const Warp& warp, std::uint32_t, std::uint32_t item) const {
    const Tile tile = tile_at(item, tiles_of(product.columns()));
    const std::uint32_t inner = product.backward ? product.layer.outputs : product.layer.inputs;
    if (tile.row + tile_size <= product.rows && tile.column + tile_size <= product.columns() &&
        inner % (steps_at_once * step_factors) == 0)
      gemm<true>(warp, tile, inner);
    else
      gemm<false>(warp, tile, inner);
  }

 private:
  template <bool whole, typename Warp>
  MODSWEEP_HD void gemm(const Warp& warp, const Tile& tile, std::uint32_t inner) const {
    const std::uint32_t rows = product.rows - tile.row;
    const std::uint32_t columns = product.columns() - tile.column;
    const std::uint32_t row_stride = product.layer.row_stride;
    const float* const weights = product.parameters + product.layer.weights;
    const Window<whole> in{product.in + tile.row * product.in_stride(), product.in_stride(), rows, inner};
    const std::uint32_t stride = product.out_stride();
    float* const out = product.out + tile.row * stride + tile.column;
    const auto there = [&](std::uint32_t r, std::uint32_t c) { return whole || (r < rows && c < columns); };
    TileSums<Warp> sums{};
    if (product.backward) {
      const Window<whole> across{weights + tile.column, row_stride, inner, columns};
      multiply_tile(warp, inner, AlongRows<whole>{in, across}, sums);
      warp.each([&](std::uint32_t lane) {
        const std::uint32_t r = lane / 4 * 2;
        const std::uint32_t c = lane % 4 * quad;
        for (std::uint32_t i = 0; i < 2; ++i) {
          if (!there(r + i, c)) continue;
          float* const at = out + (r + i) * stride + c;
          pack::store_quad(at, quad_of_sums<Warp>(sums, lane, i));
        }
      });
    } else {
      const Window<whole> across{weights + tile.column * row_stride, row_stride, columns, inner};
      multiply_tile(warp, inner, AlongBoth<whole>{in, across}, sums);
      warp.each([&](std::uint32_t lane) {
        const std::uint32_t r = lane / 4;
        for (std::uint32_t h = 0; h < 2; ++h) {
          const std::uint32_t c = 8 * h + lane % 4 * 2;
          for (std::uint32_t i = 0; i < 2; ++i) {
            const Pair pair = {{sums[h][lane].v[2 * i], sums[h][lane].v[2 * i + 1]}};
            if (there(r + 8 * i, c)) *reinterpret_cast<Pair*>(out + (r + 8 * i) * stride + c) = pair;
          }
        }
      });
    }
  }
};

/// Items, of a warp: tiles of the outputs * tiles of the inputs. What WeightGradient makes, of layers of one
/// group.
template <bool sliced>
struct TensorWeightGradient {
  WeightGradient<float, sliced> gradient;

  [[nodiscard]] MODSWEEP_HD std::uint32_t items() const {
    return tiles_of(gradient.layer.outputs) * tiles_of(gradient.layer.inputs);
  }

  template <typename Warp>
  MODSWEEP_HD void operator()(const Warp& warp, std::uint32_t, std::uint32_t item) const {
    const Layer& layer = gradient.layer;
    const Tile tile = tile_at(item, tiles_of(layer.inputs));
    if (tile.row + tile_size <= layer.outputs && tile.column + tile_size <= layer.inputs &&
        gradient.rows % (steps_at_once * step_factors) == 0)
      sum<true>(warp, tile);
    else
      sum<false>(warp, tile);
  }

 private:
  template <bool whole, typename Warp>
  MODSWEEP_HD void sum(const Warp& warp, const Tile& tile) const {
    const Layer& layer = gradient.layer;
    const std::uint32_t outputs = layer.outputs - tile.row;
    const std::uint32_t inputs = layer.inputs - tile.column;
    const Window<whole> delta{gradient.delta + tile.row, layer.output_stride, gradient.rows, outputs};
    const Window<whole> in{gradient.in + tile.column, layer.input_stride, gradient.rows, inputs};
    TileSums<Warp> sums{};
    multiply_tile(warp, gradient.rows, BelowBoth<whole>{delta, in}, sums);
    float* const out =
        gradient.gradients + layer.weights + std::size_t{tile.row} * layer.row_stride + tile.column;
    warp.each([&](std::uint32_t lane) {
      const std::uint32_t c = lane % 4 * quad;
      for (std::uint32_t i = 0; i < 2; ++i) {
        const std::uint32_t r = lane / 4 * 2 + i;
        if (!whole && (r >= outputs || c >= inputs)) continue;
        float* const at = out + r * layer.row_stride + c;
        Quad<float> sum = quad_of_sums<Warp>(sums, lane, i);
        const Quad<float> before = gradient.start ? Quad<float>{} : pack::load_quad(at);
        for (std::uint32_t j = 0; j < quad; ++j) sum.v[j] += before.v[j];
        pack::store_quad(at, sum);
      }
    });
  }
};

template <bool sliced>
[[nodiscard]] MODSWEEP_HD TensorRowGemm<sliced> by_tensor_cores(const RowGemm<float, sliced>& product) {
  return {product};
}
template <bool sliced>
[[nodiscard]] MODSWEEP_HD TensorWeightGradient<sliced> by_tensor_cores(
    const WeightGradient<float, sliced>& gradient) {
  return {gradient};
}

}  // namespace modsweep::fused
