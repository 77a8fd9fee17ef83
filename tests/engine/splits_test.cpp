// Evaluation of every split on every engine: each has its own samples, and an empty one costs nothing.
#include "engine/engines_under_test.h"
#include "engine/naive_network.h"

#include <cmath>

#include <gtest/gtest.h>

#include "modsweep/math/rng.h"
#include "modsweep/task.h"

namespace modsweep::test {
namespace {

class Splits : public testing::TestWithParam<EngineCase> {
 protected:
  void SetUp() override {
    if (!GetParam().engine.available()) GTEST_SKIP() << "this machine cannot run " << GetParam().engine.name;
  }
};

CellSettings fan_cell(std::uint32_t ood_samples, Precision precision) {
  CellSettings cell;
  cell.task.kind = "gaussian2d";
  cell.task.inputs = 2;
  cell.task.train_samples = 70;
  cell.task.test_samples = 45;
  cell.task.ood_samples = ood_samples;
  cell.task.validation_samples = ood_samples / 3;
  cell.network.architecture = Architecture::modular;
  cell.network.block_width = 5;
  cell.network.joint_width = 9;
  cell.network.activation = Activation::prelu;
  cell.training.batch_size = 32;
  cell.training.steps = 5;
  cell.training.precision = precision;
  return cell;
}

TEST_P(Splits, LossesAreThoseOfANaiveNetwork) {
  const auto engine = GetParam().engine.make(2);
  DatasetCache cache;
  std::vector<CellSettings> cells;
  // With fewer samples than a batch, as many, more, and none.
  for (const std::uint32_t ood : {7U, 32U, 100U, 0U}) cells.push_back(fan_cell(ood, GetParam().precision));
  Pack pack;
  for (const CellSettings& cell : cells) pack.add(cell, cache.get(cell.task));
  const auto training = engine->start(pack);
  training->advance(3);
  const double tolerance = GetParam().precision == Precision::fp64 ? 1e-12 : 1e-5;
  for (const Split split : all_splits) {
    const std::vector<Evaluation> losses = training->evaluate(split, {});
    for (std::size_t p = 0; p < cells.size(); ++p) {
      const Samples& samples = pack.dataset[p]->split(split);
      if (samples.count == 0) {
        EXPECT_EQ(losses[p].mse, 0.0);
        continue;
      }
      const double naive = naive_loss(cells[p], training->weights(p), samples, 1).mse;
      EXPECT_NEAR(losses[p].mse, naive, tolerance * naive) << "network " << p;
    }
  }
}

TEST_P(Splits, APackWithoutSuchSamplesIsEvaluatedToo) {
  const auto engine = GetParam().engine.make(1);
  DatasetCache cache;
  const CellSettings cell = fan_cell(0, GetParam().precision);
  Pack pack;
  pack.add(cell, cache.get(cell.task));
  EXPECT_EQ(engine->start(pack)->evaluate(Split::ood, {}).at(0).mse, 0.0);
}

/// Loss of a network of leaky units, one unit at a time. Its noise comes from stream `stream` at step `step`.
double naive_noisy_loss(const CellSettings& cell, const Parameters& network, const Samples& samples,
                        const EvaluationNoise& noise, std::uint32_t stream, std::uint32_t step) {
  const ParameterLayout layout(network.shape);
  double squares = 0.0;
  for (std::uint32_t b = 0; b < samples.count; ++b) {
    std::vector<double> g(samples.x.begin() + b * samples.inputs,
                          samples.x.begin() + (b + 1) * samples.inputs);
    for (std::uint32_t l = 0; l < layout.layers().size(); ++l) {
      const auto w = network.dense_weights(l);
      const std::uint32_t units = network.shape.sizes[l + 1];
      std::vector<double> next(units);
      for (std::uint32_t k = 0; k < units; ++k) {
        double z = network.values[layout.layers()[l].biases + k];
        for (std::size_t i = 0; i < g.size(); ++i) z += w[k * g.size() + i] * g[i];
        next[k] = z;
        if (l + 1 == layout.layers().size()) continue;
        const double a = z > 0.0 ? z : cell.network.leaky_slope * z;
        double normals[4];
        math::block_normals(
            math::random_block(cell.training.seed, static_cast<math::Stream>(stream), step, l, b, k / 4),
            normals);
        next[k] = a + noise.strength * normals[k % 4] * std::pow(std::abs(a), noise.exponent / 2.0);
      }
      g = next;
    }
    for (std::uint32_t o = 0; o < samples.outputs; ++o)
      squares += std::pow(g[o] - samples.y[b * samples.outputs + o], 2);
  }
  return squares / (samples.count * samples.outputs);
}

TEST_P(Splits, EachDrawOfTestNoiseHasAStreamOfItsOwn) {
  const auto engine = GetParam().engine.make(2);
  DatasetCache cache;
  Pack pack;
  std::vector<CellSettings> cells;
  for (const std::uint32_t seed : {3U, 4U}) {
    CellSettings cell;
    cell.task.train_samples = 70;
    cell.task.test_samples = 45;
    cell.network.hidden = {9, 6};
    cell.noise.strength = 0.05;  // of the training; must not affect the evaluation
    cell.training.batch_size = 32;
    cell.training.steps = 5;
    cell.training.seed = seed;
    cell.training.precision = GetParam().precision;
    cells.push_back(cell);
    pack.add(cell, cache.get(cell.task));
  }
  const auto training = engine->start(pack);
  training->advance(3);
  const double tolerance = GetParam().precision == Precision::fp64 ? 1e-10 : 1e-4;
  for (const std::uint32_t draw : {0U, 1U, 2U, 70000U}) {
    const EvaluationNoise noise{.strength = 0.3, .exponent = 1.3, .draw = draw};
    const std::vector<Evaluation> losses = training->evaluate(Split::test, noise);
    for (std::size_t p = 0; p < cells.size(); ++p) {
      // Stream 4 is that of the first draw; the streams of further draws are 256 apart, so that none is used
      // for anything else.
      const double naive =
          naive_noisy_loss(cells[p], training->weights(p), pack.dataset[p]->test, noise, 4 + 256 * draw, 3);
      EXPECT_NEAR(losses[p].mse, naive, tolerance * naive) << "draw " << draw << ", network " << p;
    }
  }
  EXPECT_NE(training->evaluate(Split::test, {.strength = 0.3, .exponent = 1.3, .draw = 0})[0].mse,
            training->evaluate(Split::test, {.strength = 0.3, .exponent = 1.3, .draw = 1})[0].mse);
}

INSTANTIATE_TEST_SUITE_P(All, Splits, testing::ValuesIn(engine_cases()),
                         [](const auto& info) { return engine_case_name(info.param); });

}  // namespace
}  // namespace modsweep::test
