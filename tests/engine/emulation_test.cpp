// What would be a race on a device: a kernel whose items depend on the order in which they are taken, or a
// phase of a block on the order of its threads.
#include "engine/emulated_fused.h"
#include "engine/emulated_gemm.h"

#include <functional>

#include <gtest/gtest.h>

#include "modsweep/names.h"

namespace modsweep::test {
namespace {

/// Cells of one shape that between them meet every kernel and every branch of one.
Pack varied_pack(Precision precision, bool prelu, std::uint32_t batch) {
  DatasetCache cache;
  Pack pack;
  for (std::uint32_t i = 0; i < 12; ++i) {
    CellSettings cell;
    cell.network.hidden = {6, 10, 8};
    cell.network.groups = {2, 1, 2, 2};
    cell.network.activation = prelu ? Activation::prelu : EnumNames<Activation>::table[i % 4].first;
    cell.noise = {.strength = i % 3 == 0 ? 0.0 : 0.2,
                  .exponent = 0.5 * static_cast<double>(i % 5),
                  .site = i % 2 == 0 ? NoiseSite::post : NoiseSite::pre};
    cell.regularizer = {.l1 = 1e-4, .weighted_activity = i % 2 == 0 ? 1e-3 : 0.0, .activity = 1e-3};
    cell.regularizer.l12 = i % 4 == 1 ? 1e-3 : 0.0;
    cell.regularizer.l21 = i % 4 == 2 ? 1e-3 : 0.0;
    cell.regularizer.dropout = i % 5 == 4 ? 0.1 : 0.0;
    cell.training.optimizer = i % 7 == 6 ? Optimizer::sgd : Optimizer::adam;
    cell.training.learning_rate = i == 8 ? 1e200 : 1e-2;  // one diverges
    cell.training.shuffle = i % 2 == 1;
    cell.training.batch_size = batch;
    cell.training.steps = 20 + i;
    cell.training.seed = i;
    cell.training.precision = precision;
    cell.task.train_samples = 2 * batch + 8 + i;
    cell.task.test_samples = 30;
    pack.add(cell, cache.get(cell.task));
  }
  return pack;
}

using MakeEngine = std::function<std::unique_ptr<Engine>(bool backwards)>;

void expect_order_does_not_matter(const MakeEngine& make, std::uint32_t batch) {
  for (const Precision precision : {Precision::fp32, Precision::fp64})
    for (const bool prelu : {false, true}) {
      const Pack pack = varied_pack(precision, prelu, batch);
      const auto forwards = make(false)->start(pack);
      const auto backwards = make(true)->start(pack);
      for (Training* training : {forwards.get(), backwards.get()}) training->advance(100);
      const auto test_forwards = forwards->evaluate(Split::test, {.strength = 0.1, .exponent = 1.0});
      const auto test_backwards = backwards->evaluate(Split::test, {.strength = 0.1, .exponent = 1.0});
      std::size_t diverged = 0;
      for (std::size_t p = 0; p < pack.size(); ++p) {
        EXPECT_EQ(forwards->save(p), backwards->save(p)) << p;
        EXPECT_EQ(forwards->diverged(p), backwards->diverged(p));
        if (forwards->diverged(p)) {
          ++diverged;
          continue;
        }
        EXPECT_EQ(forwards->step(p), pack.steps[p]);
        EXPECT_EQ(test_forwards[p].mse, test_backwards[p].mse);
        EXPECT_EQ(test_forwards[p].weighted_activity, test_backwards[p].weighted_activity);
        EXPECT_EQ(forwards->inspect(p).gradient, backwards->inspect(p).gradient);
      }
      EXPECT_EQ(diverged, 1U);
    }
}

TEST(EmulatedGemm, TheOrderOfItemsDoesNotMatter) {
  expect_order_does_not_matter(make_emulated_gemm_engine, 21);
}

TEST(EmulatedFused, TheOrderOfThreadsDoesNotMatter) {
  const auto make = [](bool backwards) { return make_emulated_fused_engine({.backwards = backwards}); };
  expect_order_does_not_matter(make, 21);
  expect_order_does_not_matter(make, 150);  // more than a block holds at once
}

TEST(EmulatedFused, TheOrderOfThreadsAndBlocksOfAClusterDoesNotMatter) {
  for (const std::uint32_t ranks : {2U, 8U}) {
    SCOPED_TRACE(ranks);
    expect_order_does_not_matter(
        [ranks](bool backwards) {
          return make_emulated_fused_engine({.backwards = backwards, .fewest_ranks = ranks});
        },
        70);
  }
}

}  // namespace
}  // namespace modsweep::test
