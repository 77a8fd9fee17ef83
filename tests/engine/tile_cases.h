// Packs of networks that are trained by tiles, of sizes around each tile, and what a loop in double makes of
// them.
#pragma once

#include "engine/naive_network.h"
#include "engine/naive_step.h"
#include "fused/tile_plan.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <memory>
#include <vector>

#include "modsweep/math/order.h"
#include "modsweep/pack.h"
#include "modsweep/task.h"

namespace modsweep::test {

/// A pack of networks of one shape.
struct TileCase {
  const char* name;
  std::uint32_t width = 32, depth = 3, inputs = 4, outputs = 4, batch = 200, samples = 1000, networks = 1,
                steps = 3;
  double noise = 0.0, l2 = 1e-4, wa = 1e-2, slope = 0.1;
  bool shuffle = false, adamw = false, backwards = false;
  int approximate = 0;
  fused::Multiplier multiplier = fused::Multiplier::threads;
};

/// Data of any number of outputs: those of the task, over and over.
inline std::shared_ptr<const Dataset> tile_data(const TileCase& c) {
  CellSettings cell;
  cell.task.inputs = c.inputs;
  cell.task.train_samples = c.samples;
  cell.task.test_samples = 1;
  DatasetCache cache;
  Dataset data = *cache.get(cell.task);
  for (Samples* s : {&data.train, &data.test}) {
    std::vector<double> y;
    for (std::uint32_t row = 0; row < s->count; ++row)
      for (std::uint32_t o = 0; o < c.outputs; ++o)
        y.push_back(s->y[std::size_t{row} * s->outputs + o % s->outputs]);
    s->y = std::move(y);
    s->outputs = c.outputs;
    for (std::vector<double>* values : {&s->x, &s->y})  // the kernel's data are floats
      for (double& value : *values) value = static_cast<double>(static_cast<float>(value));
  }
  return std::make_shared<const Dataset>(std::move(data));
}

inline CellSettings tile_cell(const TileCase& c, std::uint32_t seed) {
  CellSettings cell;
  cell.task.inputs = c.inputs;
  cell.task.train_samples = c.samples;
  cell.network.hidden.assign(c.depth, c.width);
  cell.network.leaky_slope = c.slope;
  cell.noise = {.strength = c.noise, .exponent = 2.0};
  cell.regularizer = {.l2 = c.l2, .weighted_activity = c.wa};
  cell.training.batch_size = c.batch;
  cell.training.shuffle = c.shuffle;
  cell.training.steps = c.steps + seed;  // each network its own number
  cell.training.seed = seed;
  cell.training.precision = Precision::fp32;
  if (!c.adamw) return cell;
  cell.training.optimizer = Optimizer::adamw;
  cell.training.weight_decay = 0.1;
  cell.training.schedule = Schedule::cosine;
  cell.training.warmup_steps = 1;
  return cell;
}

struct NaiveTraining {
  std::vector<double> weights, moment1;
};

/// What an optimizer makes of naive_gradient(), from the parameters that a pack begins with in its precision.
inline NaiveTraining naive_training(const CellSettings& cell, const Pack& pack, std::size_t p) {
  std::vector<double> parameters = pack.initial_parameters(p);
  if (pack.precision != Precision::fp64)
    for (double& value : parameters) value = static_cast<double>(static_cast<float>(value));
  const Samples& data = pack.dataset[p]->train;
  const std::uint32_t batches = (data.count + cell.training.batch_size - 1) / cell.training.batch_size;
  NaiveOptimizer optimizer(cell);
  for (std::uint32_t step = 0; step < pack.steps[p]; ++step) {
    std::vector<std::uint32_t> order(data.count);
    for (std::uint32_t i = 0; i < data.count; ++i) order[i] = i;
    if (cell.training.shuffle)
      math::shuffle_rows(cell.training.seed, step / batches, data.count, order.data());
    const std::uint32_t first = step % batches * cell.training.batch_size;
    const std::uint32_t last = std::min(first + cell.training.batch_size, data.count);
    optimizer.step(parameters, naive_gradient(cell, pack.shape, parameters, data,
                                              {order.begin() + first, order.begin() + last}, step + 1));
  }
  return {parameters, optimizer.first_moments()};
}

/// Relative to the largest.
[[nodiscard]] inline double distance(const std::vector<float>& got, std::size_t at,
                                     const std::vector<double>& want) {
  double most = 0.0;
  double difference = 0.0;
  for (std::size_t i = 0; i < want.size(); ++i) {
    most = std::max(most, std::abs(want[i]));
    const double d = std::abs(static_cast<double>(got[at + i]) - want[i]);
    difference = d <= difference ? difference : d;  // not a number stays
  }
  return difference / most;
}

/// The pack of a case: network p has the seed p, and takes p steps more than the first one.
struct TilePack {
  std::vector<CellSettings> cells;
  Pack pack;

  explicit TilePack(const TileCase& c) {
    const auto data = tile_data(c);
    for (std::uint32_t p = 0; p < c.networks; ++p) {
      cells.push_back(tile_cell(c, p));
      pack.add(cells.back(), data);
      pack.steps[p] = c.steps + p;
    }
  }
};

/// Sizes around each tile: samples of a product, of a warp and of a block, layers, inputs and outputs.
const TileCase tile_sizes[] = {
    {.name = "standard"},
    {.name = "standard, warps and blocks backwards", .networks = 2, .backwards = true},
    {.name = "noise", .noise = 0.1},
    {.name = "noise, other errors of approximations", .noise = 0.14, .approximate = 1},
    {.name = "one hidden layer", .depth = 1, .noise = 0.1},
    {.name = "two hidden layers", .depth = 2},
    {.name = "four hidden layers", .depth = 4, .noise = 0.1},
    {.name = "one input and output", .inputs = 1, .outputs = 1},
    {.name = "three inputs, two outputs, ReLU", .inputs = 3, .outputs = 2, .noise = 0.1, .slope = 0.0},
    {.name = "the smallest batch", .batch = 32, .samples = 63, .networks = 3},
    {.name = "a last batch of one sample, shuffled",
     .batch = 51,
     .samples = 103,
     .networks = 2,
     .steps = 4,
     .shuffle = true},
    {.name = "products of 1 and 15 samples",
     .batch = 49,
     .samples = 49 + 47,
     .networks = 3,
     .steps = 1,
     .noise = 0.1},
    {.name = "207 samples", .batch = 207, .samples = 300},
    {.name = "208 samples", .batch = 208, .samples = 300, .noise = 0.1},
    {.name = "two parts", .batch = 209, .samples = 300, .networks = 2},
    {.name = "a last batch of one part", .batch = 417, .samples = 500, .noise = 0.1, .wa = 0.0},
    {.name = "AdamW with a schedule, no penalties", .steps = 4, .l2 = 0.0, .wa = 0.0, .adamw = true},
};

/// Of wider layers: samples of a lane, a warp and a block of 64 units (7, 14, 56) and of 128 (9, 9, 36).
const TileCase wide_tile_sizes[] = {
    {.name = "64 units", .width = 64},
    {.name = "64 units, one part of a last batch of one sample, shuffled",
     .width = 64,
     .depth = 2,
     .batch = 56,
     .samples = 113,
     .networks = 2,
     .steps = 2,
     .noise = 0.1,
     .shuffle = true,
     .backwards = true},
    {.name = "64 units, one hidden layer, two parts",
     .width = 64,
     .depth = 1,
     .inputs = 3,
     .outputs = 2,
     .batch = 57,
     .samples = 100,
     .noise = 0.1,
     .slope = 0.0},
    {.name = "64 units, four hidden layers, AdamW",
     .width = 64,
     .depth = 4,
     .batch = 32,
     .samples = 45,
     .l2 = 0.0,
     .wa = 0.0,
     .adamw = true},
    {.name = "128 units, two parts", .width = 128, .batch = 37, .samples = 37, .steps = 2},
    {.name = "128 units, one part", .width = 128, .depth = 2, .batch = 36, .samples = 71, .noise = 0.1},
    {.name = "128 units, one hidden layer",
     .width = 128,
     .depth = 1,
     .inputs = 1,
     .outputs = 1,
     .batch = 73,
     .samples = 100,
     .networks = 2,
     .wa = 0.0},
};

/// With multiply-adds of threads; the first ones with tensor cores, too.
[[nodiscard]] inline std::vector<TileCase> tile_cases() {
  std::vector<TileCase> cases;
  for (const fused::Multiplier multiplier : {fused::Multiplier::threads, fused::Multiplier::tensor_cores})
    for (TileCase c : tile_sizes) {
      c.multiplier = multiplier;
      cases.push_back(c);
    }
  cases.insert(cases.end(), std::begin(wide_tile_sizes), std::end(wide_tile_sizes));
  return cases;
}

/// How far network p is from a loop in double: its moments, which are sums of gradients; and, where threads
/// multiply, its weights. With tensor cores a gradient that is nearly zero may be off by more than it is, and
/// Adam makes whole steps of such; what makes steps of moments is the same code.
[[nodiscard]] inline double distance_from_loop(const TileCase& c, const NaiveTraining& want, std::size_t at,
                                               const std::vector<float>& weights,
                                               const std::vector<float>& moment1) {
  const double of_moments = distance(moment1, at, want.moment1);
  if (c.multiplier == fused::Multiplier::tensor_cores) return of_moments;
  const double of_weights = distance(weights, at, want.weights);
  return of_weights <= of_moments ? of_moments : of_weights;
}

/// The rounding of as many additions as a batch has samples.
[[nodiscard]] inline double allowed_distance(const TileCase& c) {
  return static_cast<double>(std::numeric_limits<float>::epsilon()) * std::min(c.batch, c.samples);
}

}  // namespace modsweep::test
