// Training by register tiles (docs/fused.md): the kernel's source, each thread of a block on its own stack;
// and the engine that chooses it, on the stand-in for CUDA.
#include "engine/tile_cases.h"
#include "engines/gpu_module.h"
#include "fused/tile_network.h"
#include "support/host_backend.h"
#include "support/host_threads.h"
#include "training/pack_memory.h"

#include <cstring>
#include <filesystem>

#include <dlfcn.h>
#include <gtest/gtest.h>

#include "modsweep/engine.h"
#include "modsweep/gpu.h"
#include "modsweep/state.h"

namespace modsweep::test {
namespace {

using fused::Multiplier;
using fused::TileKind;

constexpr fused::BlockLimits sm_90 = {
    .block = 232448, .multiprocessor = 233472, .reserved = 1024, .max_ranks = 8};

struct TrainedByTiles {
  std::vector<float> parameters, moment1, moment2;  ///< [networks][stride]
  std::vector<pack::Progress> progress;
  std::size_t stride = 0;

  bool operator==(const TrainedByTiles& other) const {
    const auto same = [](const auto& a, const auto& b) {
      return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(a[0])) == 0;
    };
    return same(parameters, other.parameters) && same(moment1, other.moment1) &&
           same(moment2, other.moment2) && same(progress, other.progress);
  }
};

/// Trains the networks of a pack that are of this kind.
template <bool noisy, Multiplier multiplier>
TrainedByTiles train_kind(const Pack& pack, bool backwards) {
  HostBackend backend;
  pack::PackMemory<HostBackend, float> memory(backend, pack, pack::Workspace::block);
  TrainedByTiles trained;
  trained.progress.resize(pack.size());
  std::vector<std::uint32_t> members;
  for (std::uint32_t p = 0; p < pack.size(); ++p) {
    trained.progress[p].target = pack.steps[p];
    members.push_back(p);
  }
  backend.upload(memory.progress, trained.progress.data(), trained.progress.size());
  const fused::TilePlan plan = fused::tile_plan(pack.shape, pack.batch_size, multiplier);
  auto shared = backend.allocate<std::byte>(plan.bytes);
  std::memset(shared.data(), 0xff, plan.bytes);  // not zeros: they would hide reads before the first write
  fused::with_tile_width<multiplier>(plan, [&](auto width) {
    run_tile_blocks(static_cast<std::uint32_t>(members.size()), backwards, nullptr, shared.data(),
                    fused::TrainTiles<noisy, multiplier, width>{{memory.view(), plan, members.data()}});
  });
  trained.stride = memory.view().parameter_stride;
  const auto copy = [&](std::vector<float>& to, const auto& from) {
    to.resize(from.size());
    backend.download(to.data(), from, to.size());
  };
  copy(trained.parameters, memory.parameters);
  copy(trained.moment1, memory.moment1);
  copy(trained.moment2, memory.moment2);
  backend.download(trained.progress.data(), memory.progress, trained.progress.size());
  return trained;
}

template <Multiplier multiplier>
TrainedByTiles train_with(const Pack& pack, bool backwards) {
  const TileKind kind = fused::tile_kind(pack, 0);
  EXPECT_NE(kind, TileKind::none);
  return kind == TileKind::noisy ? train_kind<true, multiplier>(pack, backwards)
                                 : train_kind<false, multiplier>(pack, backwards);
}
/// A pack of networks of one kind.
TrainedByTiles train_by_tiles(const Pack& pack, Multiplier multiplier, bool backwards = false) {
  return multiplier == Multiplier::tensor_cores ? train_with<Multiplier::tensor_cores>(pack, backwards)
                                                : train_with<Multiplier::threads>(pack, backwards);
}

class Tiles : public testing::TestWithParam<TileCase> {};

TEST_P(Tiles, TrainAsALoopInDoubleDoes) {
  const TilePack cells(GetParam());
  const TrainedByTiles trained = train_by_tiles(cells.pack, GetParam().multiplier);
  for (std::size_t p = 0; p < cells.pack.size(); ++p) {
    EXPECT_LE(distance_from_loop(GetParam(), naive_training(cells.cells[p], cells.pack, p),
                                 p * trained.stride, trained.parameters, trained.moment1),
              allowed_distance(GetParam()));
    EXPECT_EQ(trained.progress[p].step, cells.pack.steps[p]);
    EXPECT_EQ(trained.progress[p].diverged, 0U);
  }
}

TEST_P(Tiles, DoNotDependOnTheOrderOfThreads) {
  const TilePack cells(GetParam());
  const Multiplier multiplier = GetParam().multiplier;
  EXPECT_TRUE(train_by_tiles(cells.pack, multiplier) == train_by_tiles(cells.pack, multiplier, true));
}

INSTANTIATE_TEST_SUITE_P(Sizes, Tiles, testing::ValuesIn(tile_cases()),
                         [](const auto& test_info) { return "case" + std::to_string(test_info.index); });

/// The step at which a network is found to have diverged whose first layer's activations have squares that
/// are not finite, and whose outputs do not see them.
std::uint64_t divergence_with(Multiplier multiplier, double weighted_activity, double noise) {
  TilePack cells({.name = "", .noise = noise, .wa = weighted_activity});
  const ParameterLayout layout(cells.pack.shape);
  Parameters initial{cells.pack.shape, std::vector<double>(layout.parameters(), 0.0)};
  for (std::uint32_t k = 0; k < fused::tile_width; ++k) initial.values[layout.layers()[0].biases + k] = 1e20;
  cells.pack.initial.push_back(std::make_shared<const Parameters>(std::move(initial)));
  return train_by_tiles(cells.pack, multiplier).progress[0].diverged;
}

TEST(TilesDiverge, WhereOnlyThePenaltyOfActivityIsNotFinite) {
  for (const Multiplier multiplier : {Multiplier::threads, Multiplier::tensor_cores})
    for (const double noise : {0.0, 0.1}) {
      EXPECT_EQ(divergence_with(multiplier, 1e-3, noise), 1U);
      EXPECT_NE(divergence_with(multiplier, 0.0, noise), 1U);
    }
}

CellSettings standard_cell() {
  return tile_cell({.name = "standard", .noise = 0.1}, 0);
}

/// The kind of a lone network with these settings.
TileKind kind_of(const CellSettings& cell) {
  DatasetCache cache;
  Pack pack;
  pack.add(cell, cache.get(cell.task));
  return fused::tile_kind(pack, 0);
}

template <typename Change>
TileKind kind_with(const Change& change) {
  CellSettings cell = standard_cell();
  change(cell);
  return kind_of(cell);
}

TEST(TileKinds, FollowFromANetworksOwnSettings) {
  EXPECT_EQ(kind_of(standard_cell()), TileKind::noisy);
  EXPECT_EQ(kind_with([](auto& c) { c.noise.strength = 0.0; }), TileKind::plain);
  EXPECT_EQ(kind_with([](auto& c) { c.noise = {.strength = 0.0, .exponent = 1.0}; }), TileKind::plain);
  EXPECT_EQ(kind_with([](auto& c) { c.network.leaky_slope = 0.0; }), TileKind::noisy);
  EXPECT_EQ(kind_with([](auto& c) { c.regularizer.weighted_activity = 0.0; }), TileKind::noisy);
  EXPECT_EQ(kind_with([](auto& c) { c.training.optimizer = Optimizer::adamw; }), TileKind::noisy);
  EXPECT_EQ(kind_with([](auto& c) { c.noise.strength = 0.147; }), TileKind::noisy);
}

TEST(TileKinds, LeaveTheRestToTheOtherKernel) {
  EXPECT_EQ(kind_with([](auto& c) { c.noise.strength = 0.148; }), TileKind::none);
  EXPECT_EQ(kind_with([](auto& c) { c.noise.exponent = 1.0; }), TileKind::none);
  EXPECT_EQ(kind_with([](auto& c) { c.noise.site = NoiseSite::pre; }), TileKind::none);
  EXPECT_EQ(kind_with([](auto& c) { c.noise.gradient = NoiseGradient::detached; }), TileKind::none);
  EXPECT_EQ(kind_with([](auto& c) { c.network.activation = Activation::tanh; }), TileKind::none);
  EXPECT_EQ(kind_with([](auto& c) { c.network.leaky_slope = -0.1; }), TileKind::none);
  EXPECT_EQ(kind_with([](auto& c) { c.training.optimizer = Optimizer::sgd; }), TileKind::none);
  EXPECT_EQ(kind_with([](auto& c) { c.regularizer.dropout = 0.1; }), TileKind::none);
  EXPECT_EQ(kind_with([](auto& c) { c.regularizer.weighted_activity_exponent = 1.0; }), TileKind::none);
  EXPECT_EQ(kind_with([](auto& c) { c.regularizer.l1 = 1e-4; }), TileKind::none);
  EXPECT_EQ(kind_with([](auto& c) { c.regularizer.l12 = 1e-4; }), TileKind::none);
  EXPECT_EQ(kind_with([](auto& c) { c.regularizer.activity = 1e-4; }), TileKind::none);
}

TEST(TileKinds, KnowNoLargerNormal) {
  const double smallest = 0x1p-33;  // of math::uniform_of_turn
  EXPECT_LT(std::sqrt(-2.0 * std::log(smallest)), fused::largest_normal);
}

TEST(TilePlans, FitShapesOfTheirOwnOnly) {
  const auto fits = [](std::vector<std::uint32_t> hidden, std::uint32_t batch, std::uint32_t inputs = 4,
                       std::vector<std::uint32_t> groups = {}, bool bias = true,
                       Multiplier multiplier = Multiplier::threads) {
    CellSettings cell;
    cell.task.inputs = inputs;
    cell.network.hidden = std::move(hidden);
    cell.network.groups = std::move(groups);
    cell.network.bias = bias;
    return fused::fits_tiles(shape_of(cell, inputs), batch, sm_90, multiplier);
  };
  for (std::size_t depth = 1; depth <= 4; ++depth)
    EXPECT_TRUE(fits(std::vector<std::uint32_t>(depth, 32), 200));
  EXPECT_TRUE(fits({32, 32}, 32));
  EXPECT_TRUE(fits({32, 32}, 100000));
  EXPECT_TRUE(fits({32}, 200, 2));
  EXPECT_FALSE(fits({32, 32}, 31));
  EXPECT_FALSE(fits({32, 31}, 200));
  EXPECT_FALSE(fits({33}, 200));
  EXPECT_FALSE(fits(std::vector<std::uint32_t>(5, 32), 200));
  EXPECT_FALSE(fits({32}, 200, 5));
  EXPECT_FALSE(fits({32, 32}, 200, 4, {1, 2, 1}));
  EXPECT_FALSE(fits({32, 32}, 200, 4, {}, false));
  EXPECT_TRUE(fits({32}, 200, 4, {}, true, Multiplier::tensor_cores));
  for (const std::uint32_t width : {64U, 128U}) {
    EXPECT_TRUE(fits({width, width, width}, 200));
    EXPECT_FALSE(fits({width, width, 32}, 200));
    EXPECT_FALSE(fits({width + 1, width + 1}, 200));
    EXPECT_FALSE(fits({width, width}, 200, 4, {}, true, Multiplier::tensor_cores));
  }
  EXPECT_TRUE(fits(std::vector<std::uint32_t>(4, 64), 200));
  EXPECT_FALSE(fits(std::vector<std::uint32_t>(4, 128), 200));
}

/// What a block may have with compute capability 8.6, 8.9 and 12.0.
constexpr fused::BlockLimits small_blocks = {.block = 101376, .multiprocessor = 102400, .reserved = 1024};

TEST(TilePlans, SmallBlocksHoldThreeHiddenLayersOfUpTo64Units) {
  for (const std::uint32_t width : {32U, 64U, 128U}) {
    const Shape shape = shape_of(tile_cell({.name = "", .width = width}, 0), 4);
    EXPECT_EQ(fused::fits_tiles(shape, 200, small_blocks), width < 128) << width;
    if (width > 32) continue;
    EXPECT_TRUE(fused::fits_tiles(shape, 200, small_blocks, Multiplier::tensor_cores));
    EXPECT_FALSE(fused::fits_tiles(shape, 209, small_blocks));  // in two parts: x stays
  }
}

TEST(TilePlans, TwoBlocksShareAMultiprocessor) {
  const Shape wide = shape_of(tile_cell({.name = "", .width = 64}, 0), 4);
  EXPECT_LE(2 * (fused::tile_plan(wide, 200).bytes + sm_90.reserved), sm_90.multiprocessor);
  const Shape shape = shape_of(standard_cell(), 4);
  EXPECT_LE(2 * (fused::tile_plan(shape, 200).bytes + sm_90.reserved), sm_90.multiprocessor);
  EXPECT_FALSE(fused::fits_tiles(shape, 200, {.block = fused::tile_plan(shape, 200).bytes - 1}));
}

TEST(TilePlans, WarpsHaveEquallyManySamples) {
  const Shape shape = shape_of(standard_cell(), 4);
  for (std::uint32_t batch = 32; batch < 1000; ++batch) {
    const fused::TilePlan plan = fused::tile_plan(shape, batch);
    for (std::uint32_t w = 0; w < fused::tile_warps; ++w) {
      EXPECT_EQ(plan.warp_rows[w], plan.part_rows / fused::tile_warps);
      EXPECT_EQ(plan.warp_first[w], w * plan.warp_rows[w]);
    }
    EXPECT_LE(plan.warp_rows[0], fused::size_of_tiles(32).rows);
    EXPECT_EQ((batch + plan.part_rows - 1) / plan.part_rows, (batch + 207) / 208)
        << batch;  // the fewest parts
  }
}

TEST(TilePlans, WarpsHaveTheSameNumberOfProductsOfTensorCoresOrOneMore) {
  const Shape shape = shape_of(standard_cell(), 4);
  for (std::uint32_t batch = 32; batch < 1000; ++batch) {
    const fused::TilePlan plan = fused::tile_plan(shape, batch, Multiplier::tensor_cores);
    std::uint32_t first = 0;
    for (std::uint32_t w = 0; w < fused::tile_warps; ++w) {
      EXPECT_EQ(plan.warp_first[w], first);
      EXPECT_EQ(plan.warp_rows[w] % 16, 0U);
      EXPECT_LE(plan.warp_rows[w], plan.warp_rows[0] + 16) << batch;
      EXPECT_GE(plan.warp_rows[w], plan.warp_rows[0]) << batch;
      // What a warp has does not reach into the next one's rows; its share of a gradient, 32 rows, neither.
      EXPECT_LE(w * plan.warp_stride + plan.warp_rows[w],
                w + 1 < fused::tile_warps ? (w + 1) * plan.warp_stride : fused::tile_block_rows);
      first += plan.warp_rows[w];
    }
    EXPECT_GE(plan.warp_stride, 32U);
    EXPECT_EQ(first, plan.part_rows);
    EXPECT_EQ((batch + plan.part_rows - 1) / plan.part_rows, (batch + 207) / 208) << batch;
  }
}

/// A mixed pack: networks of both kinds of tiles, and others.
std::vector<CellSettings> mixed_cells() {
  std::vector<CellSettings> cells;
  for (std::uint32_t i = 0; i < 7; ++i) {
    CellSettings cell =
        tile_cell({.name = "", .batch = 70, .samples = 160, .steps = 9, .noise = i % 2 * 0.1}, i);
    if (i == 4) cell.network.activation = Activation::tanh;
    if (i == 5) cell.training.optimizer = Optimizer::sgd;
    cell.training.shuffle = i % 3 == 1;
    cell.training.schedule = i == 2 ? Schedule::cosine : Schedule::constant;
    cell.training.warmup_steps = i == 3 ? 5 : 0;
    cells.push_back(cell);
  }
  return cells;
}

class TilesOfTheEngine : public testing::TestWithParam<Multiplier> {
 protected:
  void SetUp() override {
    const std::filesystem::path module = MODSWEEP_HOST_GPU_MODULE;
    (void)::dlopen((module.parent_path() / "libcuda.so.1").c_str(), RTLD_LAZY);
    gpu_ = open_gpu(module);
    ASSERT_NE(gpu_.module, nullptr) << gpu_.reason;
    const GpuDevice& device = gpu_.devices.front();
    engine_ = GetParam() == Multiplier::tensor_cores ? gpu_.module->make_fused_3xtf32_engine(device)
                                                     : gpu_.module->make_fused_engine(device);
  }
  /// States after up to `steps` steps from `begin`, or from the start.
  std::vector<std::vector<std::byte>> train(const std::vector<CellSettings>& cells, std::uint64_t steps,
                                            const std::vector<std::vector<std::byte>>& begin = {}) {
    Pack pack;
    for (const CellSettings& cell : cells) pack.add(cell, cache_.get(cell.task));
    const auto training = engine_->start(pack);
    for (std::size_t p = 0; p < begin.size(); ++p) training->restore(p, begin[p]);
    training->advance(steps);
    std::vector<std::vector<std::byte>> states;
    for (std::size_t p = 0; p < pack.size(); ++p) {
      states.push_back(training->save(p));
      diverged_.push_back(training->diverged(p));
    }
    return states;
  }

  GpuAccess gpu_;
  std::unique_ptr<Engine> engine_;
  DatasetCache cache_;
  std::vector<std::optional<std::uint64_t>> diverged_;
};

TEST_P(TilesOfTheEngine, AreTaken) {
  const std::vector<CellSettings> cells = mixed_cells();
  const auto states = train(cells, 1000);
  for (const std::size_t i : {0U, 1U, 2U, 3U, 6U}) {
    Pack alone;
    alone.add(cells[i], cache_.get(cells[i].task));
    const TrainedByTiles tiles = train_by_tiles(alone, GetParam());
    const auto state = from_bytes<float>(states[i], alone.shape);
    EXPECT_EQ(state.step, tiles.progress[0].step);
    EXPECT_EQ(std::memcmp(state.parameters.data(), tiles.parameters.data(),
                          state.parameters.size() * sizeof(float)),
              0)
        << i;
    EXPECT_EQ(std::memcmp(state.moment2.data(), tiles.moment2.data(), state.moment2.size() * sizeof(float)),
              0)
        << i;
  }
}

/// Resumed in the middle, too.
TEST_P(TilesOfTheEngine, AreTakenForWideLayers) {
  if (GetParam() == Multiplier::tensor_cores) GTEST_SKIP() << "tensor cores take 32 units";
  for (const std::uint32_t width : {64U, 128U}) {
    std::vector<CellSettings> cells;
    for (std::uint32_t i = 0; i < 3; ++i)
      cells.push_back(tile_cell(
          {.name = "", .width = width, .depth = 2, .batch = 70, .samples = 100, .noise = i % 2 * 0.1}, i));
    const auto states = train(cells, 1000);
    EXPECT_EQ(train(cells, 1000, train(cells, 2)), states);
    for (std::size_t i = 0; i < cells.size(); ++i) {
      Pack alone;
      alone.add(cells[i], cache_.get(cells[i].task));
      const TrainedByTiles tiles = train_by_tiles(alone, GetParam());
      const auto state = from_bytes<float>(states[i], alone.shape);
      EXPECT_EQ(std::memcmp(state.parameters.data(), tiles.parameters.data(),
                            state.parameters.size() * sizeof(float)),
                0)
          << width << ", " << i;
    }
  }
}

TEST_P(TilesOfTheEngine, ANetworkAloneEqualsItselfInAPackInAnyOrder) {
  const std::vector<CellSettings> cells = mixed_cells();
  const auto together = train(cells, 1000);
  const auto reversed = train({cells.rbegin(), cells.rend()}, 1000);
  for (std::size_t i = 0; i < cells.size(); ++i) {
    EXPECT_EQ(together[i], train({cells[i]}, 1000)[0]) << i;
    EXPECT_EQ(together[i], reversed[cells.size() - 1 - i]) << i;
  }
}

TEST_P(TilesOfTheEngine, ResumedEqualsUnbroken) {
  const std::vector<CellSettings> cells = mixed_cells();
  const auto unbroken = train(cells, 1000);
  for (const std::uint64_t at : {0U, 1U, 3U, 8U})
    EXPECT_EQ(train(cells, 1000, train(cells, at)), unbroken) << "interrupted at " << at;
}

TEST_P(TilesOfTheEngine, ADivergingNetworkStopsAndHurtsNobody) {
  std::vector<CellSettings> cells = mixed_cells();
  const auto healthy = train(cells, 1000);
  cells[0].training.learning_rate = 1e25;  // squared errors overflow
  cells[1].training.learning_rate = 1e10;
  diverged_.clear();
  const auto states = train(cells, 1000);
  for (const std::size_t i : {0U, 1U}) {
    ASSERT_TRUE(diverged_[i]) << i;
    EXPECT_GE(*diverged_[i], 2U);  // the first loss is finite
    const Shape shape = shape_of(cells[i], 4);
    EXPECT_EQ(from_bytes<float>(states[i], shape).step + 1, *diverged_[i]);
  }
  for (std::size_t i = 2; i < cells.size(); ++i) EXPECT_EQ(states[i], healthy[i]) << i;
}

INSTANTIATE_TEST_SUITE_P(Engines, TilesOfTheEngine,
                         testing::Values(Multiplier::threads, Multiplier::tensor_cores),
                         [](const auto& test_info) {
                           return test_info.param == Multiplier::threads ? "fused" : "fused_3xtf32";
                         });

}  // namespace
}  // namespace modsweep::test
