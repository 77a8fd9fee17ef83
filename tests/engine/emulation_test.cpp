// Finds races of a device: a kernel whose result depends on the order of its items, or a phase of a block
// whose result depends on the order of its threads.
#include "engine/emulated_fused.h"
#include "engine/engines_under_test.h"

#include <cstdlib>
#include <functional>
#include <utility>

#include <gtest/gtest.h>

#include "modsweep/names.h"

namespace modsweep::test {
namespace {

/// Cells of one shape that together use every kernel and every branch of a kernel.
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
    cell.training.optimizer = i % 7 == 6 ? Optimizer::sgd : i == 9 ? Optimizer::adamw : Optimizer::adam;
    cell.training.weight_decay = i == 9 ? 0.1 : 0.0;
    cell.training.schedule = i == 9 ? Schedule::cosine : Schedule::constant;
    cell.training.warmup_steps = i == 9 ? 4 : 0;
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

/// The result of a training.
struct Trained {
  std::vector<std::vector<std::byte>> states;
  std::vector<Evaluation> tests;
  std::vector<std::vector<double>> gradients;  ///< empty: diverged
};

Trained train(Engine& engine, const Pack& pack) {
  const auto training = engine.start(pack);
  training->advance(100);
  Trained trained{.states = {},
                  .tests = training->evaluate(Split::test, {.strength = 0.1, .exponent = 1.0}),
                  .gradients = {}};
  for (std::size_t p = 0; p < pack.size(); ++p) {
    trained.states.push_back(training->save(p));
    const bool diverged = training->diverged(p).has_value();
    if (!diverged) {
      EXPECT_EQ(training->step(p), pack.steps[p]);
    }
    trained.gradients.push_back(diverged ? std::vector<double>() : training->inspect(p).gradient);
  }
  return trained;
}

void expect_equal(const Trained& a, const Trained& b) {
  std::size_t diverged = 0;
  for (std::size_t p = 0; p < a.states.size(); ++p) {
    EXPECT_EQ(a.states[p], b.states[p]) << p;
    EXPECT_EQ(a.gradients[p], b.gradients[p]) << p;
    if (a.gradients[p].empty()) {
      ++diverged;
      continue;
    }
    EXPECT_EQ(a.tests[p].mse, b.tests[p].mse) << p;
    EXPECT_EQ(a.tests[p].regularizers, b.tests[p].regularizers) << p;
  }
  EXPECT_EQ(diverged, 1U);
}

/// Trains with `train_one(pack, backwards)` in both orders and compares the results.
void expect_order_does_not_matter(const std::function<Trained(const Pack&, bool)>& train_one,
                                  std::uint32_t batch) {
  for (const Precision precision : {Precision::fp32, Precision::fp64})
    for (const bool prelu : {false, true}) {
      const Pack pack = varied_pack(precision, prelu, batch);
      expect_equal(train_one(pack, false), train_one(pack, true));
    }
}

/// The stand-in for CUDA runs threads and blocks in the opposite order if the environment requests it. A
/// device ignores the request, so both results must be equal there too.
class DeviceOrder : public testing::TestWithParam<EngineUnderTest> {
 protected:
  void SetUp() override {
    if (!GetParam().available()) GTEST_SKIP() << "this machine cannot run " << GetParam().name;
  }
  static Trained train_on(Engine& engine, const Pack& pack, bool backwards) {
    if (backwards) ::setenv("MODSWEEP_HOST_CUDA_BACKWARDS", "1", 1);
    Trained trained = train(engine, pack);
    ::unsetenv("MODSWEEP_HOST_CUDA_BACKWARDS");
    return trained;
  }
};

TEST_P(DeviceOrder, OfThreadsDoesNotMatter) {
  const auto engine = GetParam().make(1);
  const auto train_one = [&](const Pack& pack, bool backwards) { return train_on(*engine, pack, backwards); };
  expect_order_does_not_matter(train_one, 21);
  expect_order_does_not_matter(train_one, 150);  // more than a block holds at once
}

INSTANTIATE_TEST_SUITE_P(Engines, DeviceOrder, testing::ValuesIn(gpu_engines_of_any_shape()),
                         [](const auto& test_info) { return test_info.param.name; });

TEST(EmulatedFused, TheOrderOfThreadsAndBlocksOfAClusterDoesNotMatter) {
  for (const std::uint32_t ranks : {2U, 8U}) {
    SCOPED_TRACE(ranks);
    expect_order_does_not_matter(
        [ranks](const Pack& pack, bool backwards) {
          return train(*make_emulated_fused_engine({.backwards = backwards, .fewest_ranks = ranks}), pack);
        },
        70);
  }
}

}  // namespace
}  // namespace modsweep::test
