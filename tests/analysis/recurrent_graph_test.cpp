// The modularity of recurrent networks, against plain loops and graphs whose answer is known.
#include "modsweep/recurrent_graph.h"

#include <algorithm>
#include <cmath>
#include <random>

#include <gtest/gtest.h>

#include "modsweep/error.h"

namespace modsweep::test {
namespace {

using math::RecurrentTensor;

/// A flat network of random weights.
Parameters flat_network(std::uint32_t units, std::uint32_t heads, double weight = 1.0) {
  Parameters out;
  out.shape.family = Family::recurrent;
  out.shape.form = {.units = units, .modular = false};
  out.shape.modules = 1;
  out.shape.heads = heads;
  std::mt19937 bits(7);
  const recurrent::TensorLayout layout(out.shape.form, 1, heads);
  for (const auto& tensor : layout.tensors())
    for (std::size_t i = 0; i < tensor.size(); ++i) {
      const double u = static_cast<double>(bits()) / 4294967296.0;
      const bool tau = tensor.kind == RecurrentTensor::timescale;
      out.values.push_back(tau ? 0.5 + 2.0 * u : weight * (2.0 * u - 1.0));  // some tau below 1
    }
  return out;
}

double& entry(Parameters& network, RecurrentTensor kind, std::uint32_t index, std::size_t i,
              std::size_t j = 0) {
  const recurrent::TensorLayout layout(network.shape.form, 1, network.shape.heads);
  const auto& tensor = layout.tensors()[layout.position(kind, index)];
  return network.values[tensor.offset + i * tensor.columns + j];
}

/// |W_O^h| A^d |W_I| of every head, by powers of the matrix A.
std::vector<std::vector<double>> naive_paths(Parameters network, std::uint32_t depths) {
  const std::size_t units = network.shape.form.units;
  std::vector<std::vector<double>> out(network.shape.heads);
  std::vector<std::vector<double>> power(units, std::vector<double>(units, 0.0));
  for (std::size_t i = 0; i < units; ++i) power[i][i] = 1.0;
  for (std::uint32_t d = 0; d < depths; ++d) {
    for (std::uint32_t h = 0; h < network.shape.heads; ++h) {
      double sum = 0.0;
      for (std::size_t o = 0; o < 2; ++o)
        for (std::size_t i = 0; i < units; ++i)
          for (std::size_t j = 0; j < units; ++j)
            sum += std::abs(entry(network, RecurrentTensor::head, h, o, i)) * power[i][j] *
                   std::abs(entry(network, RecurrentTensor::input, 0, j));
      out[h].push_back(sum);
    }
    auto next = power;
    for (std::size_t i = 0; i < units; ++i)
      for (std::size_t j = 0; j < units; ++j) {
        const double k = 1.0 / std::max(entry(network, RecurrentTensor::timescale, 0, i), 1.0);
        next[i][j] = (1.0 - k) * power[i][j];
        for (std::size_t m = 0; m < units; ++m)
          if (m != i)
            next[i][j] += k * std::abs(entry(network, RecurrentTensor::recurrent, 0, i, m)) * power[m][j];
      }
    power = next;
  }
  return out;
}

TEST(BitPaths, AreThoseOfPlainLoops) {
  for (const std::uint32_t heads : {1U, 3U}) {
    const Parameters network = flat_network(5, heads);
    const std::uint32_t depths = 4 * (heads + 1) + 1;
    const auto expected = naive_paths(network, depths);
    const BitPaths got = bit_paths(network);
    ASSERT_EQ(got.shares.size(), heads);
    for (std::uint32_t h = 0; h < heads; ++h) {
      ASSERT_EQ(got.shares[h].size(), depths);
      double all = 0.0, late = 0.0;
      for (std::uint32_t d = 0; d < depths; ++d) {
        all += expected[h][d];
        if (d >= h + 2) late += expected[h][d];
      }
      for (std::uint32_t d = 0; d < depths; ++d) EXPECT_NEAR(got.shares[h][d], expected[h][d] / all, 1e-12);
      EXPECT_NEAR(*got.leaks[h], late / all, 1e-12);
    }
  }
}

/// A chain of three units of tau 1: the bit passes on and is gone.
TEST(BitPaths, OfAChainEndWhereItDoes) {
  Parameters network = flat_network(3, 2, 0.0);
  for (std::size_t i = 0; i < 3; ++i) entry(network, RecurrentTensor::timescale, 0, i) = 1.0;
  entry(network, RecurrentTensor::input, 0, 0) = -2.0;
  entry(network, RecurrentTensor::recurrent, 0, 1, 0) = 0.5;
  entry(network, RecurrentTensor::recurrent, 0, 2, 1) = -4.0;
  entry(network, RecurrentTensor::head, 0, 1, 1) = 1.0;   // N = 2: one step ago
  entry(network, RecurrentTensor::head, 1, 0, 2) = -1.0;  // N = 3: two steps ago
  BitPaths paths = bit_paths(network);
  EXPECT_EQ(paths.shares[0][1], 1.0);
  EXPECT_EQ(paths.shares[1][2], 1.0);
  EXPECT_EQ(*paths.leaks[0], 0.0);
  EXPECT_EQ(*paths.leaks[1], 0.0);
  entry(network, RecurrentTensor::head, 0, 1, 1) = 0.0;
  EXPECT_FALSE(bit_paths(network).leaks[0]) << "no path at all";
  entry(network, RecurrentTensor::head, 0, 1, 2) = 1.0;
  EXPECT_EQ(*bit_paths(network).leaks[0], 1.0) << "two steps ago is too long ago for N = 2";
}

TEST(BitPaths, DoNotOverflow) {
  const BitPaths paths = bit_paths(flat_network(20, 40, 1e6));
  for (const auto& leak : paths.leaks) EXPECT_GT(leak.value(), 0.99);
}

TEST(HeadWeights, AreThoseOfPlainLoops) {
  Parameters network = flat_network(6, 3);
  const auto got = head_weights(network);
  double most = 0.0;
  for (std::uint32_t h = 0; h < 3; ++h) {
    double all = 0.0;
    for (std::size_t o = 0; o < 2; ++o)
      for (std::size_t i = 0; i < 6; ++i) all += std::abs(entry(network, RecurrentTensor::head, h, o, i));
    for (std::size_t i = 0; i < 6; ++i)
      EXPECT_NEAR(got[h][i],
                  (std::abs(entry(network, RecurrentTensor::head, h, 0, i)) +
                   std::abs(entry(network, RecurrentTensor::head, h, 1, i))) /
                      all,
                  1e-15);
  }
  for (std::size_t i = 0; i < 6; ++i) most += std::max({got[0][i], got[1][i], got[2][i]});
  EXPECT_NEAR(*head_separation(got), most / 3.0, 1e-15);
}

TEST(HeadWeights, SeparationSaysWhetherUnitsServeOneHead) {
  EXPECT_EQ(*head_separation({{1, 0, 0, 0}, {0, 0.5, 0.5, 0}}), 1.0);
  EXPECT_EQ(*head_separation({{0.5, 0.5}, {0.5, 0.5}}), 0.5);
  EXPECT_FALSE(head_separation({{0, 0}, {0, 0}}));
}

/// Two groups of three units with edges of both directions, and what Newman's formula makes of them.
TEST(RecurrentModularity, OfTwoGroupsIsKnown) {
  constexpr std::size_t units = 6;
  std::vector<double> w(units * units, 0.0);
  for (std::size_t i = 0; i < units; ++i)
    for (std::size_t j = 0; j < units; ++j)
      if (i / 3 == j / 3) w[i * units + j] = (i + j) % 2 == 0 ? 0.7 : -0.7;  // the diagonal has no meaning
  auto found = recurrent_modularity(w, units, 2, 5);
  EXPECT_NEAR(found.louvain, 0.5, 1e-12);
  EXPECT_NEAR(found.clusters.value(), 0.5, 1e-12);
  EXPECT_EQ(found.found, 2U);
  EXPECT_GT(found.shuffled, 0.0);
  EXPECT_LT(found.shuffled, 0.4);
  // One edge more between the groups: 2m = 2 (6 * 1.4 + 0.3), its ends have a degree that is .3 larger.
  w[0 * units + 3] = 0.3;
  const double all = 2.0 * (6 * 1.4 + 0.3);
  found = recurrent_modularity(w, units, 2, 0);
  EXPECT_NEAR(found.louvain, 2.0 * ((6 * 1.4) / all - std::pow((6 * 1.4 + 0.3) / all, 2)), 1e-12);
  EXPECT_EQ(found.shuffled, 0.0);
}

TEST(RecurrentModularity, OfNoEdgesIsNone) {
  const auto found = recurrent_modularity(std::vector<double>(9, 0.0), 3, 2, 3);
  EXPECT_FALSE(found.clusters);
  EXPECT_EQ(found.louvain, 0.0);
  EXPECT_EQ(found.found, 0U);
  EXPECT_THROW((void)recurrent_modularity(std::vector<double>(8, 0.0), 3, 2, 3), LogicError);
}

TEST(RecurrentGraph, IsOfFlatNetworks) {
  Parameters network = flat_network(4, 1);
  network.shape.form.modular = true;
  EXPECT_THROW((void)bit_paths(network), LogicError);
  EXPECT_THROW((void)head_weights(network), LogicError);
}

}  // namespace
}  // namespace modsweep::test
