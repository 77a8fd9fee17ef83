// Optimizers and learning-rate schedules of every engine against PyTorch's (tests/data/optimizers/make.py)
// and against naive ones.
#include "config/grid.h"
#include "engine/engines_under_test.h"
#include "engine/naive_network.h"

#include <cmath>
#include <map>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "modsweep/names.h"
#include "modsweep/safetensors.h"

namespace modsweep::test {
namespace {

using nlohmann::json;

class Optimizers : public testing::TestWithParam<EngineCase> {
 protected:
  void SetUp() override {
    if (!GetParam().engine.available()) GTEST_SKIP() << "this machine cannot run " << GetParam().engine.name;
  }
};

/// The file made with PyTorch.
class Vectors {
 public:
  [[nodiscard]] json metadata(const std::string& key) const { return json::parse(file_.metadata.at(key)); }
  [[nodiscard]] const Tensor& tensor(const std::string& name) const { return file_.tensors.at(name); }
  [[nodiscard]] std::shared_ptr<const Dataset> data() const {
    const Tensor& x = tensor("x");
    const Tensor& y = tensor("y");
    const Samples samples{static_cast<std::uint32_t>(x.shape[0]), static_cast<std::uint32_t>(x.shape[1]),
                          static_cast<std::uint32_t>(y.shape[1]), x.values, y.values};
    return std::make_shared<const Dataset>(Dataset{samples, samples});
  }
  /// The parameters named prefix + "W0" and so on, of the given recorded step, in ParameterLayout's order.
  [[nodiscard]] std::vector<double> parameters(const std::string& prefix, std::size_t record) const {
    std::vector<double> all;
    for (const char* name : {"W0", "b0", "W1", "b1"}) {
      const std::size_t count = tensor(name).values.size();
      const auto begin = tensor(prefix + name).values.begin() + static_cast<std::ptrdiff_t>(record * count);
      all.insert(all.end(), begin, begin + static_cast<std::ptrdiff_t>(count));
    }
    return all;
  }

 private:
  TensorFile file_ = read_safetensors(std::string(MODSWEEP_TEST_DATA) + "/optimizers/optimizers.safetensors");
};

/// All cases of the file in one pack: each optimizer and schedule is a network's own.
TEST_P(Optimizers, AreThoseOfPyTorch) {
  const Precision precision = GetParam().precision;
  const Vectors vectors;
  const json cases = vectors.metadata("cases");
  const auto recorded = vectors.metadata("recorded").get<std::vector<std::uint64_t>>();
  ASSERT_GE(cases.size(), 20U);
  Pack pack;
  for (const auto& [name, settings] : cases.items()) {
    CellSettings cell;
    cell.network.hidden = {5};
    cell.network.activation = Activation::tanh;
    cell.task.inputs = 3;
    cell.training.batch_size = 7;
    cell.training.precision = precision;
    cell.training.steps = recorded.back();
    for (const auto& [key, value] : settings.items()) set_value(cell, key, value.dump());
    pack.add(cell, vectors.data());
    Parameters start{pack.shape, vectors.parameters("", 0)};
    pack.initial.push_back(std::make_shared<const Parameters>(std::move(start)));
    const std::vector<double>& rates = vectors.tensor(name + ".rates").values;
    ASSERT_EQ(rates.size(), recorded.back());
    for (std::size_t step = 0; step < rates.size(); ++step)
      EXPECT_NEAR(pack.learning_rate.back().after(step), rates[step], 1e-15) << name << " " << step;
  }
  const auto training = GetParam().engine.make(2)->start(pack);
  std::uint64_t taken = 0;
  for (std::size_t record = 0; record < recorded.size(); ++record) {
    training->advance(recorded[record] - std::exchange(taken, recorded[record]));
    std::size_t network = 0;
    for (const auto& [name, settings] : cases.items())
      EXPECT_LE(
          relative_distance(training->weights(network++).values, vectors.parameters(name + ".", record)),
          precision == Precision::fp64 ? 1e-10 : 1e-4)
          << name << " after step " << recorded[record];
  }
}

/// Every optimizer with every schedule, with and without warm-up.
std::vector<CellSettings> every_cell(Precision precision) {
  std::vector<CellSettings> cells;
  for (const auto& [optimizer, optimizer_name] : EnumNames<Optimizer>::table)
    for (const auto& [schedule, schedule_name] : EnumNames<Schedule>::table)
      for (const std::uint32_t warmup : {0U, 9U}) {
        CellSettings cell;
        cell.network.hidden = {6, 5};
        cell.network.activation = Activation::tanh;
        cell.noise = {.strength = 0.1, .exponent = 2.0};
        cell.regularizer.l2 = 1e-3;
        cell.training = {.optimizer = optimizer, .learning_rate = 0.01, .weight_decay = 0.1, .steps = 30};
        cell.training.momentum = optimizer == Optimizer::sgd ? 0.9 : 0.0;
        cell.training.nesterov = optimizer == Optimizer::sgd && warmup > 0;
        cell.training.schedule = schedule;
        cell.training.schedule_minimum = schedule == Schedule::cosine ? 0.002 : 0.0;
        cell.training.step_size = schedule == Schedule::step ? 4 : 0;
        cell.training.warmup_steps = warmup;
        cell.training.batch_size = 32;
        cell.training.precision = precision;
        cell.task.train_samples = 80;
        cells.push_back(cell);
      }
  return cells;
}

/// The engine's own gradients, which other tests check, in a naive optimizer make the engine's steps.
TEST_P(Optimizers, TakeTheStepsOfNaiveOnes) {
  const Precision precision = GetParam().precision;
  const std::vector<CellSettings> cells = every_cell(precision);
  DatasetCache cache;
  Pack pack;
  std::vector<NaiveOptimizer> naive;
  for (const CellSettings& cell : cells) {
    pack.add(cell, cache.get(cell.task));
    naive.emplace_back(cell);
  }
  const auto training = GetParam().engine.make(1)->start(pack);
  for (std::uint64_t step = 0; step < 30; ++step) {
    std::vector<std::vector<double>> expected;
    for (std::size_t p = 0; p < cells.size(); ++p) {
      expected.push_back(training->weights(p).values);
      naive[p].step(expected.back(), training->inspect(p).gradient);
    }
    training->advance(1);
    for (std::size_t p = 0; p < cells.size(); ++p)
      ASSERT_LE(relative_distance(training->weights(p).values, expected[p]),
                precision == Precision::fp64 ? 1e-13 : 1e-6)
          << "network " << p << " after step " << step + 1;
  }
}

INSTANTIATE_TEST_SUITE_P(Engines, Optimizers, testing::ValuesIn(engine_cases()),
                         [](const auto& test_info) { return engine_case_name(test_info.param); });

}  // namespace
}  // namespace modsweep::test
