// Engines against the float64 vectors made with PyTorch (tests/data/reference/README.md).
#include "support/reference.h"

#include "engine/engines_under_test.h"

#include <algorithm>
#include <cmath>
#include <random>

#include <gtest/gtest.h>

#include "modsweep/cpu_engine.h"

namespace modsweep::test {
namespace {

/// Relative tolerance of losses and gradients (contract 1 of the architecture).
double tolerance(Precision precision) {
  return precision == Precision::fp64 ? 1e-10 : 1e-4;
}

std::shared_ptr<const Dataset> dataset(const TensorFile& file, const ReferenceFile& source,
                                       const std::string& x, const std::string& y, const std::string& test_x,
                                       const std::string& test_y) {
  const auto samples = [&](const std::string& in, const std::string& out) {
    const Tensor& a = tensor(file, source, in);
    const Tensor& b = tensor(file, source, out);
    return Samples{static_cast<std::uint32_t>(a.shape[0]), static_cast<std::uint32_t>(a.shape[1]),
                   static_cast<std::uint32_t>(b.shape[1]), a.values, b.values};
  };
  return std::make_shared<const Dataset>(Dataset{samples(x, y), samples(test_x, test_y)});
}

/// A pack of one network that starts from the case's weights.
Pack pack_of(const NetworkCase& test_case, const TensorFile& file, std::shared_ptr<const Dataset> data,
             Precision precision, std::uint64_t steps) {
  CellSettings cell = test_case.cell();
  cell.training.precision = precision;
  cell.training.epochs = 0;
  cell.training.steps = steps;
  Pack pack;
  pack.add(cell, std::move(data));
  pack.initial.push_back(std::make_shared<const Parameters>(parameters_of(test_case, file, "", "")));
  if (test_case.noise_alpha) {
    FixedNoise noise;
    for (std::size_t l = 0; l + 1 < test_case.weight_layers(); ++l)
      noise.layers.push_back(tensor(file, test_case, "eps" + std::to_string(l)).values);
    pack.fixed_noise.push_back(std::make_shared<const FixedNoise>(std::move(noise)));
  }
  return pack;
}

/// A step makes tens of rounding errors where `spread_of` makes one.
constexpr double roundings = 16.0;

/// The largest of eight normal deviations is 1.4 standard deviations on average.
constexpr double margin = 2.0;

/// The effect of rounding through a case's own conditioning: the deviations when training in double starts
/// from weights perturbed by about `roundings` units in the last place of `precision`. It is far above the
/// tolerance where |a|^(alpha/2) has an unbounded derivative, where Adam meets a gradient lost in rounding,
/// and along a trajectory. It is measured here, not assumed. The perturbation has the size of the errors,
/// rather than its effect being multiplied: whether a unit crosses the kink of its activation depends on the
/// size, and its effect does not grow with it.
struct Spread {
  std::vector<double> totals;                   ///< [step], the largest so far: a deviation persists
  std::vector<std::vector<double>> parameters;  ///< [recorded step][parameter]
};

/// Totals every `every` steps, parameters after the `recorded` ones.
Spread spread_of(const Pack& pack, Precision precision, std::uint64_t every,
                 const std::vector<std::uint64_t>& recorded) {
  constexpr std::size_t draws = 8;
  const double ulp = precision == Precision::fp64 ? 0x1p-52 : 0x1p-23;
  Pack many = pack;
  many.precision = Precision::fp64;
  const auto repeat = [](auto& column) {
    if (!column.empty()) column.assign(draws + 1, column.front());
  };
  repeat(many.seed), repeat(many.dataset), repeat(many.steps), repeat(many.shuffle), repeat(many.activation);
  repeat(many.leaky_slope), repeat(many.noise), repeat(many.regularizer), repeat(many.optimizer);
  repeat(many.learning_rate), repeat(many.beta1), repeat(many.beta2), repeat(many.epsilon),
      repeat(many.momentum);
  repeat(many.nesterov), repeat(many.weight_decay), repeat(many.zeros_stay_from), repeat(many.initial),
      repeat(many.fixed_noise);
  std::mt19937 generator(1);
  std::normal_distribution<double> normal;
  for (std::size_t d = 1; d <= draws; ++d) {
    Parameters moved = *pack.initial[0];
    for (double& value : moved.values) value *= 1.0 + roundings * ulp * normal(generator);
    many.initial[d] = std::make_shared<const Parameters>(std::move(moved));
  }
  const auto training = make_cpu_engine({.threads = 1, .instruction_set = {}})->start(many);
  Spread spread;
  for (std::uint64_t t = 0; t <= pack.steps[0]; ++t) {
    const double exact = t % every == 0 || t == pack.steps[0] ? training->inspect(0).total : 0.0;
    double total = spread.totals.empty() ? 0.0 : spread.totals.back();
    if (t % every == 0 || t == pack.steps[0])
      for (std::size_t d = 1; d <= draws; ++d)
        total = std::max(total, std::abs(training->inspect(d).total - exact));
    spread.totals.push_back(total);
    if (std::ranges::count(recorded, t) > 0) {
      const auto base = training->weights(0).values;
      std::vector<double> widest(base.size(), 0.0);
      for (std::size_t d = 1; d <= draws; ++d) {
        const auto values = training->weights(d).values;
        for (std::size_t i = 0; i < base.size(); ++i)
          widest[i] = std::max(widest[i], std::abs(values[i] - base[i]));
      }
      // An unbounded derivative gives the spread heavy tails: a few draws do not show it for every parameter.
      if (pack.noise[0].strength > 0.0 && pack.noise[0].exponent > 0.0 && pack.noise[0].exponent < 2.0)
        widest.assign(widest.size(), *std::ranges::max_element(widest));
      spread.parameters.push_back(std::move(widest));
    }
    training->advance(1);
  }
  return spread;
}

/// Parameters after Adam steps: within the tolerance relative to the largest, plus the effect of rounding
/// through the case's conditioning. If a gradient is below the rounding of the largest one, Adam may move the
/// parameter by up to the learning rate per step in either direction, as the vectors' README explains.
void expect_parameters(const std::vector<double>& got, const std::vector<double>& want,
                       const std::vector<double>& spread, const std::vector<double>& gradient,
                       double adam_reach, Precision precision) {
  ASSERT_EQ(got.size(), want.size());
  double largest = 0.0;
  double scale = 0.0;
  for (const double g : gradient) largest = std::max(largest, std::abs(g));
  for (const double w : want) scale = std::max(scale, std::abs(w));
  const double lost = largest * (precision == Precision::fp64 ? 1e-14 : 1e-5);
  for (std::size_t i = 0; i < got.size(); ++i) {
    double bound = tolerance(precision) * scale + margin * spread[i];
    if (std::abs(gradient[i]) < lost) bound += adam_reach;
    ASSERT_LE(std::abs(got[i] - want[i]), bound) << "parameter " << i << " gradient " << gradient[i];
  }
}

class Reference : public testing::TestWithParam<EngineCase> {
 protected:
  void SetUp() override {
    if (!GetParam().engine.available()) GTEST_SKIP() << "this machine cannot run " << GetParam().engine.name;
  }
};

double reg_raw(const NetworkCase& test_case, const RegularizerValues& values) {
  const std::string& name = test_case.regularizer;
  if (name == "L1") return values.l1;
  if (name == "L12") return values.l12;
  if (name == "L21") return values.l21;
  if (name.starts_with("Act")) return values.activity;
  if (name.starts_with("WA")) return values.weighted_activity;
  return 0.0;
}

TEST_P(Reference, StepsOfEveryNetworkCase) {
  const auto [under_test, precision] = GetParam();
  const auto engine = under_test.make(1);
  const double bound = tolerance(precision);
  std::size_t cases = 0;
  for (const NetworkCase& test_case : network_cases()) {
    SCOPED_TRACE(test_case.name);
    const TensorFile file = test_case.load();
    const Pack pack = pack_of(test_case, file, dataset(file, test_case, "x", "y", "x", "y"), precision, 10);
    const auto training = engine->start(pack);
    const StepInspection step = training->inspect(0);
    const auto expect_near = [&](double got, const char* name) {
      const double want = scalar(file, test_case, name);
      EXPECT_LE(std::abs(got - want), bound * std::abs(want)) << name << ": " << got << " for " << want;
    };
    expect_near(step.mse, "mse");
    expect_near(step.regularizers.l2, "sum_w2");
    expect_near(reg_raw(test_case, step.regularizers), "reg_raw");
    expect_near(step.total, "total");
    const Parameters gradient = parameters_of(test_case, file, "g", "");
    EXPECT_LE(relative_distance(step.gradient, gradient.values), bound);

    const Spread spread = spread_of(pack, precision, 1, {1, 10});
    const auto& totals = tensor(file, test_case, "total_by_step").values;
    for (std::size_t t = 0; t < 10; ++t) {
      EXPECT_LE(std::abs(training->inspect(0).total - totals[t]),
                bound * totals[t] + margin * spread.totals[t])
          << "before step " << t;
      training->advance(1);
      if (t == 0)
        expect_parameters(training->weights(0).values, parameters_of(test_case, file, "", "_adam1").values,
                          spread.parameters[0], gradient.values, 2.0 * test_case.lr, precision);
    }
    expect_parameters(training->weights(0).values, parameters_of(test_case, file, "", "_adam10").values,
                      spread.parameters[1], gradient.values, 20.0 * test_case.lr, precision);
    ++cases;
  }
  EXPECT_GE(cases, 1U);
}

class ReferenceTrajectories : public Reference {};

/// Without clusters: trajectories are long, and the tests above cover their steps. Without fused_3xtf32,
/// whose rounding differs from that of the draws behind the allowance: in
/// traj_4-32-32-32-4_leaky_relu_L2_seed0 a unit crosses the kink of its activation at step 240, 200 steps
/// before it does in those draws; until then it is as close as plain fp32, and Agreement tests it. Left out
/// rather than skipped: on a machine with a GPU a skipped test of its engines means that the GPU was not
/// found.
std::vector<EngineCase> trajectory_engine_cases() {
  std::vector<EngineCase> chosen;
  for (const EngineCase& one : engine_cases())
    if (one.engine.name != "fused_clusters_emulated" && !one.engine.name.starts_with("fused_3xtf32"))
      chosen.push_back(one);
  return chosen;
}

/// The data of a trajectory's task.
std::shared_ptr<const Dataset> task_data(const NetworkCase& test_case) {
  for (const TaskCase& candidate : task_cases())
    if (candidate.n == test_case.n) {
      const TensorFile task = candidate.load();
      return dataset(task, candidate, "xtr", "ytr", "xte", "yte");
    }
  throw std::runtime_error("no task has the inputs of " + test_case.name);
}

TEST_P(ReferenceTrajectories, AreThoseOfTheVectors) {
  const auto [under_test, precision] = GetParam();
  const auto engine = under_test.make(1);
  for (const NetworkCase& test_case : trajectory_cases()) {
    SCOPED_TRACE(test_case.name);
    const TensorFile file = test_case.load();
    const Pack pack = pack_of(test_case, file, task_data(test_case), precision, test_case.steps);
    const auto training = engine->start(pack);
    const double bound = tolerance(precision);
    const Spread spread = spread_of(pack, precision, 20, {test_case.steps});
    const auto& totals = tensor(file, test_case, "total_by_step").values;
    for (std::size_t t = 0; t < totals.size(); ++t) {
      const double allowed = bound * totals[t] + margin * spread.totals[t];
      if (t < 10 || t % 20 == 0) {
        ASSERT_LE(std::abs(training->inspect(0).total - totals[t]), allowed) << "before step " << t;
      }
      training->advance(1);
    }
    const auto& final_spread = spread.parameters[0];
    const double test_mse = training->evaluate(Split::test, {})[0].mse;
    const double want = scalar(file, test_case, "test_mse_final");
    EXPECT_LE(std::abs(test_mse - want), bound * want + margin * spread.totals.back());
    expect_parameters(training->weights(0).values, parameters_of(test_case, file, "", "_final").values,
                      final_spread, std::vector<double>(final_spread.size(), 1.0), 0.0, precision);
    // The allowance is meaningful only while it is small compared with the values.
    EXPECT_LT(margin * spread.totals.back(), (precision == Precision::fp64 ? 1e-6 : 0.5) * totals.back());
  }
}

/// In the project's vectors, from the weights that this draws, rounding takes a unit over the kink of its
/// activation at another step in each engine.
TEST_P(ReferenceTrajectories, FromOtherWeightsAreThoseOfDoublePrecision) {
  const auto [under_test, precision] = GetParam();
  const auto cases = trajectory_cases();
  const auto kinked = std::ranges::find_if(cases, [](const NetworkCase& one) {
    return one.activation == Activation::leaky_relu && one.regularizer.starts_with("WA");
  });
  const NetworkCase& test_case = kinked == cases.end() ? cases.front() : *kinked;
  const TensorFile file = test_case.load();
  Pack pack = pack_of(test_case, file, task_data(test_case), precision, test_case.steps);
  Parameters drawn = *pack.initial[0];
  pack.initial.clear();
  drawn.values = pack.initial_parameters(0);
  pack.initial.push_back(std::make_shared<const Parameters>(drawn));
  Pack in_double = pack;
  in_double.precision = Precision::fp64;
  const auto reference = make_cpu_engine({.threads = 1, .instruction_set = {}});
  const auto exact = reference->start(in_double);
  exact->advance(test_case.steps);
  const auto engine = under_test.make(1);
  const auto training = engine->start(pack);
  training->advance(test_case.steps);
  const Spread spread = spread_of(pack, precision, test_case.steps, {test_case.steps});
  const std::vector<double> no_gradient_lost(spread.parameters[0].size(), 1.0);
  expect_parameters(training->weights(0).values, exact->weights(0).values, spread.parameters[0],
                    no_gradient_lost, 0.0, precision);
}

INSTANTIATE_TEST_SUITE_P(Engines, Reference, testing::ValuesIn(engine_cases()),
                         [](const auto& test_info) { return engine_case_name(test_info.param); });

INSTANTIATE_TEST_SUITE_P(Engines, ReferenceTrajectories, testing::ValuesIn(trajectory_engine_cases()),
                         [](const auto& test_info) { return engine_case_name(test_info.param); });

}  // namespace
}  // namespace modsweep::test
