// What a thread block keeps in shared memory to train one network, or its share of one, and where: plain
// values that the host works out once for a shape.
//
// A network that one block cannot hold is shared by a cluster of blocks, of as few as hold it. Each has a
// slice of every layer's outputs, whole quads of them: their weights and gradients, their pre-activations and
// errors; moments, which a step touches once, lie in the backend's memory. What a layer passes on, and sums
// over units, each has a copy of. Backward, each adds up what its own weights make of dL/dg, and the owner of
// a unit adds up these shares. All blocks lay out their memory in the same way.
//
// A block works through a batch in parts of `rows` samples. A layer's weights lie in rows that begin at
// multiples of four values and are an odd number of quads apart, so that neighboring threads that read
// neighboring units' weights by quads meet no bank twice. So do rows of units where tensor cores multiply.
#pragma once

#include "pack/layer_tables.h"

#include <algorithm>
#include <bit>
#include <string>
#include <type_traits>
#include <vector>

namespace modsweep::fused {

using pack::BatchState;
using pack::Layer;
using pack::LossSums;
using pack::NetworkData;
using pack::PackView;
using pack::Progress;
using pack::Quad;
using pack::quad;
using pack::round_up;
using pack::UnitIndex;
using pack::WeightEndpoints;

/// Layers of weights, at most.
constexpr std::uint32_t max_layers = 9;
/// Partial sums over the samples of a part of a batch, at most.
constexpr std::uint32_t max_parts = 16;

/// Register limit per thread. At 168, a multiprocessor holds three blocks of 128 threads, or one of 256.
constexpr std::uint32_t max_registers = 168;
/// A second limit that some kernels are compiled for: four blocks of 128 threads, or two of 256.
constexpr std::uint32_t fewer_registers = 128;
/// Of every device since sm_70 (CUDA C++ Programming Guide, technical specifications).
constexpr std::uint32_t registers_of_multiprocessor = 65536;

/// Threads of a block, at most.
constexpr std::uint32_t most_threads = 256;

/// What multiplies matrices: multiply-adds of threads (products.h), or tensor cores where a layer is wide
/// enough for them (tensor_products.h).
enum class Multiplier : std::uint8_t { threads, tensor_cores };

/// Whether tensor cores multiply a layer's matrices: at least half of each tile of 16 x 16 is there.
[[nodiscard]] MODSWEEP_HD constexpr bool fills_tiles(const Layer& layer) {
  return layer.groups == 1 && layer.inputs > 8 && layer.all_outputs > 8;
}

/// Sums over the weights of a hidden unit: into it and out of it, of absolute values and of squares.
enum class WeightSum : std::uint32_t { in_absolute, in_square, out_absolute, out_square };
constexpr std::uint32_t weight_sums = 4;

/// How a layer's work is shared out among a block's threads, the same in all blocks of a cluster.
struct LayerShare {
  std::uint32_t z = 0;              ///< values of a row of all layers' z that come before this layer's
  std::uint32_t unit_rows = 1;      ///< samples of a thread that owns four units
  std::uint32_t forward_rows = 1;   ///< of one that owns an output unit's weights
  std::uint32_t backward_rows = 1;  ///< of one that owns an input unit's weights
  std::uint32_t tile = quad;        ///< gradients of one input unit's weights that a thread sums up
};

/// What a block knows of its network besides arrays; it comes first in shared memory.
template <typename T>
struct BlockState {
  Hyperparameters<T> hyper;
  NetworkData<T> data;
  Progress progress;
  BatchState<T> batch;  ///< the whole batch
  BatchState<T> part;   ///< the part of it that is being worked on
  LossSums losses;
  Layer layers[max_layers];
  LayerShare shares[max_layers];
  const T* fixed_noise[max_layers];
};

/// Memory that blocks share out, and how many may share a network.
struct BlockLimits {
  std::size_t block = 0;           ///< bytes that one block may have
  std::size_t multiprocessor = 0;  ///< bytes that the blocks of one multiprocessor have together
  std::size_t reserved = 0;        ///< bytes that each of them takes besides
  std::uint32_t max_ranks = 1;     ///< blocks of a cluster: 1, 2, 4 or 8
  std::uint32_t fewest_ranks = 1;  ///< more than 1 in tests only
};

/// Offsets are in values of T from `values` bytes on.
struct BlockPlan {
  Multiplier multiplier = Multiplier::threads;
  std::uint32_t ranks = 1;  ///< blocks that share the network
  std::uint32_t threads = 0;
  std::uint32_t rows = 0;  ///< R: samples at once
  std::uint32_t layer_count = 0;
  std::uint32_t input_stride = 0;
  std::uint32_t units = 0;             ///< of all layers, padding included
  std::uint32_t slice_units = 0;       ///< of all layers' slices, padding included
  std::uint32_t widest = 0;            ///< longest row of a layer's units, padding included
  std::uint32_t widest_slice = 0;      ///< of a slice's
  std::uint32_t parameters = 0;        ///< of the network
  std::uint32_t parameter_stride = 0;  ///< of a block's arrays of them
  bool prelu = false;

  std::uint32_t values = 0;                  ///< bytes that come before
  std::uint32_t weights = 0, gradients = 0;  ///< [parameter_stride]
  std::uint32_t x = 0;                       ///< [R][input_stride]
  std::uint32_t y = 0;                       ///< [R][output stride]
  std::uint32_t z = 0;                       ///< every slice's [R][stride]
  std::uint32_t rows_a = 0, rows_b = 0;      ///< [R][widest slice]
  std::uint32_t whole_a = 0, whole_b = 0;    ///< [R][widest]; those of a block alone are rows_a, rows_b
  std::uint32_t parts[math::activity_penalties] = {};  ///< [max_parts][widest slice], one for each of them
  std::uint32_t squares = 0;        ///< [max_parts][quads of the outputs]; alone: the first parts
  std::uint32_t weight_shares = 0;  ///< [weight_sums][units]; none of a block alone
  std::uint32_t activity_sums[math::activity_penalties] = {};  ///< [units], as are:
  std::uint32_t slope_sums = 0;                                //
  std::uint32_t in_absolute = 0, in_square = 0;                // (in the order of WeightSum)
  std::uint32_t out_absolute = 0, out_square = 0;              //
  std::uint32_t end = 0;                                       ///< of all arrays
  std::size_t bytes = 0;                                       ///< of shared memory, all together
};

/// Whether the units of every group begin at a multiple of four. Rows end in zeros where there is one group.
MODSWEEP_HD bool whole_quads(std::uint32_t groups, std::uint32_t group_units) {
  return groups == 1 || group_units % quad == 0;
}

[[nodiscard]] MODSWEEP_HD constexpr std::uint32_t quads_of(std::uint32_t units) {
  return (units + quad - 1) / quad;
}

/// The largest slice of a layer's outputs.
[[nodiscard]] inline std::uint32_t slice_of(std::uint32_t outputs, std::uint32_t ranks) {
  return std::min(outputs, (quads_of(outputs) + ranks - 1) / ranks * quad);
}

/// From one sample's units of a layer to the next one's.
[[nodiscard]] constexpr std::uint32_t row_of(std::uint32_t units, Multiplier multiplier) {
  return multiplier == Multiplier::threads ? round_up(units, quad) : (quads_of(units) | 1U) * quad;
}

/// The layers of a shape, or a block's slices of them, with their parameters where a block has them.
[[nodiscard]] inline std::vector<Layer> block_layers(const Shape& shape, std::uint32_t ranks = 1,
                                                     std::uint32_t rank = 0,
                                                     Multiplier multiplier = Multiplier::threads) {
  std::vector<Layer> layers = pack::layer_table(shape);
  std::size_t next = 0;
  const auto take = [&next](std::size_t count) {
    const std::size_t at = next;
    next += (count + quad - 1) / quad * quad;
    return at;
  };
  for (Layer& layer : layers) {
    const std::uint32_t most = slice_of(layer.all_outputs, ranks);
    layer.first_output = std::min(layer.all_outputs, rank * round_up(most, quad));
    layer.outputs = std::min(most, layer.all_outputs - layer.first_output);
    layer.input_stride = row_of(layer.inputs, multiplier);
    layer.output_stride = row_of(most, multiplier);
    layer.first_unit += layer.first_output;
    layer.row_stride = (quads_of(layer.group_inputs()) | 1U) * quad;
    layer.weights = take(std::size_t{most} * layer.row_stride);
    layer.biases = take(layer.bias ? most : 0);
    layer.slope = take(shape.prelu && !layer.output ? 1 : 0);
  }
  return layers;
}

/// One past the last parameter of a block.
[[nodiscard]] inline std::size_t block_parameters(const Shape& shape, std::uint32_t ranks = 1) {
  const Layer last = block_layers(shape, ranks).back();
  return last.biases + (last.bias ? round_up(last.outputs, quad) : 0);
}

/// A local_index with this bit holds a copy of what another block owns and stores.
constexpr std::uint32_t replicated = 0x80000000U;
/// Of a parameter that a block has not.
constexpr std::uint32_t absent = 0xffffffffU;

/// Where a block has each parameter, in ParameterLayout order. Every block has the slopes, the first one's
/// own.
[[nodiscard]] inline std::vector<std::uint32_t> local_index_table(const Shape& shape, std::uint32_t ranks = 1,
                                                                  std::uint32_t rank = 0) {
  const std::vector<Layer> outside = pack::layer_table(shape);
  const std::vector<Layer> inside = block_layers(shape, ranks, rank);
  std::vector<std::uint32_t> local_indices(ParameterLayout(shape).parameters(), absent);
  for (std::size_t l = 0; l < outside.size(); ++l) {
    const Layer& from = outside[l];
    const Layer& to = inside[l];
    for (std::size_t o = 0; o < to.outputs; ++o) {
      const std::size_t there = to.first_output + o;
      for (std::size_t i = 0; i < from.group_inputs(); ++i)
        local_indices[from.weights + there * from.row_stride + i] =
            static_cast<std::uint32_t>(to.weights + o * to.row_stride + i);
      if (from.bias) local_indices[from.biases + there] = static_cast<std::uint32_t>(to.biases + o);
    }
    if (shape.prelu && !from.output)
      local_indices[from.slope] = static_cast<std::uint32_t>(to.slope) | (rank == 0 ? 0U : replicated);
  }
  return local_indices;
}

/// The units that the parameters of a block connect.
[[nodiscard]] inline std::vector<WeightEndpoints> block_ends(const Shape& shape, std::uint32_t ranks = 1,
                                                             std::uint32_t rank = 0) {
  const std::vector<std::uint32_t> local_indices = local_index_table(shape, ranks, rank);
  const std::vector<WeightEndpoints> outside = pack::ends_table(shape, pack::layer_table(shape));
  std::vector<WeightEndpoints> ends(block_parameters(shape, ranks));
  for (std::size_t i = 0; i < local_indices.size(); ++i)
    if (local_indices[i] != absent) ends[local_indices[i] & ~replicated] = outside[i];
  return ends;
}

[[nodiscard]] inline std::vector<LayerShare> share_table(const Shape& shape, const BlockPlan& plan,
                                                         std::uint32_t widest_tile) {
  std::vector<LayerShare> shares;
  std::uint32_t z = 0;
  const auto share = [](std::uint32_t n, std::uint32_t among) {
    return std::max(1U, (n + among - 1) / among);
  };
  for (const Layer& layer :
       block_layers(shape, plan.ranks, 0, plan.multiplier)) {  // the first block's slices are the largest
    LayerShare s;
    s.z = z;
    z += layer.output_stride;
    s.unit_rows = share(plan.rows, std::clamp(plan.threads / layer.quads(), 1U, max_parts));
    s.forward_rows = share(plan.rows, std::max(1U, plan.threads / layer.outputs));
    s.backward_rows = share(plan.rows, std::max(1U, plan.threads / layer.inputs));
    const auto tiles = [&](std::uint32_t tile) {
      return layer.inputs * share(std::min(layer.group_outputs(), layer.outputs), tile);
    };
    s.tile = whole_quads(layer.groups, layer.group_outputs()) ? widest_tile : quad;
    while (s.tile > quad && tiles(s.tile) < plan.threads) s.tile /= 2;
    shares.push_back(s);
  }
  return shares;
}

/// The plan with R samples at once in each of `ranks` blocks; `bytes` says whether it fits.
template <typename T>
[[nodiscard]] BlockPlan plan_with_rows(const Shape& shape, std::uint32_t rows, std::uint32_t ranks,
                                       Multiplier multiplier) {
  const std::vector<Layer> layers = block_layers(shape, ranks, 0, multiplier);
  BlockPlan plan;
  plan.multiplier = multiplier;
  plan.ranks = ranks;
  plan.rows = rows;
  plan.layer_count = static_cast<std::uint32_t>(layers.size());
  plan.input_stride = layers.front().input_stride;
  plan.units = layers.back().first_unit + round_up(layers.back().all_outputs, quad);
  std::uint32_t max_units = 0;
  for (const Layer& layer : layers) {
    plan.slice_units += layer.output_stride;
    plan.widest = std::max(plan.widest, row_of(layer.all_outputs, multiplier));
    plan.widest_slice = std::max(plan.widest_slice, layer.output_stride);
    max_units = std::max(max_units, layer.all_outputs);
  }
  // About four for each unit of the widest layer: whole warps, each with samples of its own.
  plan.threads = std::clamp(4 * std::bit_ceil(std::min(max_units, 64U)), 64U, most_threads);
  plan.parameters = static_cast<std::uint32_t>(ParameterLayout(shape).parameters());
  plan.parameter_stride = static_cast<std::uint32_t>(block_parameters(shape, ranks));
  plan.prelu = shape.prelu;
  plan.values = round_up(static_cast<std::uint32_t>(sizeof(BlockState<T>)), 16);
  std::size_t next = 0;
  const auto take = [&next](std::size_t count) {
    const std::size_t at = next;
    next += count;
    return static_cast<std::uint32_t>(at);
  };
  for (std::uint32_t* array : {&plan.weights, &plan.gradients}) *array = take(plan.parameter_stride);
  plan.x = take(std::size_t{rows} * plan.input_stride);
  plan.y = take(std::size_t{rows} * layers.back().output_stride);
  plan.z = take(std::size_t{rows} * plan.slice_units);
  for (std::uint32_t* array : {&plan.rows_a, &plan.rows_b})
    *array = take(std::size_t{rows} * plan.widest_slice);
  for (std::uint32_t& array : plan.parts) array = take(std::size_t{max_parts} * plan.widest_slice);
  plan.whole_a = plan.rows_a;
  plan.whole_b = plan.rows_b;
  plan.squares = plan.parts[0];
  if (ranks > 1) {
    for (std::uint32_t* array : {&plan.whole_a, &plan.whole_b})
      *array = take(std::size_t{rows} * plan.widest);
    plan.squares = take(std::size_t{max_parts} * round_up(quads_of(layers.back().all_outputs), quad));
    plan.weight_shares = take(std::size_t{weight_sums} * plan.units);
  }
  for (std::uint32_t& array : plan.activity_sums) array = take(plan.units);
  for (std::uint32_t* array :
       {&plan.slope_sums, &plan.in_absolute, &plan.in_square, &plan.out_absolute, &plan.out_square})
    *array = take(plan.units);
  plan.end = take(0);
  plan.bytes = plan.values + next * sizeof(T);
  return plan;
}

/// Samples at once that a block needs room for at least, and that it has a use for at most.
constexpr std::uint32_t fewest_rows = 4;
constexpr std::uint32_t max_rows = 64;

/// So many samples divide evenly among the threads that share a layer: a multiple of this.
[[nodiscard]] constexpr std::uint32_t even_rows(std::uint32_t rows) {
  return rows >= 16 ? 16 : quad;
}

/// Samples at once with which a block does not spend most of its time on passes over the weights.
constexpr std::uint32_t enough_rows = 16;

/// Blocks that share a network of this shape: as few as have room for it and enough samples, else for it; 0:
/// none have.
template <typename T>
[[nodiscard]] std::uint32_t ranks_of(const Shape& shape, const BlockLimits& limits, Multiplier multiplier) {
  for (const std::uint32_t rows : {enough_rows, fewest_rows})
    for (std::uint32_t ranks = limits.fewest_ranks; ranks <= limits.max_ranks; ranks *= 2)
      if (plan_with_rows<T>(shape, rows, ranks, multiplier).bytes <= limits.block) return ranks;
  return 0;
}

/// Why blocks cannot train this shape; empty if they can.
template <typename T>
[[nodiscard]] std::string refuses_shape(const Shape& shape, const BlockLimits& limits,
                                        Multiplier multiplier = Multiplier::threads) {
  if (shape.weight_layers() > max_layers)
    return "the fused engine trains up to " + std::to_string(max_layers - 1) + " hidden layers, not " +
           std::to_string(shape.hidden_layers());
  if (ranks_of<T>(shape, limits, multiplier) != 0) return {};
  const std::size_t bytes = plan_with_rows<T>(shape, fewest_rows, limits.max_ranks, multiplier).bytes;
  const std::string owner =
      limits.max_ranks == 1
          ? "a thread block's shared memory, which has "
          : "the shared memory of each of " + std::to_string(limits.max_ranks) + " thread blocks, which has ";
  return "a network " + shape.text() + " takes " + std::to_string(bytes) + " bytes of " + owner +
         std::to_string(limits.block) + "; use --engine gemm";
}

/// Why a shape cannot be trained in this precision; empty where it can.
[[nodiscard]] inline std::string refuses(const Shape& shape, Precision precision, const BlockLimits& limits,
                                         Multiplier multiplier = Multiplier::threads) {
  if (multiplier == Multiplier::tensor_cores) {
    if (precision != Precision::fp32) return "tensor cores compute in fp32 here; use --engine fused";
    const std::vector<Layer> layers = block_layers(shape);
    if (std::none_of(layers.begin(), layers.end(), [](const Layer& layer) { return fills_tiles(layer); }))
      return "no layer of " + shape.text() +
             " is for tensor cores: more than 8 inputs and outputs, in one group; use --engine fused";
    return refuses_shape<float>(shape, limits, multiplier);
  }
  if (precision == Precision::fp32) return refuses_shape<float>(shape, limits);
  if (precision == Precision::fp64) return refuses_shape<double>(shape, limits);
  return "the fused engine computes in fp32 and fp64; use --engine gemm";
}

/// A plan for this batch size. Several blocks on a multiprocessor hide each other's waiting, but parts of few
/// samples pay for every pass over the weights: three blocks if there are registers for them and each has
/// room for enough samples, else two, else one with as many threads and samples as it holds. The shape, not
/// the pack, says how many blocks share a network: that changes the order of sums. The shape must not be
/// refused.
template <typename T>
[[nodiscard]] BlockPlan block_plan(const Shape& shape, std::uint32_t batch, const BlockLimits& limits,
                                   Multiplier multiplier = Multiplier::threads) {
  const std::uint32_t ranks = ranks_of<T>(shape, limits, multiplier);
  const auto plan_with = [&](std::uint32_t rows) {
    return plan_with_rows<T>(shape, rows, ranks, multiplier);
  };
  const auto bytes_with = [&](std::uint32_t rows) { return plan_with(rows).bytes; };
  const auto largest = [&](std::size_t bytes) {
    std::uint32_t rows = max_rows;
    while (rows > fewest_rows && bytes_with(rows) > bytes) rows -= even_rows(rows - 1);
    return rows;
  };
  const bool fewer = std::is_same_v<T, float> && ranks == 1;  // as in launch_bounds.h
  const std::uint32_t registers = (fewer ? fewer_registers : max_registers) * plan_with(fewest_rows).threads;
  std::uint32_t rows = 0;
  for (const std::uint32_t blocks : {3U, 2U}) {
    if (blocks * registers > registers_of_multiprocessor) continue;
    const std::size_t each = std::min(limits.block, limits.multiprocessor / blocks - limits.reserved);
    if (rows == 0 && bytes_with(enough_rows) <= each) rows = largest(each);
  }
  const bool alone = rows == 0;  // on its multiprocessor
  if (alone) rows = largest(limits.block);
  const std::uint32_t parts = (batch + rows - 1) / rows;
  const std::uint32_t part = (batch + parts - 1) / parts;
  BlockPlan plan = plan_with(round_up(part, even_rows(part)));
  if (alone) plan.threads = most_threads;
  return plan;
}

}  // namespace modsweep::fused
