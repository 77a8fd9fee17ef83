// Evaluation of every split on every engine: each has its own samples, and an empty one costs nothing.
#include "engine/engines_under_test.h"
#include "engine/naive_network.h"

#include <gtest/gtest.h>

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
  // With fewer samples than a batch, with as many, with more, and without any.
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

INSTANTIATE_TEST_SUITE_P(All, Splits, testing::ValuesIn(engine_cases()),
                         [](const auto& info) { return engine_case_name(info.param); });

}  // namespace
}  // namespace modsweep::test
