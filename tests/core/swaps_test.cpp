// Swaps of units against the vectors of causes/, and that a swapped state is the same network.
#include "modsweep/swaps.h"

#include "support/causes_reference.h"

#include <cmath>
#include <numeric>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "modsweep/error.h"
#include "modsweep/names.h"
#include "modsweep/state.h"

namespace modsweep::test {
namespace {

Shape shape_without_groups(const std::vector<std::uint32_t>& sizes) {
  Shape shape;
  shape.sizes = sizes;
  shape.groups.assign(sizes.size() - 1, 1);
  return shape;
}

RegularizerSettings cost_of(const CauseCase& reference) {
  RegularizerSettings settings;
  settings.connection_cost = 1e-3;
  settings.connection_form = value_of<math::ConnectionForm>(reference.text("form")).value();
  settings.connection_base = reference.number("base");
  settings.connection_length = reference.number("length");
  settings.connection_exponent = reference.number("exponent");
  return settings;
}

Slots slots_of(const CauseCase& reference, const std::string& suffix) {
  Slots slots;
  for (std::size_t l = 0; l < reference.sizes().size(); ++l)
    slots.push_back(reference.wholes(fmt::format("place{}{}", l, suffix)));
  return slots;
}

/// The weights of a case, and zeros for biases.
std::vector<double> parameters_of(const CauseCase& reference, const Shape& shape) {
  const ParameterLayout layout(shape);
  std::vector<double> values(layout.parameters());
  for (std::size_t l = 0; l < layout.layers().size(); ++l) {
    const auto& weights = reference.values(fmt::format("W{}", l));
    std::copy(weights.begin(), weights.end(),
              values.begin() + static_cast<std::ptrdiff_t>(layout.layers()[l].weights));
  }
  return values;
}

TEST(CausesReferenceSwaps, SlotsAndCostAfterEachPass) {
  for (const CauseCase& reference : cause_cases("swaps")) {
    SCOPED_TRACE(reference.name);
    const Shape shape = shape_without_groups(reference.sizes());
    const RegularizerSettings settings = cost_of(reference);
    const std::vector<double> parameters = parameters_of(reference, shape);
    const bool ends = reference.text("inputs_and_outputs") == "true";
    Slots slots = slots_of(reference, "");
    const auto expect_cost = [&](const std::string& name) {
      const double want = reference.value(name);
      EXPECT_NEAR(connection_cost(parameters, shape, slots, settings), want, 1e-12 * want) << name;
    };
    expect_cost("cost");
    for (int pass = 1; pass <= 3; ++pass) {
      swap_slots(parameters, shape, slots, ends, settings);
      EXPECT_EQ(slots, slots_of(reference, fmt::format("_pass{}", pass))) << pass;
      expect_cost(fmt::format("cost_pass{}", pass));
    }
  }
}

/// 3-5-4-2 with leaky units, whose parameters and moments follow from their indices.
SavedState<double> some_state(const Shape& shape) {
  const std::size_t count = ParameterLayout(shape).parameters();
  SavedState<double> state;
  state.step = 7;
  for (std::size_t i = 0; i < count; ++i) {
    state.parameters.push_back(std::sin(37.0 * static_cast<double>(i)));
    state.moment1.push_back(std::cos(11.0 * static_cast<double>(i)));
    state.moment2.push_back(1.0 + static_cast<double>(i));
  }
  return state;
}

/// Outputs of the network with tanh units for one input, in naive loops.
std::vector<double> outputs_of(const std::vector<double>& parameters, const Shape& shape) {
  const ParameterLayout layout(shape);
  std::vector<double> x = {0.3, -1.2, 0.7};
  for (std::size_t l = 0; l < layout.layers().size(); ++l) {
    const LayerSlice& slice = layout.layers()[l];
    std::vector<double> y;
    for (std::size_t to = 0; to < slice.outputs; ++to) {
      double sum = parameters[slice.biases + to];
      for (std::size_t from = 0; from < slice.inputs; ++from)
        sum += parameters[slice.weights + to * slice.inputs + from] * x[from];
      y.push_back(l + 1 < layout.layers().size() ? std::tanh(sum) : sum);
    }
    x = y;
  }
  return x;
}

TEST(Swaps, MoveUnitsToCheaperPlacesAndKeepTheFunction) {
  const Shape shape = shape_without_groups({3, 5, 4, 2});
  const SavedState<double> before = some_state(shape);
  RegularizerSettings settings;
  settings.connection_cost = 1.0;
  auto bytes = to_bytes(before);
  ASSERT_TRUE(swap_state(bytes, shape, Precision::fp64, settings));
  const auto after = from_bytes<double>(bytes, shape);
  EXPECT_EQ(after.step, 7U);
  const Slots in_order = slots_in_order(shape);
  EXPECT_LT(connection_cost(after.parameters, shape, in_order, settings),
            connection_cost(before.parameters, shape, in_order, settings));
  const auto want = outputs_of(before.parameters, shape);
  const auto got = outputs_of(after.parameters, shape);
  for (std::size_t o = 0; o < want.size(); ++o) EXPECT_NEAR(got[o], want[o], 1e-14);
  // Each moment is beside its parameter still: all three are known by the parameter's first index.
  for (std::size_t i = 0; i < after.parameters.size(); ++i) {
    const auto from = static_cast<std::size_t>(after.moment2[i] - 1.0);
    EXPECT_EQ(after.parameters[i], before.parameters[from]) << i;
    EXPECT_EQ(after.moment1[i], before.moment1[from]) << i;
  }
}

TEST(Swaps, StopWhereNoneIsCheaper) {
  const Shape shape = shape_without_groups({3, 5, 4, 2});
  RegularizerSettings settings;
  settings.connection_cost = 1.0;
  auto bytes = to_bytes(some_state(shape));
  int passes = 0;
  while (swap_state(bytes, shape, Precision::fp64, settings)) ASSERT_LT(++passes, 100);
  EXPECT_GT(passes, 0);
  settings.connection_length = 0.0;  // all places cost the same
  auto flat = to_bytes(some_state(shape));
  EXPECT_FALSE(swap_state(flat, shape, Precision::fp64, settings));
}

TEST(Swaps, NeedNetworksWithoutGroups) {
  Shape shape = shape_without_groups({4, 4, 4});
  shape.groups = {2, 2};
  SavedState<double> state = some_state(shape);
  auto bytes = to_bytes(state);
  RegularizerSettings settings;
  settings.connection_cost = 1.0;
  EXPECT_THROW((void)swap_state(bytes, shape, Precision::fp64, settings), LogicError);
}

}  // namespace
}  // namespace modsweep::test
