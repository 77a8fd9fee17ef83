// Which weights are pruned, when, and how many: against the vectors of causes/ and naive loops.
#include "modsweep/pruning.h"

#include "support/causes_reference.h"

#include <algorithm>
#include <cmath>
#include <random>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "modsweep/error.h"
#include "modsweep/names.h"
#include "modsweep/state.h"

namespace modsweep::test {
namespace {

Shape shape_of_sizes(std::vector<std::uint32_t> sizes) {
  Shape shape;
  shape.sizes = std::move(sizes);
  shape.groups.assign(shape.weight_layers(), 1);
  return shape;
}

TEST(CausesReferencePruning, Masks) {
  for (const CauseCase& reference : cause_cases("pruning_mask")) {
    const Shape shape = shape_of_sizes(reference.sizes());
    const ParameterLayout layout(shape);
    std::vector<double> original(layout.parameters(), 7.0);  // biases
    for (std::size_t l = 0; l < layout.layers().size(); ++l)
      std::ranges::copy(reference.values(fmt::format("W{}", l)),
                        original.begin() + static_cast<std::ptrdiff_t>(layout.layers()[l].weights));
    for (const double sparsity : nlohmann::json::parse(reference.text("sparsities"))) {
      std::vector<double> pruned = original;
      prune<double>(pruned, layout, sparsity, value_of<PruningScope>(reference.text("scope")).value());
      for (std::size_t l = 0; l < layout.layers().size(); ++l) {
        const auto& mask = reference.values(fmt::format("mask{}_s{:.0f}", l, 100 * sparsity));
        for (std::size_t i = 0; i < mask.size(); ++i) {
          const std::size_t at = layout.layers()[l].weights + i;
          EXPECT_EQ(pruned[at], mask[i] * original[at])
              << reference.name << " " << sparsity << " " << l << " " << i;
        }
        for (std::size_t o = 0; o < shape.sizes[l + 1]; ++o)
          EXPECT_EQ(pruned[layout.layers()[l].biases + o], 7.0);
      }
    }
  }
}

TEST(CausesReferencePruning, Schedules) {
  for (const CauseCase& reference : cause_cases("pruning_schedule")) {
    std::size_t number = 0;
    for (const auto& given : nlohmann::json::parse(reference.text("schedules"))) {
      PruningSettings pruning;
      pruning.sparsity = given.at("sparsity");
      pruning.initial_sparsity = given.at("init");
      pruning.begin = given.at("begin");
      pruning.end = given.at("end");
      pruning.every = given.at("every");
      pruning.shape = value_of<PruningShape>(given.at("shape").get<std::string>()).value();
      const auto& sparsities = reference.values(fmt::format("sparsity{}", number));
      const auto& counts = reference.values(fmt::format("of_1000_{}", number));
      std::vector<double> steps;
      std::size_t i = 0;
      for (auto step = next_pruning(pruning, 0); step; step = next_pruning(pruning, *step + 1), ++i) {
        steps.push_back(static_cast<double>(*step));
        ASSERT_LT(i, sparsities.size());
        EXPECT_NEAR(sparsity_at(pruning, *step), sparsities[i], 1e-14);
        EXPECT_EQ(pruned_count(sparsity_at(pruning, *step), 1000), static_cast<std::size_t>(counts[i]));
      }
      EXPECT_EQ(steps, reference.values(fmt::format("step{}", number)));
      ++number;
    }
    EXPECT_EQ(number, 4U);
  }
}

TEST(Pruning, EventsAreThoseOfALoopOverAllSteps) {
  for (const std::uint64_t begin : {0U, 1U, 7U})
    for (const std::uint64_t end : {0U, 7U, 8U, 20U, 21U})
      for (const std::uint64_t every : {1U, 2U, 5U, 100U}) {
        PruningSettings pruning;
        pruning.sparsity = 0.5;
        pruning.begin = begin;
        pruning.end = end;
        pruning.every = every;
        std::vector<std::uint64_t> expected, found;
        for (std::uint64_t t = 0; t <= std::max(begin, end); ++t)
          if (t >= begin && (t - begin) % every == 0) expected.push_back(t);
        for (std::uint64_t from = 0; from < 30; ++from) {
          const auto next = std::ranges::lower_bound(expected, from);
          const auto got = next_pruning(pruning, from);
          EXPECT_EQ(got.value_or(no_step), next == expected.end() ? no_step : *next);
        }
      }
  EXPECT_FALSE(next_pruning({}, 0));
  EXPECT_EQ(zeros_stay_from({}), no_step);
}

TEST(Pruning, OfGroupsLeavesTheLargestWeights) {
  Shape shape = shape_of_sizes({4, 8, 6, 2});
  shape.groups = {2, 2, 1};
  shape.prelu = true;
  const ParameterLayout layout(shape);
  std::mt19937 random(1);
  std::normal_distribution<double> normal;
  std::vector<double> values(layout.parameters());
  for (double& v : values) v = normal(random);
  for (const PruningScope scope : {PruningScope::layer, PruningScope::network}) {
    std::vector<double> pruned = values;
    prune<double>(pruned, layout, 0.7, scope);
    double largest_gone = 0.0, least_kept = 1e300;
    std::size_t zeros = 0, of_layers = 0;
    for (const LayerSlice& slice : layout.layers()) {
      double gone_here = 0.0, kept_here = 1e300;
      std::size_t here = 0;
      for (std::size_t i = 0; i < slice.weight_count(); ++i) {
        const double w = std::abs(values[slice.weights + i]);
        if (pruned[slice.weights + i] == 0.0)
          ++here, gone_here = std::max(gone_here, w);
        else
          kept_here = std::min(kept_here, w);
      }
      zeros += here;
      of_layers +=
          static_cast<std::size_t>(std::floor(0.7 * static_cast<double>(slice.weight_count()) + 0.5));
      EXPECT_TRUE(scope == PruningScope::network || gone_here < kept_here);
      largest_gone = std::max(largest_gone, gone_here);
      least_kept = std::min(least_kept, kept_here);
    }
    EXPECT_EQ(zeros,
              scope == PruningScope::layer
                  ? of_layers
                  : static_cast<std::size_t>(std::floor(0.7 * static_cast<double>(layout.weights()) + 0.5)));
    EXPECT_TRUE(scope == PruningScope::layer || largest_gone < least_kept);
    std::vector<double> twice = pruned;
    prune<double>(twice, layout, 0.7, scope);
    EXPECT_EQ(twice, pruned) << "pruning again at the same step changes nothing";
  }
  EXPECT_THROW(prune<double>(std::span<double>(values).first(3), layout, 0.5, PruningScope::layer),
               LogicError);
}

TEST(Pruning, OfAStateClearsTheFirstMomentOfZeros) {
  const Shape shape = shape_of_sizes({2, 3, 1});
  const ParameterLayout layout(shape);
  SavedState<float> state;
  state.step = 5;
  for (std::size_t i = 0; i < layout.parameters(); ++i) {
    state.parameters.push_back(static_cast<float>(i + 1));
    state.moment1.push_back(2.0F);
    state.moment2.push_back(3.0F);
  }
  PruningSettings pruning;
  pruning.sparsity = 0.5;
  pruning.begin = 5;
  auto bytes = to_bytes(state);
  prune_state(bytes, shape, Precision::fp32, pruning, 5);
  const auto pruned = from_bytes<float>(bytes, shape);
  EXPECT_EQ(pruned.step, 5U);
  EXPECT_EQ(pruned.moment2, state.moment2);
  // W0: 1 ... 6, b0: 7 8 9, W1: 10 11 12, b1: 13. Half of three weights, rounded up, are two.
  EXPECT_EQ(pruned.parameters, (std::vector<float>{0, 0, 0, 4, 5, 6, 7, 8, 9, 0, 0, 12, 13}));
  EXPECT_EQ(pruned.moment1, (std::vector<float>{0, 0, 0, 2, 2, 2, 2, 2, 2, 0, 0, 2, 2}));
  bytes.pop_back();
  EXPECT_THROW(prune_state(bytes, shape, Precision::fp32, pruning, 5), InputError);
}

}  // namespace
}  // namespace modsweep::test
