// Engines against the float64 vectors of causes/ (tests/data/reference/causes/README.md). A case whose slots
// are permuted is trained with its units, inputs and outputs sorted by slot, which is the same network.
#include "support/causes_reference.h"

#include "engine/engines_under_test.h"

#include <algorithm>
#include <cmath>
#include <memory>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "modsweep/names.h"
#include "modsweep/pruning.h"

namespace modsweep::test {
namespace {

/// unit[slot] of layer l.
std::vector<std::size_t> units_by_slot(const CauseCase& reference, std::size_t layer) {
  const auto place = reference.wholes(fmt::format("place{}", layer));
  std::vector<std::size_t> unit(place.size());
  for (std::size_t i = 0; i < place.size(); ++i) unit.at(place[i]) = i;
  return unit;
}

/// A row-major matrix [rows.size()][columns.size()] with rows and columns chosen.
std::vector<double> chosen(const std::vector<double>& matrix, const std::vector<std::size_t>& rows,
                           const std::vector<std::size_t>& columns) {
  std::vector<double> result;
  for (const std::size_t r : rows)
    for (const std::size_t c : columns) result.push_back(matrix[r * columns.size() + c]);
  return result;
}

std::vector<std::size_t> all_rows(std::size_t count) {
  std::vector<std::size_t> rows(count);
  for (std::size_t i = 0; i < count; ++i) rows[i] = i;
  return rows;
}

/// The tensors prefix + W<l> and b<l> + suffix as parameters, units by slot.
std::vector<double> parameters_by_slot(const CauseCase& reference, const std::string& prefix,
                                       const std::string& suffix) {
  std::vector<double> values;
  for (std::size_t l = 0; l + 1 < reference.sizes().size(); ++l) {
    const auto to = units_by_slot(reference, l + 1);
    const auto add = [&](const std::vector<double>& part) {
      values.insert(values.end(), part.begin(), part.end());
    };
    add(chosen(reference.values(fmt::format("{}W{}{}", prefix, l, suffix)), to, units_by_slot(reference, l)));
    add(chosen(reference.values(fmt::format("{}b{}{}", prefix, l, suffix)), to, {0}));
  }
  return values;
}

std::shared_ptr<const Dataset> data_by_slot(const CauseCase& reference) {
  const auto sizes = reference.sizes();
  const auto rows = all_rows(static_cast<std::size_t>(reference.number("batch")));
  Samples samples{static_cast<std::uint32_t>(rows.size()), sizes.front(), sizes.back(), {}, {}};
  samples.x = chosen(reference.values("x"), rows, units_by_slot(reference, 0));
  samples.y = chosen(reference.values("y"), rows, units_by_slot(reference, sizes.size() - 1));
  return std::make_shared<const Dataset>(Dataset{samples, samples});
}

/// The tensors W<l> and b<l> + suffix as they are.
std::vector<double> parameters_in_order(const CauseCase& reference, const std::string& suffix) {
  std::vector<double> values;
  for (std::size_t l = 0; l + 1 < reference.sizes().size(); ++l)
    for (const char* kind : {"W", "b"}) {
      const auto& part = reference.values(fmt::format("{}{}{}", kind, l, suffix));
      values.insert(values.end(), part.begin(), part.end());
    }
  return values;
}

std::shared_ptr<const Dataset> whole_data(const CauseCase& reference) {
  const auto sizes = reference.sizes();
  const Samples samples{static_cast<std::uint32_t>(reference.number("batch")), sizes.front(), sizes.back(),
                        reference.values("x"), reference.values("y")};
  return std::make_shared<const Dataset>(Dataset{samples, samples});
}

CellSettings cell_of(const CauseCase& reference, Precision precision) {
  CellSettings cell;
  const auto sizes = reference.sizes();
  cell.task.inputs = sizes.front();
  cell.network.hidden.assign(sizes.begin() + 1, sizes.end() - 1);
  cell.network.activation = value_of<Activation>(reference.text("activation")).value();
  cell.network.leaky_slope = reference.number("leaky_slope");
  cell.regularizer.l2 = reference.number("l2");
  cell.training.learning_rate = reference.number("lr");
  cell.training.batch_size = static_cast<std::uint32_t>(reference.number("batch"));
  cell.training.steps = 10;
  cell.training.precision = precision;
  return cell;
}

class CausesReference : public testing::TestWithParam<EngineCase> {
 protected:
  void SetUp() override {
    if (!GetParam().engine.available()) GTEST_SKIP() << "this machine cannot run " << GetParam().engine.name;
  }
};

TEST_P(CausesReference, StepsWithAConnectionCost) {
  const auto [under_test, precision] = GetParam();
  const auto engine = under_test.make(1);
  const bool exact = precision == Precision::fp64;
  const double bound = exact ? 1e-10 : 1e-4;  // contract 1 of the architecture
  for (const CauseCase& reference : cause_cases("connection_cost")) {
    SCOPED_TRACE(reference.name);
    CellSettings cell = cell_of(reference, precision);
    RegularizerSettings& r = cell.regularizer;
    r.connection_cost = reference.number("coefficient");
    r.connection_form = value_of<math::ConnectionForm>(reference.text("form")).value();
    r.connection_base = reference.number("base");
    r.connection_length = reference.number("length");
    r.connection_exponent = reference.number("exponent");
    r.connection_scale = reference.number("scale");
    Pack pack;
    pack.add(cell, data_by_slot(reference));
    Parameters initial{pack.shape, parameters_by_slot(reference, "", "")};
    pack.initial.push_back(std::make_shared<const Parameters>(std::move(initial)));
    const auto training = engine->start(pack);
    const StepInspection step = training->inspect(0);
    const auto& totals = reference.values("total_by_step");
    EXPECT_NEAR(step.total, totals[0], bound * totals[0]);
    const double cost = reference.value("cost");
    EXPECT_NEAR(step.regularizers.connection_cost, cost, bound * cost);
    EXPECT_LE(relative_distance(step.gradient, parameters_by_slot(reference, "g", "")), bound);
    // Adam divides a gradient by its own size: one that is lost in rounding may move a parameter by the
    // learning rate in either direction at every step.
    const std::vector<double> gradient = parameters_by_slot(reference, "g", "");
    double largest = 0.0;
    for (const double g : gradient) largest = std::max(largest, std::abs(g));
    const auto expect_weights = [&](const std::string& suffix, double steps) {
      const auto want = parameters_by_slot(reference, "", suffix);
      const auto got = training->weights(0).values;
      ASSERT_EQ(got.size(), want.size());
      for (std::size_t i = 0; i < want.size(); ++i) {
        // A gradient g is known to bound * largest; the step moves by that share of the rate.
        const double uncertain =
            std::min(1.0, 10.0 * bound * largest / std::max(std::abs(gradient[i]), 1e-300));
        EXPECT_NEAR(got[i], want[i], bound + 2.0 * steps * cell.training.learning_rate * uncertain)
            << suffix << " parameter " << i;
      }
    };
    training->advance(1);
    expect_weights("_adam1", 1.0);
    for (std::size_t t = 1; t < 10; ++t) {
      EXPECT_NEAR(training->inspect(0).total, totals[t], (exact ? 1e-7 : 1e-3) * totals[t]) << t;
      training->advance(1);
    }
    if (exact) expect_weights("_adam10", 10.0);
  }
}

TEST_P(CausesReference, PrunedTraining) {
  const auto [under_test, precision] = GetParam();
  const auto engine = under_test.make(1);
  ASSERT_TRUE(engine->prunes());
  const bool exact = precision == Precision::fp64;
  for (const CauseCase& reference : cause_cases("pruned_training")) {
    SCOPED_TRACE(reference.name);
    CellSettings cell = cell_of(reference, precision);
    cell.training.steps = static_cast<std::uint64_t>(reference.number("steps"));
    PruningSettings& pruning = cell.pruning;
    pruning.sparsity = reference.number("sparsity");
    pruning.initial_sparsity = reference.number("initial_sparsity");
    pruning.begin = static_cast<std::uint64_t>(reference.number("begin"));
    pruning.end = static_cast<std::uint64_t>(reference.number("end"));
    pruning.every = static_cast<std::uint64_t>(reference.number("every"));
    pruning.shape = value_of<PruningShape>(reference.text("shape")).value();
    pruning.scope = value_of<PruningScope>(reference.text("scope")).value();
    Pack pack;
    pack.add(cell, whole_data(reference));
    pack.initial.push_back(
        std::make_shared<const Parameters>(Parameters{pack.shape, parameters_in_order(reference, "")}));
    const auto training = engine->start(pack);
    const ParameterLayout layout(pack.shape);
    const auto& totals = reference.values("total_by_step");
    for (std::uint64_t t = 1; t <= cell.training.steps; ++t) {
      EXPECT_NEAR(training->inspect(0).total, totals[t - 1], (exact ? 1e-9 : 1e-4) * totals[t - 1]) << t;
      training->advance(1);
      if (next_pruning(pruning, t) != t) continue;
      auto state = training->save(0);
      prune_state(state, pack.shape, precision, pruning, t);
      training->restore(0, state);
      const auto values = training->weights(0).values;
      for (std::size_t l = 0; l < layout.layers().size(); ++l) {
        const auto& mask = reference.values(fmt::format("mask{}_step{}", l, t));
        for (std::size_t i = 0; i < mask.size(); ++i)
          EXPECT_EQ(values[layout.layers()[l].weights + i] != 0.0, mask[i] != 0.0)
              << t << " " << l << " " << i;
      }
    }
    const auto want = parameters_in_order(reference, "_final");
    const auto got = training->weights(0).values;
    for (std::size_t i = 0; i < want.size(); ++i) {
      EXPECT_NEAR(got[i], want[i], exact ? 1e-9 : 1e-4) << i;
      EXPECT_EQ(got[i] == 0.0, want[i] == 0.0) << i;
    }
  }
}

/// x [N][I] with each goal's y [goals][N][O], the first goal first.
std::shared_ptr<const Dataset> data_of_goals(const CauseCase& reference) {
  const auto sizes = reference.sizes();
  const auto count = static_cast<std::uint32_t>(reference.number("samples"));
  const auto goals = static_cast<std::size_t>(reference.number("goals"));
  const std::size_t targets = std::size_t{count} * sizes.back();
  const auto& y = reference.values("y");
  const auto data_of = [&](std::size_t goal) {
    const auto first = y.begin() + static_cast<std::ptrdiff_t>(goal * targets);
    const Samples samples{count, sizes.front(), sizes.back(), reference.values("x"),
                          std::vector<double>(first, first + static_cast<std::ptrdiff_t>(targets))};
    return Dataset{samples, samples};
  };
  Dataset first = data_of(0);
  for (std::size_t goal = 1; goal < goals; ++goal)
    first.other_goals.push_back(std::make_shared<const Dataset>(data_of(goal)));
  return std::make_shared<const Dataset>(std::move(first));
}

TEST_P(CausesReference, GoalSwitching) {
  const auto [under_test, precision] = GetParam();
  const auto engine = under_test.make(1);
  const bool exact = precision == Precision::fp64;
  for (const CauseCase& reference : cause_cases("goal_switching")) {
    SCOPED_TRACE(reference.name);
    CellSettings cell = cell_of(reference, precision);
    cell.training.steps = static_cast<std::uint64_t>(reference.number("steps"));
    cell.training.goal_steps = static_cast<std::uint64_t>(reference.number("every"));
    cell.task.goals.resize(static_cast<std::size_t>(reference.number("goals")));
    Pack pack;
    pack.add(cell, data_of_goals(reference));
    pack.add(cell, data_of_goals(reference));  // never turned: it learns the first goal alone
    const auto initial =
        std::make_shared<const Parameters>(Parameters{pack.shape, parameters_in_order(reference, "")});
    pack.initial = {initial, initial};
    const auto training = engine->start(pack);
    const auto& totals = reference.values("total_by_step");
    const auto goals = reference.wholes("goal_by_step");
    for (std::uint64_t t = 1; t <= cell.training.steps; ++t) {
      ASSERT_EQ(goal_of_step(cell, t), goals[t - 1]) << t;
      training->learn(0, goals[t - 1]);
      EXPECT_NEAR(training->inspect(0).total, totals[t - 1], (exact ? 1e-9 : 1e-4) * totals[t - 1]) << t;
      training->advance(1);
    }
    const auto want = parameters_in_order(reference, "_final");
    const auto got = training->weights(0).values;
    for (std::size_t i = 0; i < want.size(); ++i) EXPECT_NEAR(got[i], want[i], exact ? 1e-9 : 1e-4) << i;
    EXPECT_GT(relative_distance(training->weights(1).values, want), 1e-3);
    const double last = training->evaluate(Split::test, {})[0].mse;
    training->learn(0, (goals.back() + 1) % cell.task.goals.size());
    EXPECT_GT(std::abs(training->evaluate(Split::test, {})[0].mse - last), 1e-3 * last);
    training->learn(0, goals.back());
    EXPECT_EQ(training->evaluate(Split::test, {})[0].mse, last);
  }
}

// The paper's network, which `fused` trains by tiles where it is not pruned.
TEST_P(CausesReference, ZerosOfAWideNetworkStay) {
  const auto [under_test, precision] = GetParam();
  CellSettings cell;
  cell.task.train_samples = cell.task.test_samples = 64;
  cell.regularizer.l2 = 1e-4;
  cell.training.batch_size = 32;
  cell.training.steps = 3;
  cell.training.precision = precision;
  Pack pack;
  const auto data = DatasetCache().get(cell.task);
  for (const bool keep : {true, false}) {
    cell.pruning.keep = keep;
    pack.add(cell, data);
  }
  const ParameterLayout layout(pack.shape);
  Parameters initial{pack.shape, pack.initial_parameters(0)};
  prune<double>(initial.values, layout, 0.5, PruningScope::layer);
  pack.initial.assign(2, std::make_shared<const Parameters>(initial));
  const auto training = under_test.make(1)->start(pack);
  training->advance(3);
  std::size_t kept = 0, others = 0;
  const auto first = training->weights(0).values, second = training->weights(1).values;
  for (const LayerSlice& slice : layout.layers())
    for (std::size_t i = slice.weights; i < slice.weights + slice.weight_count(); ++i) {
      if (initial.values[i] == 0.0) {
        kept += first[i] == 0.0 ? 1 : 0;
        others += second[i] == 0.0 ? 1 : 0;
      } else {
        EXPECT_NE(first[i], initial.values[i]) << i;
      }
    }
  EXPECT_EQ(kept, layout.weights() / 2);
  EXPECT_LT(others, layout.weights() / 100);
}

INSTANTIATE_TEST_SUITE_P(Engines, CausesReference, testing::ValuesIn(engine_cases()),
                         [](const auto& test_info) { return engine_case_name(test_info.param); });

}  // namespace
}  // namespace modsweep::test
