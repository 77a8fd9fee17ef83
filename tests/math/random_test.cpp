// Random numbers: known answers, moments, and the single-precision approximations against double.
#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <vector>

#include <gtest/gtest.h>

#include "modsweep/math/rng.h"

namespace modsweep::math {
namespace {

TEST(Philox, KnownAnswers) {
  // Random123's kat_vectors for philox4x32-10, with the counter and key in the order of random_block.
  const auto zero = random_block(0, Stream::initial_weights, 0, 0, 0, 0);
  EXPECT_EQ(zero.word[0], 0x6627e8d5U);
  EXPECT_EQ(zero.word[1], 0xe169c58dU);
  EXPECT_EQ(zero.word[2], 0xbc57ac4cU);
  EXPECT_EQ(zero.word[3], 0x9b00dbd8U);
  const auto pi = random_block(0xa4093822U, static_cast<Stream>(0x299f31d0U), 0x243f6a88U, 0x85a308d3U,
                               0x13198a2eU, 0x03707344U);
  EXPECT_EQ(pi.word[0], 0xd16cfe09U);
  EXPECT_EQ(pi.word[1], 0x94fdccebU);
  EXPECT_EQ(pi.word[2], 0x5001e420U);
  EXPECT_EQ(pi.word[3], 0x24126ea1U);
}

TEST(Philox, EveryCoordinateMatters) {
  std::set<std::uint32_t> seen;
  for (std::uint32_t i = 0; i < 2; ++i)
    for (std::uint32_t j = 0; j < 2; ++j)
      for (std::uint32_t k = 0; k < 2; ++k)
        for (std::uint32_t l = 0; l < 2; ++l)
          for (const Stream stream : {Stream::noise, Stream::dropout, Stream::test_noise})
            for (std::uint32_t seed = 0; seed < 2; ++seed)
              seen.insert(random_block(seed, stream, i, j, k, l).word[0]);
  EXPECT_EQ(seen.size(), 96U);
}

TEST(Normal, LogarithmInSinglePrecision) {
  double worst = 0.0;
  for (std::uint64_t w = 0; w < (1ULL << 32U); w += 10007) {
    const auto u = static_cast<float>(uniform(static_cast<std::uint32_t>(w)));
    const double exact = std::log(static_cast<double>(u));
    worst = std::max(worst, std::abs(log_unit_interval(u) - exact) / std::max(std::abs(exact), 1e-7));
  }
  EXPECT_LT(worst, 4.0 * std::numeric_limits<float>::epsilon());
}

TEST(Normal, SineAndCosineInSinglePrecision) {
  double worst = 0.0;
  for (std::uint64_t w = 0; w < (1ULL << 32U); w += 10007) {
    const auto t = turn_of_word<float>(static_cast<std::uint32_t>(w));
    float s = 0.0F;
    float c = 0.0F;
    sine_cosine_turn(t, s, c);
    const double angle = 2.0 * 3.14159265358979323846 * static_cast<double>(t);
    worst = std::max({worst, std::abs(s - std::sin(angle)), std::abs(c - std::cos(angle))});
  }
  EXPECT_LT(worst, 2.0 * std::numeric_limits<float>::epsilon());
}

TEST(Normal, SinglePrecisionFollowsDouble) {
  double worst = 0.0;
  for (std::uint32_t i = 0; i < 100000; ++i) {
    const RandomBlock block = random_block(1, Stream::noise, i, 0, 0, 0);
    float single[4];
    double exact[4];
    block_normals(block, single);
    block_normals(block, exact);
    for (int k = 0; k < 4; ++k) worst = std::max(worst, std::abs(static_cast<double>(single[k]) - exact[k]));
  }
  // Rounding of u near 1 and of the angle dominates: a few units in the last place of the largest normals.
  EXPECT_LT(worst, 2e-5);
}

TEST(Normal, MomentsAndTails) {
  constexpr std::uint32_t blocks = 500000;
  double sums[5] = {};
  double correlation = 0.0;
  std::size_t beyond3 = 0;
  for (std::uint32_t i = 0; i < blocks; ++i) {
    double n[4];
    block_normals(random_block(5, Stream::noise, 1, 2, i, 3), n);
    correlation += n[0] * n[1] + n[0] * n[2] + n[1] * n[3];
    for (const double x : n) {
      double power = 1.0;
      for (double& sum : sums) sum += power, power *= x;
      beyond3 += std::abs(x) > 3.0 ? 1 : 0;
    }
  }
  const double count = sums[0];
  // Five standard errors of each estimate: sqrt(1, 2, 15, 96 / count), and of a binomial fraction.
  EXPECT_NEAR(sums[1] / count, 0.0, 5 * std::sqrt(1 / count));
  EXPECT_NEAR(sums[2] / count, 1.0, 5 * std::sqrt(2 / count));
  EXPECT_NEAR(sums[3] / count, 0.0, 5 * std::sqrt(15 / count));
  EXPECT_NEAR(sums[4] / count, 3.0, 5 * std::sqrt(96 / count));
  EXPECT_NEAR(correlation / blocks, 0.0, 5 * std::sqrt(3.0 / blocks));
  const double share = 0.0026997960632601866;
  EXPECT_NEAR(static_cast<double>(beyond3) / count, share, 5 * std::sqrt(share / count));
}

TEST(InitialWeights, UniformWithinTheBoundOfTheFanIn) {
  double lowest = 1.0;
  double highest = -1.0;
  double sum = 0.0;
  for (std::uint32_t o = 0; o < 1000; ++o)
    for (std::uint32_t i = 0; i < 16; ++i) {
      const double w = initial_weight(3, 1, o, i, 16);
      lowest = std::min(lowest, w);
      highest = std::max(highest, w);
      sum += w;
    }
  EXPECT_GT(lowest, -0.25);
  EXPECT_LT(highest, 0.25);
  EXPECT_LT(lowest, -0.2499);
  EXPECT_GT(highest, 0.2499);
  EXPECT_NEAR(sum / 16000, 0.0, 5 * 0.25 / std::sqrt(3.0 * 16000));
  EXPECT_NE(initial_bias(3, 1, 0, 16), initial_weight(3, 1, 0, 0, 16));
}

}  // namespace
}  // namespace modsweep::math
