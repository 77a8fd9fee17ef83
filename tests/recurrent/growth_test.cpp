// How recurrent networks begin and grow (science.md sections 8.1 and 8.5).
#include "recurrent/network.h"

#include <algorithm>
#include <cmath>
#include <set>

#include <gtest/gtest.h>

namespace modsweep::test {
namespace {

using math::RecurrentTensor;
using recurrent::DrawnValues;
using recurrent::Form;
using recurrent::Freeze;
using recurrent::Group;
using recurrent::Growth;
using recurrent::Network;

std::vector<double> values(const Network<double>& network, RecurrentTensor kind, std::uint32_t index) {
  const auto layout = network.layout();
  const auto& one = layout.tensors()[layout.position(kind, index)];
  const auto begin = network.values.begin() + static_cast<std::ptrdiff_t>(one.offset);
  return {begin, begin + static_cast<std::ptrdiff_t>(one.size())};
}

double rate(const Network<double>& network, RecurrentTensor kind, std::uint32_t index) {
  return network.rates[network.layout().position(kind, index)];
}

/// Moves all that is trained, as training would.
void learn(Network<double>& network) {
  const auto layout = network.layout();
  for (std::size_t n = 0; n < layout.tensors().size(); ++n)
    for (std::size_t i = 0; network.rates[n] > 0.0 && i < layout.tensors()[n].size(); ++i) {
      network.values[layout.tensors()[n].offset + i] += 1.0;
      network.velocity[layout.tensors()[n].offset + i] = 7.0;
    }
}

TEST(RecurrentGrowth, FirstValuesAreUniformInTheirBounds) {
  const Form form{.units = 16};
  const DrawnValues fresh(3, form);
  auto network = recurrent::first_network<double>(form, fresh);
  recurrent::grow(network, {.duplicate = {}}, fresh);
  const auto layout = network.layout();
  EXPECT_EQ(layout.tensors().size(), 16U);
  for (const auto& one : layout.tensors()) {
    SCOPED_TRACE(one.name);
    const bool tau = one.kind == RecurrentTensor::timescale;
    const bool input = one.group == Group::input;
    const double low = tau ? 1.0 : input ? -1.0 : -0.25;
    const double high = tau ? 2.0 : input ? 1.0 : 0.25;
    const auto got = values(network, one.kind, one.index);
    std::set<double> different;
    for (std::size_t i = 0; i < got.size(); ++i) {
      if (!one.has_diagonal() && i / one.columns == i % one.columns) {
        EXPECT_EQ(got[i], 0.0);
        continue;
      }
      EXPECT_GE(got[i], low);
      EXPECT_LT(got[i], high);
      different.insert(got[i]);
    }
    EXPECT_EQ(different.size(), one.parameters());
    if (one.size() >= 16) {
      EXPECT_LT(*different.begin(), low + 0.35 * (high - low));
      EXPECT_GT(*different.rbegin(), high - 0.35 * (high - low));
    }
  }
}

TEST(RecurrentGrowth, SeedsAndTensorsShareNoValues) {
  std::set<double> seen;
  std::size_t count = 0;
  for (const std::uint32_t seed : {0U, 1U}) {
    const Form form{.units = 5};
    const DrawnValues fresh(seed, form);
    auto network = recurrent::first_network<double>(form, fresh);
    for (int i = 0; i < 3; ++i) recurrent::grow(network, {.duplicate = {}}, fresh);
    count += recurrent::count_parameters(network, false);
    for (const auto v : network.values)
      if (v != 0.0) seen.insert(v);
  }
  EXPECT_EQ(seen.size(), count);
}

TEST(RecurrentGrowth, OldModulesAreFrozenAndTheNewOneIsCopiedAsTrained) {
  const Form form{.units = 4};
  const DrawnValues fresh(1, form);
  auto network = recurrent::first_network<double>(form, fresh);
  learn(network);
  const auto trained = network;
  recurrent::grow(network, {}, fresh);
  EXPECT_EQ(network.tasks, (std::vector<std::uint32_t>{2, 3}));
  EXPECT_EQ(values(network, RecurrentTensor::recurrent, 1), values(trained, RecurrentTensor::recurrent, 0));
  EXPECT_EQ(values(network, RecurrentTensor::recurrent_bias, 1),
            values(trained, RecurrentTensor::recurrent_bias, 0));
  EXPECT_EQ(values(network, RecurrentTensor::input, 1),
            fresh.of(network.layout().tensors()[network.layout().position(RecurrentTensor::input, 1)]));
  EXPECT_EQ(rate(network, RecurrentTensor::recurrent, 0), 0.0);
  EXPECT_EQ(rate(network, RecurrentTensor::head, 0), 0.0);
  EXPECT_EQ(rate(network, RecurrentTensor::recurrent, 1), 1.0);
  EXPECT_TRUE(std::ranges::all_of(network.velocity, [](double v) { return v == 0.0; }));
  EXPECT_EQ(recurrent::learning_heads(network), (std::vector<std::uint32_t>{1}));
  learn(network);
  const auto second = network;
  recurrent::grow(network, {}, fresh);
  EXPECT_EQ(values(network, RecurrentTensor::feedforward, 2),
            values(second, RecurrentTensor::feedforward, 1));
  EXPECT_TRUE(std::equal(second.values.begin(), second.values.end(), network.values.begin()));
}

TEST(RecurrentGrowth, UntrainedCopiesAreWhatTheFirstModuleDrew) {
  const Form form{.units = 4};
  const DrawnValues fresh(1, form);
  auto network = recurrent::first_network<double>(form, fresh);
  const auto start = values(network, RecurrentTensor::recurrent, 0);
  std::vector<double> feedforward;
  for (int i = 0; i < 3; ++i) {
    learn(network);
    recurrent::grow(network, {.from_untrained = true}, fresh);
    if (i == 0) feedforward = values(network, RecurrentTensor::feedforward, 1);
  }
  EXPECT_EQ(values(network, RecurrentTensor::recurrent, 3), start);
  EXPECT_EQ(values(network, RecurrentTensor::feedforward, 3), feedforward);
}

TEST(RecurrentGrowth, FrozenCopiesAreOfTheFirstModulesThatHaveThem) {
  for (const Freeze freeze : {Freeze::recurrent, Freeze::feedforward}) {
    const bool of_recurrent = freeze == Freeze::recurrent;
    const auto kind = of_recurrent ? RecurrentTensor::recurrent : RecurrentTensor::feedforward;
    const auto bias = of_recurrent ? RecurrentTensor::recurrent_bias : RecurrentTensor::feedforward_bias;
    const std::uint32_t first = of_recurrent ? 0 : 1;
    const Form form{.units = 4};
    const DrawnValues fresh(1, form);
    auto network = recurrent::first_network<double>(form, fresh);
    for (int i = 0; i < 3; ++i) {
      learn(network);
      recurrent::grow(network, {.duplicate = {}, .freeze = freeze}, fresh);
    }
    learn(network);
    for (std::uint32_t m = first + 1; m < 4; ++m) {
      EXPECT_EQ(values(network, kind, m), values(network, kind, first));
      EXPECT_EQ(values(network, bias, m), values(network, bias, first));
      EXPECT_EQ(rate(network, kind, m), 0.0);
      EXPECT_EQ(rate(network, bias, m), 0.0);
    }
    EXPECT_EQ(rate(network, of_recurrent ? RecurrentTensor::feedforward : RecurrentTensor::recurrent, 3),
              1.0);
  }
}

TEST(RecurrentGrowth, OldRatesShrinkAtEveryGrowth) {
  const Form form{.units = 3};
  const DrawnValues fresh(1, form);
  auto network = recurrent::first_network<double>(form, fresh);
  learn(network);
  for (int i = 0; i < 2; ++i) recurrent::grow(network, {.old_rate = 0.5}, fresh);
  EXPECT_EQ(rate(network, RecurrentTensor::recurrent, 0), 0.25);
  EXPECT_EQ(rate(network, RecurrentTensor::head, 1), 0.5);
  EXPECT_EQ(rate(network, RecurrentTensor::head, 2), 1.0);
  EXPECT_EQ(recurrent::learning_heads(network), (std::vector<std::uint32_t>{0, 1, 2}));
  EXPECT_EQ(network.velocity.front(), 7.0) << "what goes on learning keeps its momentum";
}

TEST(RecurrentGrowth, FlatNetworksGoOnAsTheyWere) {
  const Form form{.units = 6, .modular = false};
  const DrawnValues fresh(1, form);
  auto network = recurrent::first_network<double>(form, fresh);
  learn(network);
  const auto before = network;
  recurrent::grow(network, {.duplicate = {Group::recurrent, Group::head}}, fresh);
  EXPECT_EQ(network.modules, 1U);
  EXPECT_EQ(network.heads, 2U);
  EXPECT_TRUE(std::equal(before.values.begin(), before.values.end(), network.values.begin()));
  EXPECT_TRUE(std::equal(before.velocity.begin(), before.velocity.end(), network.velocity.begin()));
  EXPECT_TRUE(std::ranges::all_of(network.rates, [](double r) { return r == 1.0; }));
  EXPECT_NE(values(network, RecurrentTensor::head, 1), values(network, RecurrentTensor::head, 0));
}

TEST(RecurrentGrowth, ParametersAreCountedWithoutDiagonals) {
  const Form form{.units = 5};
  const DrawnValues fresh(1, form);
  auto network = recurrent::first_network<double>(form, fresh);
  // W_R 20, W_I, b_R, b_I, tau 5 each, W_O 10, b_O 2.
  EXPECT_EQ(recurrent::count_parameters(network, false), 52U);
  recurrent::grow(network, {.freeze = Freeze::recurrent}, fresh);
  EXPECT_EQ(recurrent::count_parameters(network, false), 52U + 52U + 30U);
  EXPECT_EQ(recurrent::count_parameters(network, true), 52U + 30U - 25U);
}

}  // namespace
}  // namespace modsweep::test
