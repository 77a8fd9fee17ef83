// Shares of the variance that axes explain.
#include "analysis/variance_shares.h"

#include <cmath>
#include <limits>
#include <random>

#include <gmock/gmock.h>

#include "modsweep/error.h"

namespace modsweep {
namespace {

/// y = a + b over two axes, two seeds one apart.
std::vector<VarianceGroup> additive(double a, double b) {
  std::vector<VarianceGroup> groups;
  for (std::size_t i = 0; i < 2; ++i)
    for (std::size_t j = 0; j < 2; ++j) {
      const double y = a * static_cast<double>(i) + b * static_cast<double>(j);
      groups.push_back({{i, j}, {y - 0.5, y + 0.5}});
    }
  return groups;
}

/// Deviations: +-a/2 by the first axis, +-b/2 by the second, +-1/2 by the seed.
TEST(VarianceSharesTest, OfAdditiveAxesAreThoseOfTheirSquares) {
  const auto shares = variance_shares(additive(4.0, 2.0), 2);
  ASSERT_TRUE(shares);
  EXPECT_EQ(shares->values, 8U);
  EXPECT_TRUE(shares->repeated);
  EXPECT_NEAR(shares->axes[0], 16.0 / 21.0, 1e-14);
  EXPECT_NEAR(shares->axes[1], 4.0 / 21.0, 1e-14);
  EXPECT_NEAR(shares->within, 1.0 / 21.0, 1e-14);
  ASSERT_TRUE(shares->together);
  EXPECT_NEAR(*shares->together, 0.0, 1e-14);
}

TEST(VarianceSharesTest, OfAProductAreAllTogether) {
  const std::vector<VarianceGroup> groups = {
      {{0, 0}, {1.0}}, {{0, 1}, {-1.0}}, {{1, 0}, {-1.0}}, {{1, 1}, {1.0}}};
  const auto shares = variance_shares(groups, 2);
  ASSERT_TRUE(shares);
  EXPECT_DOUBLE_EQ(shares->axes[0], 0.0);
  EXPECT_DOUBLE_EQ(shares->axes[1], 0.0);
  EXPECT_DOUBLE_EQ(shares->together.value(), 1.0);
  EXPECT_DOUBLE_EQ(shares->within, 0.0);
  EXPECT_FALSE(shares->repeated);
}

/// The definition, written out over all values.
double naive_share(const std::vector<VarianceGroup>& groups, std::size_t axis) {
  std::vector<std::pair<std::size_t, double>> all;
  for (const VarianceGroup& group : groups)
    for (const double value : group.values) all.emplace_back(group.levels[axis], value);
  double mean = 0.0;
  for (const auto& [level, value] : all) mean += value;
  mean /= static_cast<double>(all.size());
  double explained = 0.0;
  double total = 0.0;
  for (const auto& [level, value] : all) {
    double sum = 0.0;
    double count = 0.0;
    for (const auto& [other, its] : all)
      if (other == level) {
        sum += its;
        count += 1.0;
      }
    explained += (sum / count - mean) * (sum / count - mean);
    total += (value - mean) * (value - mean);
  }
  return explained / total;
}

TEST(VarianceSharesTest, OfAGridWithHolesAreThoseOfTheDefinition) {
  std::mt19937 random(7);  // NOLINT: the same numbers each time
  std::normal_distribution<double> normal;
  std::vector<VarianceGroup> groups;
  for (std::size_t i = 0; i < 3; ++i)
    for (std::size_t j = 0; j < 4; ++j)
      for (std::size_t k = 0; k < 2; ++k) {
        if (i == 1 && j == 2) continue;
        VarianceGroup group{{i, j, k}, {}};
        for (std::size_t seed = 0; seed < (i + j) % 3; ++seed)
          group.values.push_back(100.0 + static_cast<double>(i * j) + normal(random));
        groups.push_back(group);
      }
  const auto shares = variance_shares(groups, 3);
  ASSERT_TRUE(shares);
  EXPECT_FALSE(shares->together) << "axes overlap where combinations are missing";
  for (std::size_t axis = 0; axis < 3; ++axis)
    EXPECT_NEAR(shares->axes[axis], naive_share(groups, axis), 1e-10) << axis;
}

TEST(VarianceSharesTest, AreNoneWhereNothingVaries) {
  EXPECT_FALSE(variance_shares({}, 1));
  EXPECT_FALSE(variance_shares(std::vector<VarianceGroup>{{{0}, {1.0}}}, 1));
  EXPECT_FALSE(variance_shares(std::vector<VarianceGroup>{{{0}, {0.1, 0.1, 0.1}}, {{1}, {0.1, 0.1}}}, 1));
  EXPECT_FALSE(variance_shares(std::vector<VarianceGroup>{{{0}, {}}, {{1}, {}}}, 1));
  EXPECT_TRUE(variance_shares(std::vector<VarianceGroup>{{{0}, {0.1}}, {{1}, {0.1000001}}}, 1));
}

TEST(VarianceSharesTest, AGroupOfOtherAxesIsRefused) {
  EXPECT_THROW((void)variance_shares(std::vector<VarianceGroup>{{{0, 1}, {1.0, 2.0}}}, 1), LogicError);
}

}  // namespace
}  // namespace modsweep
