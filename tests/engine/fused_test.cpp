// The fused engine's plan of a block, and its gradients on sizes around every tile.
#include "engine/emulated_fused.h"
#include "engine/engines_under_test.h"
#include "fused/block_plan.h"

#include <cmath>
#include <set>

#include <gtest/gtest.h>

#include "modsweep/cpu_engine.h"

namespace modsweep::test {
namespace {

using fused::BlockLimits;
using fused::BlockPlan;
using fused::Multiplier;

CellSettings cell_of(std::vector<std::uint32_t> hidden, std::vector<std::uint32_t> groups = {},
                     Activation activation = Activation::leaky_relu) {
  CellSettings cell;
  cell.network.hidden = std::move(hidden);
  cell.network.groups = std::move(groups);
  cell.network.activation = activation;
  cell.training.steps = 2;
  return cell;
}

Shape shape_of_cell(const CellSettings& cell) {
  return shape_of(cell, cell.task.inputs);  // the task has as many outputs as inputs
}

std::vector<CellSettings> cells_around_tiles() {
  std::vector<CellSettings> cells = {cell_of({1}),
                                     cell_of({3, 4, 5}),
                                     cell_of({15, 16, 17}),
                                     cell_of({31, 32, 33}),
                                     cell_of({65, 5}),
                                     cell_of({6, 9, 33}, {2, 3, 3, 1}),
                                     cell_of({64, 4, 64}, {4, 4, 2, 1}),
                                     cell_of({2, 2, 2, 2, 2, 2, 2, 2}),
                                     cell_of({7, 9, 5}, {}, Activation::prelu)};
  cells.push_back(cell_of({9, 6}, {1, 3, 2}));
  cells.back().network.bias = false;
  cells.push_back(cell_of({10, 20}));
  cells.back().task.inputs = 13;  // outputs that several blocks share
  return cells;
}

TEST(FusedPlan, ThreeBlocksOfThePapersNetworkShareAMultiprocessor) {
  const BlockPlan plan = fused::block_plan<float>(shape_of_cell(cell_of({32, 32, 32})), 200, sm_90);
  EXPECT_LE(3 * (plan.bytes + sm_90.reserved), sm_90.multiprocessor);
  EXPECT_GE(plan.rows, 16U);
}

TEST(FusedPlan, ABlockTakesWhatMemoryRegistersLeaveToIt) {
  const auto parts_with = [](const Shape& shape, std::size_t bytes) {
    std::uint32_t rows = fused::max_rows;
    while (fused::plan_with_rows<float>(shape, rows, 1, Multiplier::threads).bytes > bytes)
      rows -= rows > 16 ? 16 : 4;
    return (200 + rows - 1) / rows;
  };
  std::size_t of_two = 0;
  for (std::uint32_t width = 33; width <= 90; ++width) {
    const Shape shape = shape_of_cell(cell_of({width, width, width}));
    const BlockPlan plan = fused::block_plan<float>(shape, 200, sm_90);
    ASSERT_EQ(plan.threads, 256U) << width;  // a multiprocessor has registers for two such blocks
    const std::size_t half = sm_90.multiprocessor / 2 - sm_90.reserved;
    const bool two = plan.bytes <= half;
    of_two += two ? 1 : 0;
    EXPECT_LE((200 + plan.rows - 1) / plan.rows, parts_with(shape, two ? half : sm_90.block)) << width;
  }
  EXPECT_GT(of_two, 0U);
  EXPECT_LT(of_two, 58U);
}

TEST(FusedPlan, EveryParameterHasAPlaceOfItsOwn) {
  for (const CellSettings& cell : cells_around_tiles()) {
    const Shape shape = shape_of_cell(cell);
    SCOPED_TRACE(shape.text());
    for (const std::uint32_t ranks : {1U, 2U, 4U, 8U}) {
      std::vector<std::uint32_t> owners(ParameterLayout(shape).parameters(), 0);
      for (std::uint32_t rank = 0; rank < ranks; ++rank) {
        const auto local_indices = fused::local_index_table(shape, ranks, rank);
        std::set<std::uint32_t> positions;
        for (std::size_t i = 0; i < local_indices.size(); ++i) {
          if (local_indices[i] == fused::absent) continue;
          EXPECT_TRUE(positions.insert(local_indices[i] & ~fused::replicated).second);
          EXPECT_LT(local_indices[i] & ~fused::replicated, fused::block_parameters(shape, ranks));
          if ((local_indices[i] & fused::replicated) == 0) ++owners[i];
        }
        for (const auto& layer : fused::block_layers(shape, ranks, rank)) {
          EXPECT_EQ(layer.weights % 4, 0U);
          EXPECT_EQ(layer.row_stride % 8, 4U);  // an odd number of quads
          EXPECT_GE(layer.row_stride, layer.group_inputs());
          EXPECT_TRUE(layer.outputs == 0 || layer.first_output % 4 == 0);
        }
      }
      EXPECT_EQ(owners, std::vector<std::uint32_t>(owners.size(), 1)) << ranks << " blocks";
    }
  }
}

/// Plans of devices with 99, 163 and 227 KB for a block, networks of three hidden layers, batch 200.
TEST(FusedPlan, EveryDeviceHasPlansOfItsOwn) {
  constexpr BlockLimits sm_86 = {.block = 101376, .multiprocessor = 102400, .reserved = 1024};
  constexpr BlockLimits sm_120 = {
      .block = 101376, .multiprocessor = 102400, .reserved = 1024, .max_ranks = 8};
  constexpr BlockLimits sm_80 = {.block = 166912, .multiprocessor = 167936, .reserved = 1024};
  struct Case {
    BlockLimits limits;
    std::uint32_t width, ranks, threads, rows, blocks;  ///< blocks of a multiprocessor
  };
  for (const Case& c : {Case{sm_86, 32, 1, 128, 16, 2},
                        {sm_86, 40, 1, 256, 64, 1},
                        {sm_86, 64, 1, 256, 8, 1},
                        {sm_120, 64, 2, 256, 32, 1},
                        {sm_120, 128, 8, 256, 16, 1},
                        {sm_80, 32, 1, 128, 32, 3},
                        {sm_80, 64, 1, 256, 48, 1},
                        {sm_90, 32, 1, 128, 64, 3},
                        {sm_90, 64, 1, 256, 16, 2},
                        {sm_90, 200, 8, 256, 32, 1}}) {
    SCOPED_TRACE(std::to_string(c.limits.block) + " bytes, width " + std::to_string(c.width));
    const Shape shape = shape_of_cell(cell_of({c.width, c.width, c.width}));
    ASSERT_EQ(fused::refuses(shape, Precision::fp32, c.limits), "");
    const BlockPlan plan = fused::block_plan<float>(shape, 200, c.limits);
    EXPECT_EQ(plan.ranks, c.ranks);
    EXPECT_EQ(plan.threads, c.threads);
    EXPECT_EQ(plan.rows, c.rows);
    EXPECT_EQ(c.limits.multiprocessor / (plan.bytes + c.limits.reserved), c.blocks);
  }
}

/// Else a scheduler of its multiprocessor would have one warp.
TEST(FusedPlan, ABlockAloneOnItsMultiprocessorHasAllThreads) {
  const Shape shape = shape_of_cell(cell_of(std::vector<std::uint32_t>(8, 30)));
  constexpr BlockLimits sm_86 = {.block = 101376, .multiprocessor = 102400, .reserved = 1024};
  const BlockPlan alone = fused::block_plan<float>(shape, 200, sm_86);
  EXPECT_EQ(sm_86.multiprocessor / (alone.bytes + sm_86.reserved), 1U);
  EXPECT_EQ(alone.threads, 256U);
  EXPECT_EQ(fused::block_plan<float>(shape, 200, sm_90).threads, 128U);
}

TEST(FusedPlan, AsFewBlocksShareANetworkAsHaveRoomForSixteenSamplesWhateverTheBatch) {
  for (const auto& [width, ranks] :
       {std::pair{76U, 1U}, {100U, 1U}, {104U, 2U}, {128U, 2U}, {160U, 4U}, {200U, 8U}}) {
    const Shape shape = shape_of_cell(cell_of({width, width, width}));
    for (const std::uint32_t batch : {1U, 200U, 1000U}) {
      const BlockPlan plan = fused::block_plan<float>(shape, batch, sm_90);
      EXPECT_EQ(plan.ranks, ranks) << width;
      EXPECT_LE(plan.bytes, sm_90.block);
      EXPECT_GE(plan.rows, std::min(16U, batch));
    }
  }
  EXPECT_EQ(fused::block_plan<double>(shape_of_cell(cell_of({128, 128, 128})), 200, sm_90).ranks, 8U);
}

TEST(FusedPlan, APartOfABatchIsNoLargerThanTheBatch) {
  const Shape shape = shape_of_cell(cell_of({8}));
  for (const std::uint32_t batch : {1U, 4U, 5U, 63U, 64U, 65U, 200U, 100000U}) {
    const std::uint32_t rows = fused::block_plan<float>(shape, batch, sm_90).rows;
    EXPECT_LE(rows, std::min(64U, (batch + 3) / 4 * 4)) << batch;
    EXPECT_GE(rows, std::min(4U, batch)) << batch;
  }
}

TEST(FusedPlan, WhatDoesNotFitIsRefusedWithAReason) {
  const auto engine = make_emulated_fused_engine();
  const auto refusal = [&](const CellSettings& cell) {
    return engine->refuses(shape_of_cell(cell), cell.training.precision);
  };
  EXPECT_EQ(refusal(cell_of({32, 32, 32})), "");
  EXPECT_EQ(refusal(cell_of(std::vector<std::uint32_t>(8, 8))), "");
  EXPECT_NE(refusal(cell_of(std::vector<std::uint32_t>(9, 8))).find("8 hidden layers, not 9"),
            std::string::npos);
  EXPECT_EQ(refusal(cell_of(std::vector<std::uint32_t>(6, 128))), "");
  const std::string wide = refusal(cell_of({512, 512}));
  EXPECT_NE(wide.find("4-512-512-4"), std::string::npos) << wide;
  EXPECT_NE(wide.find("each of 8 thread blocks, which has 232448"), std::string::npos) << wide;
  EXPECT_NE(refusal(cell_of({1000000, 1000000})), "");
}

TEST(FusedPlan, WhereThereAreNoClustersABlockHoldsANetworkOrNoneDoes) {
  constexpr BlockLimits sm_80 = {.block = 166912, .multiprocessor = 167936, .reserved = 1024};
  EXPECT_EQ(fused::refuses(shape_of_cell(cell_of({62, 62, 62})), Precision::fp32, sm_80), "");
  const std::string wide = fused::refuses(shape_of_cell(cell_of({128, 128, 128})), Precision::fp32, sm_80);
  EXPECT_NE(wide.find("4-128-128-128-4"), std::string::npos) << wide;
  EXPECT_NE(wide.find("of a thread block's shared memory, which has 166912"), std::string::npos) << wide;
}

struct Bound {
  Precision precision;
  double relative;
};

/// Checks losses and gradients after a step against the CPU engine in double.
void expect_gradients(CellSettings cell, const std::vector<std::uint32_t>& batches,
                      const std::vector<std::uint32_t>& ranks,
                      const std::vector<Bound>& bounds = {{Precision::fp32, 1e-4}, {Precision::fp64, 1e-10}},
                      Multiplier multiplier = Multiplier::threads) {
  const auto cpu = make_cpu_engine({.threads = 1, .instruction_set = {}});
  DatasetCache cache;
  for (const std::uint32_t batch : batches) {
    SCOPED_TRACE(shape_of_cell(cell).text() + " batch " + std::to_string(batch));
    cell.training.batch_size = batch;
    cell.task.train_samples = 120;
    cell.noise = {.strength = 0.1, .exponent = 2.0};
    cell.regularizer = {.l2 = 1e-3, .weighted_activity = 1e-2, .activity = 1e-2, .l12 = 1e-3};
    const auto inspect = [&](Engine& engine, Precision precision) {
      cell.training.precision = precision;
      Pack pack;
      pack.add(cell, cache.get(cell.task));
      const auto training = engine.start(pack);
      training->advance(1);
      return training->inspect(0);
    };
    const StepInspection want = inspect(*cpu, Precision::fp64);
    for (const std::uint32_t fewest : ranks) {
      const auto fused = make_emulated_fused_engine({.fewest_ranks = fewest, .multiplier = multiplier});
      for (const auto& [precision, bound] : bounds) {
        const StepInspection got = inspect(*fused, precision);
        EXPECT_NEAR(got.total, want.total, bound * want.total) << fewest << " blocks";
        EXPECT_LE(relative_distance(got.gradient, want.gradient), bound) << fewest << " blocks";
      }
    }
  }
}

/// Widths around the tile sizes, with several micro-batches and slices, some of them empty.
TEST(EmulatedFused, GradientsOnSizesAroundEveryTile) {
  for (const CellSettings& cell : cells_around_tiles()) {
    expect_gradients(cell, {1, 3, 63, 64, 65, 130}, {1});
    expect_gradients(cell, {3, 130}, {2, 8});
  }
}

TEST(EmulatedFused, GradientsOfNetworksThatOneBlockDoesNotHold) {
  expect_gradients(cell_of({129, 64, 132}, {}, Activation::prelu), {33}, {1});
}

const std::vector<Bound> single = {{Precision::fp32, 1e-4}};

TEST(EmulatedTensorCores, GradientsOnSizesAroundEveryTile) {
  std::vector<CellSettings> cells = cells_around_tiles();
  for (const std::vector<std::uint32_t>& hidden :
       {std::vector<std::uint32_t>{9, 16}, {15, 17, 31}, {32, 33, 48}, {47, 10, 64}})
    cells.push_back(cell_of(hidden));
  for (const CellSettings& cell : cells) {
    expect_gradients(cell, {1, 15, 33, 130}, {1}, single, Multiplier::tensor_cores);
    expect_gradients(cell, {3, 65}, {2, 8}, single, Multiplier::tensor_cores);
  }
}

TEST(EmulatedTensorCores, RefuseWhatTheyDoNotHelp) {
  const auto engine = make_emulated_fused_engine({.multiplier = Multiplier::tensor_cores});
  const auto refusal = [&](const CellSettings& cell, Precision precision) {
    return engine->refuses(shape_of_cell(cell), precision);
  };
  EXPECT_EQ(refusal(cell_of({32, 32, 32}), Precision::fp32), "");
  EXPECT_EQ(refusal(cell_of({8, 9, 9}), Precision::fp32), "");
  EXPECT_NE(refusal(cell_of({32, 32, 32}), Precision::fp64).find("fp32"), std::string::npos);
  EXPECT_NE(refusal(cell_of({32}), Precision::fp32).find("4-32-4"), std::string::npos);
  EXPECT_NE(refusal(cell_of({32, 32}, {4, 4, 4}), Precision::fp32).find("one group"), std::string::npos);
}

TEST(EmulatedTensorCores, ThreeBlocksOfThePapersNetworkShareAMultiprocessor) {
  const BlockPlan plan =
      fused::block_plan<float>(shape_of_cell(cell_of({32, 32, 32})), 200, sm_90, Multiplier::tensor_cores);
  EXPECT_LE(3 * (plan.bytes + sm_90.reserved), sm_90.multiprocessor);
  EXPECT_GE(plan.rows, 32U);
  EXPECT_EQ(plan.threads, 128U);
}

/// Root mean square error of a gradient, over several networks.
double gradient_error(Multiplier multiplier, std::uint32_t width) {
  const auto exact = make_cpu_engine({.threads = 1, .instruction_set = {}});
  const auto engine = make_emulated_fused_engine({.multiplier = multiplier});
  DatasetCache cache;
  double sum = 0.0;
  for (std::uint32_t seed = 0; seed < 4; ++seed) {
    CellSettings cell = cell_of({width, width, width});
    cell.training.seed = seed;
    cell.regularizer.weighted_activity = 1e-2;
    const auto inspect = [&](Engine& by, Precision precision) {
      cell.training.precision = precision;
      Pack pack;
      pack.add(cell, cache.get(cell.task));
      return by.start(pack)->inspect(0).gradient;
    };
    const std::vector<double> want = inspect(*exact, Precision::fp64);
    const std::vector<double> got = inspect(*engine, Precision::fp32);
    double squares = 0.0;
    double scale = 0.0;
    for (std::size_t i = 0; i < want.size(); ++i) {
      squares += (got[i] - want[i]) * (got[i] - want[i]);
      scale += want[i] * want[i];
    }
    sum += squares / scale;
  }
  return std::sqrt(sum / 4);
}

TEST(EmulatedTensorCores, AreAtMostTwiceAsFarFromDoubleAsThreadsAre) {
  for (const std::uint32_t width : {16U, 32U, 64U, 100U}) {
    const double threads = gradient_error(Multiplier::threads, width);
    const double tensor_cores = gradient_error(Multiplier::tensor_cores, width);
    EXPECT_GT(threads, 1e-9);
    EXPECT_LE(tensor_cores, 2.0 * threads) << width;
    RecordProperty("width" + std::to_string(width), std::to_string(tensor_cores / threads));
  }
}

}  // namespace
}  // namespace modsweep::test
