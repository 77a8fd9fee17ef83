#include <cmath>
#include <random>

#include <gtest/gtest.h>

#include "modsweep/error.h"
#include "modsweep/signs.h"

namespace modsweep::test {
namespace {

/// A network 3-4-2 and samples with targets +1 and -1.
struct SignCase {
  Parameters network;
  Samples samples;
  explicit SignCase(unsigned seed) {
    network.shape.sizes = {3, 4, 2};
    network.shape.groups = {1, 1};
    std::mt19937 random(seed);
    std::normal_distribution<double> normal;
    network.values.resize(ParameterLayout(network.shape).parameters());
    for (double& value : network.values) value = normal(random);
    samples = {.count = 50, .inputs = 3, .outputs = 2, .x = {}, .y = {}};
    for (int i = 0; i < 150; ++i) samples.x.push_back(normal(random));
    for (int i = 0; i < 100; ++i) samples.y.push_back(normal(random) > 0.0 ? 1.0 : -1.0);
  }
};

TEST(WrongSigns, AreCountedSampleBySample) {
  for (const unsigned seed : {1U, 2U, 3U}) {
    const SignCase given(seed);
    const auto& p = given.network.values;  // W0 [4][3], b0, W1 [2][4], b1
    int wrong = 0;
    for (std::size_t s = 0; s < 50; ++s) {
      double hidden[4];
      for (std::size_t h = 0; h < 4; ++h) {
        hidden[h] = p[12 + h];
        for (std::size_t i = 0; i < 3; ++i) hidden[h] += p[3 * h + i] * given.samples.x[3 * s + i];
        if (hidden[h] < 0.0) hidden[h] *= 0.1;
      }
      bool right = true;
      for (std::size_t o = 0; o < 2; ++o) {
        double y = p[24 + o];
        for (std::size_t h = 0; h < 4; ++h) y += p[16 + 4 * o + h] * hidden[h];
        right = right && (y > 0.0) == (given.samples.y[2 * s + o] > 0.0);
      }
      wrong += right ? 0 : 1;
    }
    EXPECT_EQ(wrong_sign_share(given.network, Activation::leaky_relu, 0.1, given.samples), wrong / 50.0);
    EXPECT_GT(wrong, 10);
  }
}

TEST(WrongSigns, AnOutputOfNoughtIsWrong) {
  SignCase given(1);
  std::fill(given.network.values.begin(), given.network.values.end(), 0.0);
  EXPECT_EQ(wrong_sign_share(given.network, Activation::tanh, 0.1, given.samples), 1.0);
  given.samples.count = 0;
  EXPECT_FALSE(wrong_sign_share(given.network, Activation::tanh, 0.1, given.samples));
  given.samples.outputs = 1;
  EXPECT_THROW((void)wrong_sign_share(given.network, Activation::tanh, 0.1, given.samples), LogicError);
}

}  // namespace
}  // namespace modsweep::test
