// Engines against the CPU engine: the same training must give the same numbers up to rounding.
#include "engine/engines_under_test.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "modsweep/cpu_engine.h"
#include "modsweep/names.h"
#include "modsweep/task.h"

namespace modsweep::test {
namespace {

/// Whether a network of the pack has no kinks.
bool smooth(std::size_t network) {
  return network < 5;
}

/// The paper's settings and others: every kind of noise, regularizer and optimizer.
Pack standard_pack(Precision precision) {
  DatasetCache cache;
  Pack pack;
  for (std::uint32_t i = 0; i < 10; ++i) {
    CellSettings cell;
    cell.network.hidden = {32, 32, 32};
    cell.network.activation = smooth(i) ? Activation::tanh : Activation::leaky_relu;
    cell.training.steps = 100;
    cell.training.seed = i;
    cell.training.precision = precision;
    cell.training.optimizer = i == 9 ? Optimizer::sgd : i == 7 ? Optimizer::adamw : Optimizer::adam;
    cell.training.momentum = i == 9 ? 0.9 : 0.0;
    cell.training.weight_decay = i == 7 ? 0.01 : 0.0;
    cell.training.schedule = i == 7 ? Schedule::cosine : Schedule::constant;
    cell.training.warmup_steps = i == 7 || i == 9 ? 20 : 0;
    cell.noise.strength = i % 2 == 1 ? 0.1 : 0.0;
    // For exponents between 0 and 2 the gradient through the noise has a pole at a = 0, near which any
    // rounding error becomes large.
    cell.noise.exponent = i % 4 == 1 ? 2.0 : 0.0;
    cell.regularizer.l2 = 1e-4;
    cell.regularizer.weighted_activity = i % 3 == 0 ? 1e-3 : 0.0;
    cell.regularizer.activity = i == 4 ? 1e-3 : 0.0;
    cell.regularizer.l12 = i == 6 ? 5e-4 : 0.0;
    cell.regularizer.dropout = i == 8 ? 0.05 : 0.0;
    pack.add(cell, cache.get(cell.task));
  }
  return pack;
}

std::unique_ptr<Training> start(Engine& engine, Precision precision, std::uint64_t steps) {
  auto training = engine.start(standard_pack(precision));
  if (steps > 0) training->advance(steps);
  return training;
}

class Agreement : public testing::TestWithParam<EngineCase> {
 protected:
  void SetUp() override {
    if (!GetParam().engine.available()) GTEST_SKIP() << "this machine cannot run " << GetParam().engine.name;
  }
  const std::unique_ptr<Engine> engine_ = GetParam().engine.available() ? GetParam().engine.make(1) : nullptr;
  const std::unique_ptr<Engine> cpu_ = make_cpu_engine({.threads = 1, .instruction_set = "x86-64"});
};

TEST_P(Agreement, OfTheFirstGradientAndLoss) {
  const Precision precision = GetParam().precision;
  const double bound = precision == Precision::fp64 ? 1e-10 : 1e-4;
  for (const std::uint64_t steps : {0U, 1U}) {
    const auto have = start(*engine_, precision, steps);
    const auto want = start(*cpu_, precision, steps);
    for (std::size_t p = 0; p < 10; ++p) {
      SCOPED_TRACE(p);
      const StepInspection a = have->inspect(p);
      const StepInspection b = want->inspect(p);
      EXPECT_NEAR(a.total, b.total, bound * b.total);
      EXPECT_LE(relative_distance(a.gradient, b.gradient), bound);
    }
  }
}

/// Networks that are too wide for one block of the fused engine.
TEST_P(Agreement, OfTheFirstGradientAndLossOfWideNetworks) {
  const Precision precision = GetParam().precision;
  const double bound = precision == Precision::fp64 ? 1e-10 : 1e-4;
  DatasetCache cache;
  Pack pack;
  for (std::uint32_t i = 0; i < 2; ++i) {
    CellSettings cell;
    cell.network.hidden = {128, 128, 128};
    cell.network.activation = smooth(i) ? Activation::tanh : Activation::leaky_relu;
    cell.noise = {.strength = 0.1, .exponent = 2.0};
    cell.regularizer = {.l2 = 1e-4, .weighted_activity = 1e-3};
    cell.regularizer.l12 = i == 1 ? 5e-4 : 0.0;
    cell.training.batch_size = 50;
    cell.training.seed = i;
    cell.training.precision = precision;
    pack.add(cell, cache.get(cell.task));
  }
  if (const std::string why = engine_->refuses(pack.shape, precision); !why.empty()) GTEST_SKIP() << why;
  const auto have = engine_->start(pack);
  const auto want = cpu_->start(pack);
  for (const std::uint64_t steps : {0U, 1U}) {
    for (Training* training : {have.get(), want.get()}) training->advance(steps);
    for (std::size_t p = 0; p < pack.size(); ++p) {
      SCOPED_TRACE(p);
      const StepInspection a = have->inspect(p);
      const StepInspection b = want->inspect(p);
      EXPECT_NEAR(a.total, b.total, bound * b.total);
      EXPECT_LE(relative_distance(a.gradient, b.gradient), bound);
    }
  }
}

/// Rounding errors grow during training, in some networks more than in others: Adam divides by gradients that
/// may be tiny. The CPU engine itself shows how far: its single precision is compared with its double
/// precision, with each order of sums that its instruction sets have, since one may be lucky.
TEST_P(Agreement, AfterAHundredStepsIsNoWorseThanRounding) {
  const Precision precision = GetParam().precision;
  const auto have = start(*engine_, precision, 100);
  const auto exact = start(*cpu_, Precision::fp64, 100);
  double rounding = 0.0;
  for (const EngineUnderTest& engine : engines_under_test()) {
    if (!engine.name.starts_with("cpu") || !engine.available()) continue;
    const auto rounded = start(*engine.make(1), Precision::fp32, 100);
    for (std::size_t p = 0; p < 10; ++p)
      rounding = std::max(rounding, relative_distance(rounded->weights(p).values, exact->weights(p).values));
  }
  EXPECT_GT(rounding, 0.0);
  EXPECT_LT(rounding, 1e-3);
  if (precision == Precision::fp64) rounding *= 0x1p-29;  // doubles round 2^29 times less
  // In single precision, a few of the two million activations fall on the other side of a kink. Each changes
  // the contribution of one of the 200 samples to a step of at most 1e-3.
  constexpr double kinks = 1e-3;
  for (std::size_t p = 0; p < 10; ++p)
    EXPECT_LE(relative_distance(have->weights(p).values, exact->weights(p).values),
              smooth(p) || precision == Precision::fp64 ? 10.0 * rounding : kinks)
        << p;
}

TEST_P(Agreement, TensorFloat32IsRefusedOrRoundsProducts) {
  // Not a skip: on a machine with a GPU a skipped test of its engines means that the GPU was not seen.
  if (GetParam().precision != Precision::fp32) return;
  const Shape shape = standard_pack(Precision::tf32).shape;
  if (!engine_->refuses(shape, Precision::tf32).empty()) return;
  const auto rounded = start(*engine_, Precision::tf32, 0);
  const auto full = start(*engine_, Precision::fp32, 0);
  for (std::size_t p = 0; p < 10; ++p) {
    SCOPED_TRACE(p);
    const StepInspection a = rounded->inspect(p);
    const StepInspection b = full->inspect(p);
    // Each of the four products forward and the seven backward rounds both factors by at most 2^-11.
    constexpr double most = 11 * 0x1p-10;
    EXPECT_NEAR(a.total, b.total, most * b.total);
    const double distance = relative_distance(a.gradient, b.gradient);
    EXPECT_LE(distance, most);
    EXPECT_GT(distance, 1e-5) << "as exact as fp32";
  }
}

INSTANTIATE_TEST_SUITE_P(Engines, Agreement, testing::ValuesIn(engine_cases()),
                         [](const auto& test_info) { return engine_case_name(test_info.param); });

}  // namespace
}  // namespace modsweep::test
