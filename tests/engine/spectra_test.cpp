// Spectra and leaks that an engine computes where its weights are, against those of the host.
#include "engine/engines_under_test.h"
#include "spectrum/pack_leaks.h"

#include <algorithm>
#include <limits>
#include <random>

#include <gtest/gtest.h>

#include "modsweep/names.h"
#include "modsweep/spectrum.h"

namespace modsweep::test {
namespace {

class EngineSpectra : public testing::TestWithParam<EngineCase> {
 protected:
  void SetUp() override {
    if (!GetParam().engine.available()) GTEST_SKIP() << "this machine cannot run " << GetParam().engine.name;
  }
};

/// Networks with random weights: of all sizes, with rows that are zero, tiny beside others, or both.
Pack random_pack(std::vector<std::uint32_t> hidden, std::vector<std::uint32_t> groups, Precision precision) {
  CellSettings cell;
  cell.network.hidden = std::move(hidden);
  cell.network.groups = std::move(groups);
  cell.training.steps = 1;
  cell.training.precision = precision;
  DatasetCache cache;
  Pack pack;
  std::mt19937 generator(5);
  std::normal_distribution<double> normal;
  for (std::uint32_t p = 0; p < 9; ++p) {
    pack.add(cell, cache.get(cell.task));
    Parameters network{pack.shape, pack.initial_parameters(0)};
    const ParameterLayout layout(pack.shape);
    for (double& value : network.values) value = normal(generator) * (p == 3 ? 1e-18 : p == 4 ? 1e15 : 1.0);
    for (const LayerSlice& slice : layout.layers())
      for (std::uint32_t o = 0; o < slice.outputs; ++o)
        for (std::uint32_t i = 0; i < slice.group_inputs(); ++i) {
          double& w = network.values[slice.weights + std::size_t{o} * slice.group_inputs() + i];
          if (p == 1 && o % 3 == 1) w = 0.0;
          if (p == 2 && o % 2 == 0) w *= 1e-5;
          if (p == 5 && o > 0) w = 0.0;
          if (p == 6) w = 0.0;
          if (precision == Precision::fp32) w = static_cast<float>(w);
        }
    pack.initial.push_back(std::make_shared<const Parameters>(std::move(network)));
  }
  return pack;
}

/// Networks that differ in activation, test set and scale; the last has no path from input to output.
Pack varied_pack(std::vector<std::uint32_t> hidden, std::vector<std::uint32_t> groups, bool prelu, bool bias,
                 std::uint32_t inputs, Precision precision) {
  DatasetCache cache;
  Pack pack;
  for (std::uint32_t p = 0; p < 6; ++p) {
    CellSettings cell;
    cell.network = {.hidden = hidden, .groups = groups, .leaky_slope = 0.05 * p, .bias = bias};
    cell.network.activation = prelu ? Activation::prelu : EnumNames<Activation>::table[p % 4].first;
    cell.training.steps = 2;
    cell.training.seed = p;
    cell.training.precision = precision;
    cell.task.inputs = inputs;
    // More samples than are processed at once, one, and numbers in between.
    cell.task.test_samples = p == 1 ? 2500 : p == 2 ? 1 : 100 * p + 7;
    pack.add(cell, cache.get(cell.task));
  }
  std::vector<std::shared_ptr<const Parameters>> initial;
  for (std::size_t p = 0; p < pack.size(); ++p) {
    Parameters network{pack.shape, pack.initial_parameters(p)};
    const double scale = p == 3 ? 1e12 : p == 5 ? 0.0 : 1.0;
    for (double& value : network.values) value *= scale;
    initial.push_back(std::make_shared<const Parameters>(std::move(network)));
  }
  pack.initial = std::move(initial);
  return pack;
}

/// Equal up to rounding; both may be none.
void expect_near(const std::optional<double>& have, const std::optional<double>& want) {
  ASSERT_EQ(have.has_value(), want.has_value());
  if (want) {
    EXPECT_NEAR(*have, *want, 1e-11 * *want);
  }
}

TEST_P(EngineSpectra, AreThoseOfTheHost) {
  const auto [under_test, precision] = GetParam();
  const auto engine = under_test.make(1);
  struct Case {
    std::vector<std::uint32_t> hidden, groups;
  };
  for (const Case& test_case :
       std::vector<Case>{{{32, 32, 32}, {}}, {{1, 7}, {}}, {{8, 12}, {4, 2, 2}}, {{65}, {}}, {{}, {}}}) {
    const Pack pack = random_pack(test_case.hidden, test_case.groups, precision);
    const auto training = engine->start(pack);
    const std::vector<std::size_t> requests = {8, 0, 1, 2, 3, 4, 5, 6};
    for (const ClusterBy by : {ClusterBy::incoming, ClusterBy::outgoing}) {
      const auto got = training->spectra(requests, by);
      if (!got) GTEST_SKIP() << under_test.name << " leaves spectra to the host";
      ASSERT_EQ(got->size(), requests.size());
      for (std::size_t r = 0; r < requests.size(); ++r) {
        const Parameters network = training->weights(requests[r]);
        ASSERT_EQ((*got)[r].size(), pack.shape.weight_layers());
        for (std::size_t l = 0; l < pack.shape.weight_layers(); ++l) {
          SCOPED_TRACE(pack.shape.text() + " network " + std::to_string(requests[r]) + " layer " +
                       std::to_string(l));
          const LayerSpectra want =
              layer_spectra(network.dense_weights(l), pack.shape.sizes[l + 1], pack.shape.sizes[l], by);
          const LayerSpectra& have = (*got)[r][l];
          EXPECT_EQ(have.dead, want.dead);
          for (const auto& [a, b] : {std::pair{&have.all, &want.all}, std::pair{&have.live, &want.live}}) {
            ASSERT_EQ(a->eigenvalues.size(), b->eigenvalues.size());
            for (std::size_t k = 0; k < b->eigenvalues.size(); ++k)
              EXPECT_NEAR(a->eigenvalues[k], b->eigenvalues[k], 1e-12) << k;
          }
        }
      }
    }
  }
}

TEST_P(EngineSpectra, LeaksAreThoseOfTheHost) {
  const auto [under_test, precision] = GetParam();
  const auto engine = under_test.make(1);
  struct Case {
    std::vector<std::uint32_t> hidden, groups;
    bool prelu, bias;
    std::uint32_t inputs;
  };
  for (const Case& test_case : std::vector<Case>{{{32, 32, 32}, {}, false, true, 4},
                                                 {{5}, {}, true, true, 3},
                                                 {{8, 12}, {4, 2, 2}, false, false, 4},
                                                 {{6, 7}, {}, false, true, 1}}) {
    const Pack pack = varied_pack(test_case.hidden, test_case.groups, test_case.prelu, test_case.bias,
                                  test_case.inputs, precision);
    const auto training = engine->start(pack);
    training->advance(2);
    const std::vector<std::size_t> requests = {5, 0, 1, 3, 2, 4};
    const auto got = training->leaks(requests);
    if (!got) GTEST_SKIP() << under_test.name << " leaves leaks to the host";
    ASSERT_EQ(got->size(), requests.size());
    for (std::size_t r = 0; r < requests.size(); ++r) {
      const std::size_t p = requests[r];
      SCOPED_TRACE(pack.shape.text() + " network " + std::to_string(p));
      const Parameters network = training->weights(p);
      const Samples& test = pack.dataset[p]->test;
      expect_near((*got)[r].path, path_leak(network));
      expect_near((*got)[r].jacobian,
                  jacobian_leak(network, pack.activation[p], pack.leaky_slope[p], test.x, test.count));
    }
  }
}

/// Wide inputs must not request more memory than a device has, nor more items than a launch can count.
TEST(LeakSamples, KeepRowsOfAnyNetworkWithinBounds) {
  EXPECT_EQ(spectrum::samples_at_once(4, 32), 1024U);
  for (const std::size_t inputs : {1U, 4U, 100U, 1000U, 4096U})
    for (const std::size_t units : {32U, 1000U, 4096U}) {
      const std::size_t widest = std::max(inputs, units);
      const std::size_t samples = spectrum::samples_at_once(inputs, widest);
      const std::size_t values = 2 * samples * (1 + inputs) * widest;
      EXPECT_GE(samples, 1U);
      EXPECT_TRUE(samples == 1 || values * sizeof(double) <= spectrum::memory_bytes)
          << inputs << ' ' << units;
      EXPECT_LE(samples * (1 + inputs) * inputs, std::numeric_limits<std::uint32_t>::max());
    }
}

INSTANTIATE_TEST_SUITE_P(Engines, EngineSpectra, testing::ValuesIn(engine_cases()),
                         [](const auto& test_info) { return engine_case_name(test_info.param); });

}  // namespace
}  // namespace modsweep::test
