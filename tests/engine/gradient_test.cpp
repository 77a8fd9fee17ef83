// Gradients of every combination of activation, regularizer and noise site against finite differences of an
// independent naive loss.
#include "engine/engines_under_test.h"
#include "engine/naive_network.h"

#include <cmath>
#include <random>
#include <string>

#include <gtest/gtest.h>

#include "modsweep/measurement.h"
#include "modsweep/names.h"

namespace modsweep::test {
namespace {

struct NamedRegularizer {
  std::string name;
  RegularizerSettings settings;
};

RegularizerSettings connection_cost(math::ConnectionForm form, double exponent) {
  RegularizerSettings settings;
  settings.connection_cost = 0.03;
  settings.connection_form = form;
  settings.connection_exponent = exponent;
  settings.connection_scale = 0.3;
  return settings;
}

/// Every penalty alone, some with other exponents too, and all together.
std::vector<NamedRegularizer> regularizers() {
  std::vector<NamedRegularizer> all = {{"none", {}}};
  RegularizerSettings together;
  for (const PenaltyInfo& penalty : penalty_infos) {
    RegularizerSettings alone;
    alone.*penalty.coefficient = together.*penalty.coefficient = 0.02;
    all.push_back({std::string(penalty.name), alone});
  }
  together.weighted_activity_exponent = 1.5;
  together.dropout = 0.2;
  all.insert(all.end(), {{"wa1", {.weighted_activity = 0.05, .weighted_activity_exponent = 1.0}},
                         {"wa1.5", {.weighted_activity = 0.05, .weighted_activity_exponent = 1.5}},
                         {"activity1", {.activity = 0.04, .activity_exponent = 1.0}},
                         {"activity3", {.activity = 0.04, .activity_exponent = 3.0}},
                         {"dropout", {.dropout = 0.3}},
                         {"square cost", connection_cost(math::ConnectionForm::square, 2.0)},
                         {"log cost", connection_cost(math::ConnectionForm::log, 1.0)},
                         {"elimination cost", connection_cost(math::ConnectionForm::elimination, 0.7)},
                         {"all", together}});
  return all;
}

struct NoiseCase {
  const char* name;
  NoiseSettings settings;
};

std::vector<NoiseCase> noises() {
  std::vector<NoiseCase> cases = {{"none", {}}};
  for (const NoiseSite site : {NoiseSite::post, NoiseSite::pre})
    for (const double exponent : {0.0, 0.7, 1.0, 2.0, 3.0})
      cases.push_back({"noise", {.strength = 0.3, .exponent = exponent, .site = site}});
  for (const double exponent : {1.0, 2.0})
    cases.push_back(
        {"detached", {.strength = 0.3, .exponent = exponent, .gradient = NoiseGradient::detached}});
  cases.push_back(
      {"detached pre",
       {.strength = 0.3, .exponent = 2.0, .site = NoiseSite::pre, .gradient = NoiseGradient::detached}});
  return cases;
}

/// Seven samples of random data: not a multiple of any vector.
std::shared_ptr<const Dataset> random_data(std::uint32_t inputs, std::uint32_t outputs, std::uint32_t count) {
  std::mt19937 generator(7);
  std::uniform_real_distribution<double> uniform(-2.0, 2.0);
  Dataset data;
  for (Samples* samples : {&data.train, &data.test}) {
    *samples = {count, inputs, outputs, {}, {}};
    for (std::uint32_t i = 0; i < count * inputs; ++i) samples->x.push_back(uniform(generator));
    for (std::uint32_t i = 0; i < count * outputs; ++i) samples->y.push_back(uniform(generator));
  }
  return std::make_shared<const Dataset>(std::move(data));
}

CellSettings base_cell(std::vector<std::uint32_t> hidden, std::vector<std::uint32_t> groups, bool bias) {
  CellSettings cell;
  cell.task.inputs = 4;
  cell.network.hidden = std::move(hidden);
  cell.network.groups = std::move(groups);
  cell.network.bias = bias;
  cell.training.batch_size = 7;
  cell.training.steps = 10;
  cell.training.seed = 3;
  cell.training.precision = Precision::fp64;
  return cell;
}

/// Checks the engine's loss and gradient at the initial weights against the naive loss and its central
/// differences.
void expect_gradient(Engine& engine, const CellSettings& cell, double tolerance, std::uint32_t outputs = 2,
                     std::uint32_t samples = 7) {
  const auto data = random_data(cell.task.inputs, outputs, samples);
  Pack pack;
  pack.add(cell, data);
  const auto training = engine.start(pack);
  const StepInspection step = training->inspect(0);
  Parameters network = training->weights(0);
  const NaiveResult naive = naive_loss(cell, network, data->train, 1);
  ASSERT_NEAR(step.mse, naive.mse, tolerance * naive.mse);
  ASSERT_NEAR(step.total, naive.total, tolerance * naive.total);
  const FrozenNoise* frozen = cell.noise.gradient == NoiseGradient::detached ? &naive.noise : nullptr;
  std::vector<double> differences;
  for (double& value : network.values) {
    const double original = value;
    const double h = 2e-7;
    value = original + h;
    const double above = naive_loss(cell, network, data->train, 1, frozen).total;
    value = original - h;
    const double below = naive_loss(cell, network, data->train, 1, frozen).total;
    value = original;
    differences.push_back((above - below) / (2.0 * h));
  }
  // Central differences lose about eps * loss / h = 1e-9 to rounding and, near the kink of sqrt-noise, h^2
  // times a large third derivative.
  EXPECT_LE(relative_distance(step.gradient, differences), std::max(1e-7, tolerance));
}

class Gradient : public testing::TestWithParam<EngineUnderTest> {
 protected:
  void SetUp() override {
    if (!GetParam().available()) GTEST_SKIP() << "this machine cannot run " << GetParam().name;
  }
};

TEST_P(Gradient, EveryActivationRegularizerAndNoise) {
  const auto engine = GetParam().make(1);
  for (const auto& [activation, activation_name] : EnumNames<Activation>::table)
    for (const NamedRegularizer& regularizer : regularizers())
      for (const NoiseCase& noise : noises()) {
        SCOPED_TRACE(std::string(activation_name) + " " + regularizer.name + " " + noise.name + " " +
                     std::to_string(noise.settings.exponent) + " " +
                     std::string(name_of(noise.settings.site)));
        CellSettings cell = base_cell({5, 6}, {}, true);
        cell.network.activation = activation;
        cell.regularizer = regularizer.settings;
        cell.noise = noise.settings;
        expect_gradient(*engine, cell, 1e-10);
        if (HasFatalFailure()) return;
      }
}

TEST_P(Gradient, ShapesGroupsAndBiases) {
  const auto engine = GetParam().make(1);
  struct Case {
    std::vector<std::uint32_t> hidden, groups;
    bool bias;
  };
  const std::vector<Case> cases = {{{1}, {}, true},
                                   {{3}, {}, false},
                                   {{33}, {}, true},
                                   {{17, 16, 15}, {}, false},
                                   {{8, 4}, {2, 2, 1}, true},
                                   {{12, 4, 8}, {4, 4, 1, 2}, false},
                                   {{2, 2, 2, 2}, {2, 1, 2, 1, 2}, true}};
  for (const Case& shape : cases) {
    CellSettings cell = base_cell(shape.hidden, shape.groups, shape.bias);
    cell.network.activation = Activation::prelu;
    cell.noise = {.strength = 0.2, .exponent = 2.0};
    double coefficient = 0.05;
    for (const PenaltyInfo& penalty : penalty_infos)
      cell.regularizer.*penalty.coefficient = coefficient *= 0.8;
    cell.regularizer.dropout = 0.1;
    SCOPED_TRACE(shape_of(cell, 2).text());
    expect_gradient(*engine, cell, 1e-10);
  }
}

/// Inputs and outputs around the widths up to which an engine may treat a layer as narrow, more samples than
/// one thread has, and all combinations of what decides whether z is needed again.
TEST_P(Gradient, NarrowAndWideEnds) {
  const auto engine = GetParam().make(1);
  struct Case {
    std::uint32_t inputs, outputs;
    std::vector<std::uint32_t> hidden, groups;
  };
  const std::vector<Case> cases = {{1, 1, {5}, {}},
                                   {5, 8, {6}, {}},
                                   {9, 4, {5}, {}},
                                   {4, 9, {5}, {}},
                                   {8, 5, {3, 6}, {}},
                                   {9, 9, {3, 2}, {}},
                                   {4, 4, {12, 6}, {2, 3, 2}},
                                   {8, 8, {4, 8}, {4, 4, 8}}};
  for (const Case& shape : cases)
    for (const bool noisy : {false, true})
      for (const bool bias : {false, true}) {
        CellSettings cell = base_cell(shape.hidden, shape.groups, bias);
        cell.task.inputs = shape.inputs;
        cell.training.batch_size = 19;
        cell.network.activation = bias ? Activation::leaky_relu : Activation::tanh;
        cell.regularizer = {.l2 = 0.02, .weighted_activity = 0.05};
        if (noisy) cell.noise = {.strength = 0.2, .exponent = 2.0};
        SCOPED_TRACE(shape_of(cell, shape.outputs).text() + (noisy ? " noise" : ""));
        expect_gradient(*engine, cell, 1e-10, shape.outputs, 19);
      }
}

INSTANTIATE_TEST_SUITE_P(Engines, Gradient, testing::ValuesIn(engines_with(Precision::fp64)),
                         [](const auto& test_info) { return test_info.param.name; });

}  // namespace
}  // namespace modsweep::test
