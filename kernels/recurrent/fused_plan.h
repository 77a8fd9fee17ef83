// Where the blocks of the fused pass keep what: in shared memory weights, in the backend's memory histories.
// docs/recurrent.md explains a step. A block has four warps and one chunk of 32 samples of one network; lane
// l of every warp owns sample l.
#pragma once

#include "fused/tile_plan.h"
#include "recurrent/view.h"

#include <string>

#include "modsweep/error.h"

namespace modsweep::bptt {

constexpr std::uint32_t block_warps = fused::tile_warps;
constexpr std::uint32_t block_threads = fused::tile_threads;
/// Time steps that a warp takes with a module before it waits for the others.
constexpr std::uint32_t stretch = 4;
/// Histories that frozen modules use in turn. Two would not do: the module two above begins to overwrite
/// states at the moment at which the one above reads the last of a stretch.
constexpr std::uint32_t ring = 3;

/// Units whose sums a lane has in registers at once; columns of a tile of gradients; a row of weights in
/// shared memory, which is read in fours.
template <std::uint32_t rows>
struct Tile {
  static constexpr std::uint32_t columns = rows % 5 == 0 ? 5 : 4;
  static constexpr std::uint32_t sums = rows * columns;
  static constexpr std::uint32_t row_values = (rows + 3) / 4 * 4;
};

/// Offsets in values of T, of a block unless said otherwise.
struct FusedPlan {
  std::uint32_t tiles = 0;    ///< of a module's units
  std::uint32_t columns = 0;  ///< tiles of a gradient's columns
  std::uint32_t matrix = 0;   ///< values of a packed matrix
  std::uint32_t vectors = 0;  ///< where W_I, b and k of a warp's module begin, each [tiles][row_values]
  std::uint32_t region = 0;   ///< values of a warp's weights; of a flat network all warps have the same
  std::uint32_t scratch = 0;  ///< [warps][sums][33]: to add up lanes
  std::uint32_t shared = 0;   ///< values of shared memory

  std::uint32_t kept = 0;     ///< after the ring [3][L + 1][M][64]: states [kept modules][L + 1][M][64]
  std::uint32_t targets = 0;  ///< [trained modules][L][M][64]: targets, then dL/dC
  std::uint32_t passed = 0;   ///< [3][L + 1][M][64]: what modules pass to those below
  std::uint32_t lambda = 0;   ///< [trained modules][M][64]: dL/dr(t)
  std::uint32_t leak = 0;     ///< [trained modules][M][64]: dL/dk of each sample
  std::uint32_t errors = 0;   ///< [H][64]: dL/dy_1
  std::uint32_t memory = 0;   ///< values of a block's memory
};

/// What the networks of a pack need at most.
struct PassSizes {
  std::uint32_t modules = 1;  ///< that run
  std::uint32_t kept = 1;     ///< modules whose states are kept
  std::uint32_t trained = 1;  ///< modules that the gradient goes through
};

template <std::uint32_t rows>
[[nodiscard]] inline FusedPlan fused_plan(const Layout& layout, std::uint32_t longest,
                                          const PassSizes& sizes) {
  using Rows = Tile<rows>;
  FusedPlan plan;
  const std::uint32_t units = layout.units();
  plan.tiles = (units + rows - 1) / rows;
  plan.columns = (units + Rows::columns - 1) / Rows::columns;
  plan.matrix = plan.tiles * units * Rows::row_values;
  plan.vectors = (layout.modular() ? 2 : 1) * plan.matrix;
  plan.region = plan.vectors + 3 * plan.tiles * Rows::row_values;
  plan.scratch = (layout.modular() ? block_warps : 1) * plan.region;
  plan.shared = plan.scratch + block_warps * Rows::sums * (lanes + 1);

  const std::size_t plane = std::size_t{units} * chunk_samples;
  const std::size_t history = (std::size_t{longest} + 1) * plane;
  std::size_t memory = 0;
  const auto take = [&memory](std::size_t count) {
    const std::size_t begin = memory;
    memory += count;
    return static_cast<std::uint32_t>(begin);
  };
  take(layout.modular() ? ring * history : 0);
  plan.kept = take((layout.modular() ? sizes.kept : 1) * history);
  plan.targets = take(sizes.trained * longest * plane);
  plan.passed = take(sizes.trained > 1 ? ring * history : 0);
  plan.lambda = take(sizes.trained * plane);
  plan.leak = take(sizes.trained * plane);
  plan.errors = take(std::size_t{layout.max_heads()} * chunk_samples);
  plan.memory = static_cast<std::uint32_t>(memory);
  if (plan.memory != memory)
    throw LogicError("a block's memory has " + std::to_string(memory) + " values, more than 32 bits count");
  return plan;
}

/// Rows of tiles for modules of this size: those that need the fewest rows, beyond the units, and loads.
template <typename T>
[[nodiscard]] constexpr std::uint32_t tile_rows_of(std::uint32_t units) {
  if (sizeof(T) == 8) return 8;
  if (units <= 5) return 5;
  return (units + 9) / 10 * 10 <= (units + 7) / 8 * 8 + 1 ? 10 : 8;
}

/// f.template operator()<rows>() for these rows of tiles.
template <typename T, typename F>
decltype(auto) with_rows(std::uint32_t rows, const F& f) {
  if constexpr (sizeof(T) == 4) {
    if (rows == 5) return f.template operator()<5>();
    if (rows == 10) return f.template operator()<10>();
  }
  return f.template operator()<8>();
}

/// Why a block cannot train modules of this size; empty: it can.
template <typename T>
[[nodiscard]] std::string refuses_modules(const Form& form, std::size_t block_bytes) {
  const std::size_t bytes = with_rows<T>(tile_rows_of<T>(form.units), [&]<std::uint32_t rows>() {
    return fused_plan<rows>(Layout(form), 1, {}).shared * sizeof(T);
  });
  if (bytes <= block_bytes) return {};
  return "modules of " + std::to_string(form.units) + " units need " + std::to_string(bytes) +
         " bytes of a block's shared memory, and there are " + std::to_string(block_bytes);
}

template <typename T>
struct FusedView : View<T> {
  FusedPlan plan;
  T* memory = nullptr;  ///< [P][chunks][plan.memory]
};

}  // namespace modsweep::bptt
