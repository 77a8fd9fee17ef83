// No phase of the fused engine reads or writes what another thread writes in the same phase; and every
// barrier has a reason.
#include "engine/emulated_fused.h"
#include "engine/race_watch.h"

#include <gtest/gtest.h>

#include "modsweep/pack.h"

namespace modsweep::test {
namespace {

/// Networks that use every feature of a phase, each with two micro-batches per step.
Pack pack_with_everything(Precision precision, std::uint32_t networks, std::uint32_t batch,
                          std::vector<std::uint32_t> groups = {1, 2, 2, 1}) {
  DatasetCache cache;
  Pack pack;
  for (std::uint32_t i = 0; i < networks; ++i) {
    CellSettings cell;
    cell.network.hidden = {12, 20, 16};
    cell.network.groups = groups;
    cell.network.activation = Activation::prelu;
    cell.noise = {.strength = 0.2, .exponent = 2.0};
    cell.regularizer = {.l2 = 1e-3, .weighted_activity = 1e-3, .activity = 1e-3, .l12 = 1e-3, .dropout = 0.1};
    cell.training.shuffle = true;
    cell.training.batch_size = batch;
    cell.training.steps = 4;
    cell.training.seed = i;
    cell.training.precision = precision;
    cell.task.train_samples = 2 * batch;
    cell.task.test_samples = 90;
    pack.add(cell, cache.get(cell.task));
  }
  return pack;
}

class FusedRaces : public testing::TestWithParam<std::uint32_t> {};

TEST_P(FusedRaces, ThereAreNone) {
  for (const Precision precision : {Precision::fp32, Precision::fp64})
    for (const bool backwards : {false, true}) {
      RaceWatch watch;
      const Pack pack = pack_with_everything(precision, 2, 70);
      const auto training =
          make_emulated_fused_engine({.backwards = backwards, .fewest_ranks = GetParam(), .observer = &watch})
              ->start(pack);
      training->advance(3);
      static_cast<void>(training->evaluate(Split::test, {.strength = 0.1, .exponent = 1.0}));
      static_cast<void>(training->inspect(0));
      EXPECT_EQ(watch.races(), 0U) << watch.first_race();
      EXPECT_GT(watch.accesses(), 100000U);
    }
}

TEST_P(FusedRaces, ThereAreNoneWithTensorCores) {
  for (const bool backwards : {false, true}) {
    RaceWatch watch;
    const Pack pack = pack_with_everything(Precision::fp32, 2, 70, {});
    const auto training = make_emulated_fused_engine({.backwards = backwards,
                                                      .fewest_ranks = GetParam(),
                                                      .multiplier = fused::Multiplier::tensor_cores,
                                                      .observer = &watch})
                              ->start(pack);
    training->advance(3);
    static_cast<void>(training->inspect(0));
    EXPECT_EQ(watch.races(), 0U) << watch.first_race();
    EXPECT_GT(watch.accesses(), 100000U);
  }
}

/// Two steps of one network, with one barrier ignored.
RaceWatch watch_without(const RaceWatch::Options& options, std::uint32_t ranks) {
  RaceWatch watch(options);
  Pack pack = pack_with_everything(Precision::fp32, 1, 70);
  make_emulated_fused_engine({.fewest_ranks = ranks, .observer = &watch})->start(pack)->advance(2);
  return watch;
}

/// Barriers of the first step whose absence causes no race: the phases around them do not access each other's
/// data.
std::vector<std::uint32_t> unnoticed(std::uint32_t ranks, bool within_blocks) {
  const std::vector<fused::Wait> barriers = watch_without({}, ranks).barriers();
  std::vector<std::uint32_t> found;
  for (std::uint32_t i = 0; i <= barriers.size() / 2; ++i) {
    if (within_blocks && barriers[i] == fused::Wait::block) continue;
    const auto options = within_blocks
                             ? RaceWatch::Options{.without = {}, .within_blocks = i, .without_of_warp = {}}
                             : RaceWatch::Options{.without = i, .within_blocks = {}, .without_of_warp = {}};
    if (watch_without(options, ranks).races() == 0) found.push_back(i);
  }
  return found;
}

using Numbers = std::vector<std::uint32_t>;

/// A step that shuffles has 45 phases: 0 and 1 load, 2 draws the order of samples, 3 begins the step, from 4
/// on two micro-batches have 20 each. All barriers are needed except these: 1 (what follows does not read
/// parameters); 2 and 46, which protect the order, which is not in shared memory; 16, 19, 22 and 36, 39, 42,
/// between the gradients of a layer and the work for the layer below, if that writes other rows than the
/// gradients read; 43, before the sums of slopes; 45, after which 46 comes before parameters are read.
TEST(FusedBarriers, AMissingOneIsNoticed) {
  EXPECT_EQ(unnoticed(1, false), (Numbers{1, 2, 16, 22, 36, 42, 43, 45, 46}));
  EXPECT_EQ(unnoticed(2, false), (Numbers{1, 2, 16, 19, 22, 36, 39, 42, 45, 46}));
}

/// Every cluster barrier must be one of the cluster, except 1, 23 and 25, after which another barrier comes
/// before any block reads from another, and 3, which protects the order of samples, which is not in shared
/// memory.
TEST(FusedBarriers, AMissingOneOfAClusterIsNoticed) {
  EXPECT_EQ(unnoticed(2, true), (Numbers{1, 3, 23, 25}));
}

/// A network that is trained by tiles.
Pack pack_of_tiles(std::uint32_t batch, double noise, std::size_t depth = 3, std::uint32_t width = 32) {
  DatasetCache cache;
  Pack pack;
  CellSettings cell;
  cell.network.hidden.assign(depth, width);
  cell.noise = {.strength = noise, .exponent = 2.0};
  cell.regularizer = {.l2 = 1e-4, .weighted_activity = 1e-3};
  cell.training.shuffle = true;
  cell.training.batch_size = batch;
  cell.training.steps = 3;
  cell.training.precision = Precision::fp32;
  cell.task.train_samples = batch + batch / 3;  // every second batch is short
  pack.add(cell, cache.get(cell.task));
  return pack;
}

RaceWatch watch_tiles(const Pack& pack, const RaceWatch::Options& options, bool backwards = false,
                      fused::Multiplier multiplier = fused::Multiplier::threads) {
  RaceWatch watch(options);
  make_emulated_fused_engine({.backwards = backwards, .multiplier = multiplier, .observer = &watch})
      ->start(pack)
      ->advance(3);
  return watch;
}

TEST(TileRaces, ThereAreNoneWithTensorCores) {
  for (const bool backwards : {false, true}) {
    const RaceWatch watch =
        watch_tiles(pack_of_tiles(209, 0.1), {}, backwards, fused::Multiplier::tensor_cores);
    EXPECT_EQ(watch.races(), 0U) << watch.first_race();
    EXPECT_GT(watch.accesses(), 100000U);
  }
}

TEST(TileRaces, ThereAreNone) {
  for (const std::uint32_t batch : {32U, 200U, 209U})  // of the last, a step has two parts
    for (const std::size_t depth : {1U, 3U, 4U}) {
      const RaceWatch watch =
          watch_tiles(pack_of_tiles(batch, depth == 1 ? 0.0 : 0.1, depth), {}, depth == 4);
      EXPECT_EQ(watch.races(), 0U) << watch.first_race();
      EXPECT_GT(watch.warp_waits(), 0U);  // else it was not trained by tiles
      EXPECT_GT(watch.accesses(), 100000U);
    }
}

TEST(TileRaces, ThereAreNoneInWideLayers) {
  for (const auto& [width, batch] : {std::pair{64U, 57U}, {128U, 36U}}) {  // two parts, one part
    const RaceWatch watch =
        watch_tiles(pack_of_tiles(batch, 0.1, width == 64 ? 3 : 2, width), {}, width == 64);
    EXPECT_EQ(watch.races(), 0U) << watch.first_race();
    EXPECT_GT(watch.warp_waits(), 0U);
  }
}

/// Two barriers before the first step, and two a step.
TEST(TileBarriers, AMissingOneIsNoticed) {
  const Pack pack = pack_of_tiles(200, 0.1);
  const RaceWatch whole = watch_tiles(pack, {});
  ASSERT_EQ(whole.barriers().size(), 2U + 3 * 2U);
  for (std::uint32_t i = 0; i < 4; ++i)
    EXPECT_GT(watch_tiles(pack, {.without = i, .within_blocks = {}, .without_of_warp = {}}).races(), 0U) << i;
}

/// Of wide layers, two more for each matrix between hidden layers, in each part of a batch. The last of a
/// part protects what the next part overwrites: in a step's last part, nothing.
TEST(TileBarriers, AMissingOneOfWideLayersIsNoticed) {
  const Pack pack = pack_of_tiles(57, 0.1, 3, 64);
  ASSERT_EQ(watch_tiles(pack, {}).barriers().size(), 2U + 10 + 6 + 10);  // the second batch is one part
  for (std::uint32_t i = 0; i < 12; ++i)
    EXPECT_EQ(watch_tiles(pack, {.without = i, .within_blocks = {}, .without_of_warp = {}}).races() > 0,
              i != 9)
        << i;
}

/// For x, for each hidden layer, for the errors; and between the two parts of a batch.
TEST(TileBarriers, AMissingOneOfAWarpOfWideLayersIsNoticed) {
  const Pack pack = pack_of_tiles(57, 0.1, 3, 64);
  ASSERT_EQ(watch_tiles(pack, {}).warp_waits(), 11 + 5 + 11U);  // the second batch is one part
  for (std::uint32_t i = 0; i < 11; ++i)
    EXPECT_GT(watch_tiles(pack, {.without = {}, .within_blocks = {}, .without_of_warp = i}).races(), 0U) << i;
}

/// Eleven waits of a warp a step: for x, for each hidden layer, for the errors, until errors and x may be
/// overwritten, and two for each matrix on the way back.
TEST(TileBarriers, AMissingOneOfAWarpIsNoticed) {
  const Pack pack = pack_of_tiles(200, 0.1);
  ASSERT_EQ(watch_tiles(pack, {}).warp_waits(), 3 * 11U);
  for (std::uint32_t i = 0; i < 11; ++i)
    EXPECT_GT(watch_tiles(pack, {.without = {}, .within_blocks = {}, .without_of_warp = i}).races(), 0U) << i;
}

INSTANTIATE_TEST_SUITE_P(Blocks, FusedRaces, testing::Values(1U, 2U, 4U));

}  // namespace
}  // namespace modsweep::test
