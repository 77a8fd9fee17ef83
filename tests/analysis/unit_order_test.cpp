// The order of units in pictures (science.md section 5).
#include <algorithm>
#include <numeric>
#include <random>

#include <gmock/gmock.h>

#include "modsweep/error.h"
#include "modsweep/partition.h"

namespace modsweep {
namespace {

using testing::ElementsAre;
using testing::ElementsAreArray;
using testing::IsEmpty;

TEST(ChainedOrder, FollowsTheInputsPositions) {
  // Unit 0 hears input 2, unit 1 input 0, unit 2 input 1.
  const std::vector<double> w = {0, 0, -1, 3, 0, 0, 0, 0.5, 0};
  const std::vector<std::uint32_t> inputs = {0, 1, 2};
  EXPECT_THAT(chained_order(w, 3, 3, {}, {}, inputs).units, ElementsAre(1, 2, 0));
  const std::vector<std::uint32_t> turned = {2, 1, 0};
  EXPECT_THAT(chained_order(w, 3, 3, {}, {}, turned).units, ElementsAre(0, 2, 1));
}

TEST(ChainedOrder, KeepsClustersTogetherAndDeadUnitsLast) {
  // Means: 0.9, 0.1, 1, 0, dead. Clusters {0, 3} at (9 + 0) / (10 + 1) and {1, 2} at (1 + 1) / (10 + 1).
  const std::vector<double> w = {1, 9, 9, 1, 0, 1, 1, 0, 0, 0};
  const std::vector<std::uint32_t> clusters = {0, 1, 1, 0, 2};
  const std::vector<std::uint32_t> dead = {4};
  const std::vector<std::uint32_t> inputs = {0, 1};
  const UnitOrder order = chained_order(w, 5, 2, dead, clusters, inputs);
  EXPECT_THAT(order.units, ElementsAre(1, 2, 3, 0, 4));
  EXPECT_THAT(order.starts, ElementsAre(2, 4));
}

TEST(ChainedOrder, PutsEqualUnitsByIndex) {
  const std::vector<double> w = {1, 1, 2, 2, 3, 3};
  const std::vector<std::uint32_t> inputs = {1, 0};
  const UnitOrder order = chained_order(w, 3, 2, {}, {}, inputs);
  EXPECT_THAT(order.units, ElementsAre(0, 1, 2));
  EXPECT_THAT(order.starts, IsEmpty());
}

TEST(ChainedOrder, UndoesAShuffleOfBlocks) {
  constexpr std::uint32_t blocks = 4;
  constexpr std::uint32_t size = 3;
  constexpr std::uint32_t rows = blocks * size;
  std::vector<std::uint32_t> block_of(rows);
  for (std::uint32_t row = 0; row < rows; ++row) block_of[row] = row / size;
  std::mt19937 generator(7);
  std::shuffle(block_of.begin(), block_of.end(), generator);
  std::vector<double> w(rows * blocks);
  for (std::uint32_t row = 0; row < rows; ++row) w[row * blocks + block_of[row]] = 1.0;
  const std::vector<std::uint32_t> inputs = {0, 1, 2, 3};
  std::vector<std::uint32_t> found;
  for (const std::uint32_t row : chained_order(w, rows, blocks, {}, block_of, inputs).units)
    found.push_back(block_of[row]);
  std::vector<std::uint32_t> expected(rows);
  for (std::uint32_t row = 0; row < rows; ++row) expected[row] = row / size;
  EXPECT_THAT(found, ElementsAreArray(expected));
}

TEST(ChainedOrder, RefusesSizesThatDisagree) {
  const std::vector<double> w(6);
  const std::vector<std::uint32_t> two = {0, 1};
  EXPECT_THROW((void)chained_order(w, 3, 3, {}, {}, two), LogicError);
  EXPECT_THROW((void)chained_order(w, 3, 2, {}, two, two), LogicError);
  EXPECT_THROW((void)chained_order(w, 2, 3, {}, {}, two), LogicError);
}

}  // namespace
}  // namespace modsweep
