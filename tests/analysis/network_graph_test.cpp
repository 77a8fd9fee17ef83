// The whole network as a graph: which units and edges it has, what trimming leaves, and how far hidden units
// serve single groups of inputs. Held to the vectors of causes/ and to naive loops.
#include "modsweep/network_graph.h"

#include "analysis/graphs.h"
#include "support/causes_reference.h"

#include <algorithm>
#include <numeric>
#include <set>

#include <Eigen/Dense>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "modsweep/error.h"
#include "modsweep/spectrum.h"

namespace modsweep::test {
namespace {

using testing::ElementsAre;

WeightMagnitudes network_of(const CauseCase& reference) {
  return weight_magnitudes(reference.sizes(), reference.weights());
}

/// Group of each input.
std::vector<std::uint32_t> groups_of(const CauseCase& reference) {
  std::vector<std::uint32_t> group(reference.sizes().front());
  std::iota(group.begin(), group.end(), 0U);
  if (!reference.text("groups").starts_with('[')) return group;
  std::uint32_t number = 0;
  for (const auto& members : nlohmann::json::parse(reference.text("groups"))) {
    for (const std::size_t input : members) group.at(input) = number;
    ++number;
  }
  return group;
}

TEST(CausesReferenceGraph, LinkedUnitsAndSpectrum) {
  for (const CauseCase& reference : cause_cases("clusterability")) {
    SCOPED_TRACE(reference.name);
    const NetworkGraph graph = network_graph(network_of(reference));
    const auto linked = reference.wholes("linked");  // 1 for a unit with edges
    std::vector<std::uint32_t> expected;
    for (std::uint32_t u = 0; u < linked.size(); ++u)
      if (linked[u] == 1) expected.push_back(u);
    EXPECT_EQ(graph.units, expected);
    const auto n = static_cast<Eigen::Index>(graph.units.size());
    const Eigen::MatrixXd a = Eigen::Map<const Eigen::MatrixXd>(graph.edges.data(), n, n);
    const Eigen::VectorXd root = a.rowwise().sum().cwiseInverse().cwiseSqrt();
    const Eigen::MatrixXd l = Eigen::MatrixXd::Identity(n, n) - root.asDiagonal() * a * root.asDiagonal();
    const Eigen::VectorXd eigenvalues = Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd>(l).eigenvalues();
    const auto& given = reference.values("eig");
    ASSERT_EQ(given.size(), graph.units.size());
    for (Eigen::Index i = 0; i < n; ++i)
      EXPECT_NEAR(eigenvalues[i], given[static_cast<std::size_t>(i)], 1e-12) << i;
  }
}

TEST(CausesReferenceGraph, TrimmedSizesAndSeparations) {
  for (const CauseCase& reference : cause_cases("clusterability")) {
    SCOPED_TRACE(reference.name);
    const WeightMagnitudes network = network_of(reference);
    EXPECT_EQ(trim(network).sizes, reference.wholes("trimmed_sizes"));
    const auto found = separations(network, groups_of(reference));
    ASSERT_EQ(found.size(), network.sizes.size() - 2);
    for (std::size_t l = 0; l < found.size(); ++l)
      EXPECT_NEAR(found[l].value(), reference.value(fmt::format("separation{}", l + 1)), 1e-13) << l;
  }
}

TEST(CausesReferenceGraph, PathLeak) {
  std::size_t compared = 0;
  for (const CauseCase& reference : cause_cases("clusterability")) {
    if (!reference.file.tensors.contains("path_leak")) continue;
    Parameters network;
    network.shape.sizes = reference.sizes();
    network.shape.groups.assign(network.shape.weight_layers(), 1);
    network.shape.bias = false;
    for (const auto& layer : reference.weights())
      network.values.insert(network.values.end(), layer.begin(), layer.end());
    EXPECT_NEAR(path_leak(network).value(), reference.value("path_leak"), 1e-13) << reference.name;
    ++compared;
  }
  EXPECT_GE(compared, 3U);
}

/// 2-3-3-1. Hidden unit 1 of the first layer has no outgoing weights; unit 2 of the second feeds the output,
/// but only unit 1 feeds it, so that it goes, too. Input 1 then feeds nothing.
WeightMagnitudes chain() {
  return weight_magnitudes({2, 3, 3, 1}, {{-4, 0, 0, 2, 1, 0}, {1, 0, 2, 0, 0, 3, 0, 0, 0}, {1, -2, 5}});
}

TEST(Trim, TakesUnitsWithoutInOrOutUntilAllHaveBoth) {
  // Unit 2 of layer 2 has no incoming weights; unit 1 of layer 1 no outgoing ones.
  const WeightMagnitudes trimmed = trim(chain());
  EXPECT_THAT(trimmed.sizes, ElementsAre(2, 2, 2, 1));
  EXPECT_THAT(trimmed.weights[0], ElementsAre(0.8, 0, 0.2, 0));
  EXPECT_THAT(trimmed.weights[1], ElementsAre(0.2, 0.4, 0, 0.6));
  EXPECT_THAT(trimmed.weights[2], ElementsAre(0.2, 0.4));
  // A chain falls link by link: without its last link nothing is left between inputs and outputs.
  const WeightMagnitudes broken = trim(weight_magnitudes({1, 1, 1, 1, 1}, {{1}, {1}, {1}, {0}}));
  EXPECT_THAT(broken.sizes, ElementsAre(1, 0, 0, 0, 1));
  EXPECT_TRUE(network_graph(broken).units.empty());
  EXPECT_EQ(connected_components(network_graph(broken)), 0U);
}

TEST(Trim, ForgetsWeightsBelowAThousandthOfTheirLayersLargest) {
  const auto kept = [](double w) {
    return trim(weight_magnitudes({2, 1, 1}, {{1000.0, w}, {1e-6}})).weights[0][1] > 0.0;
  };
  EXPECT_TRUE(kept(1.001));
  EXPECT_TRUE(kept(-1.001));
  EXPECT_FALSE(kept(0.999));
}

TEST(Graph, HasTheUnitsOfAllLayersAndTheirMagnitudes) {
  const NetworkGraph graph = network_graph(chain());
  EXPECT_THAT(graph.units, ElementsAre(0, 1, 2, 3, 4, 5, 6, 7, 8));
  const auto edge = [&](std::size_t a, std::size_t b) { return graph.edges[a * 9 + b]; };
  EXPECT_EQ(edge(2, 0), 4.0 / 5);
  EXPECT_EQ(edge(0, 2), 4.0 / 5);
  EXPECT_EQ(edge(3, 1), 2.0 / 5);
  EXPECT_EQ(edge(8, 7), 1.0);
  EXPECT_EQ(edge(0, 1), 0.0);
  EXPECT_EQ(std::count_if(graph.edges.begin(), graph.edges.end(), [](double e) { return e > 0.0; }), 2 * 9);
  EXPECT_EQ(connected_components(graph), 2U) << "input 1 feeds a unit that feeds nothing";
}

TEST(Graph, LeavesUnitsWithoutEdgesOut) {
  const NetworkGraph graph = network_graph(weight_magnitudes({2, 2, 1}, {{0, 1, 0, 0}, {1, 0}}));
  EXPECT_THAT(graph.units, ElementsAre(1, 2, 4));
  EXPECT_THAT(graph.edges, ElementsAre(0, 1, 0, 1, 0, 1, 0, 1, 0));
}

TEST(Graph, WithoutOutputsEndsAtTheLastHiddenLayer) {
  const WeightMagnitudes network = without_outputs(chain());
  EXPECT_THAT(network.sizes, ElementsAre(2, 3, 3));
  EXPECT_EQ(network.weights.size(), 2U);
}

TEST(Graph, ComponentsOfSeparateModules) {
  for (const std::uint32_t modules : {1U, 2U, 3U, 4U})
    EXPECT_EQ(connected_components(network_graph(modular_network({4, 12, 12, 4}, modules, 0.0, 3))), modules);
  EXPECT_EQ(connected_components(network_graph(modular_network({4, 12, 12, 4}, 4, 0.1, 3))), 1U);
}

TEST(Graph, DoesNotDependOnTheScaleOfTheWeights) {
  const std::vector<double> w = {0.5, -0.25, 1.0, 0.0};
  std::vector<double> huge;
  for (const double v : w) huge.push_back(v * 1e300);
  EXPECT_EQ(network_graph(weight_magnitudes({2, 2}, {w})).edges,
            network_graph(weight_magnitudes({2, 2}, {huge})).edges);
  EXPECT_THROW((void)weight_magnitudes({2, 2}, {{1, 2, 3}}), LogicError);
  EXPECT_THROW((void)weight_magnitudes({1, 1}, {{std::nan("")}}), LogicError);
  EXPECT_THROW((void)separations(weight_magnitudes({1, 1}, {{1}}), std::vector<std::uint32_t>{0, 1}),
               LogicError);
}

/// Sums over all paths, one by one.
double path_sum(const WeightMagnitudes& network, std::size_t from_layer, std::size_t from,
                std::size_t to_layer, std::size_t to) {
  if (from_layer == to_layer) return from == to ? 1.0 : 0.0;
  double sum = 0.0;
  for (std::size_t next = 0; next < network.sizes[from_layer + 1]; ++next)
    sum += network.weights[from_layer][next * network.sizes[from_layer] + from] *
           path_sum(network, from_layer + 1, next, to_layer, to);
  return sum;
}

TEST(Separation, AgreesWithSumsOverPaths) {
  const WeightMagnitudes network = modular_network({4, 5, 3, 6, 2}, 2, 0.3, 5);
  for (const std::vector<std::uint32_t>& group :
       {std::vector<std::uint32_t>{0, 1, 2, 3}, {0, 1, 0, 1}, {1, 1, 0, 1}, {0, 0, 0, 0}}) {
    const std::uint32_t groups = *std::max_element(group.begin(), group.end()) + 1;
    const auto found = separations(network, group);
    ASSERT_EQ(found.size(), 3U);
    for (std::size_t l = 1; l <= 3; ++l) {
      double best = 0.0, all = 0.0;
      for (std::size_t u = 0; u < network.sizes[l]; ++u) {
        std::vector<double> p(groups);
        for (std::size_t i = 0; i < 4; ++i) p[group[i]] += path_sum(network, 0, i, l, u);
        double o = 0.0;
        for (std::size_t out = 0; out < 2; ++out) o += path_sum(network, l, u, 4, out);
        best += o * *std::max_element(p.begin(), p.end());
        all += o * std::accumulate(p.begin(), p.end(), 0.0);
      }
      EXPECT_NEAR(found[l - 1].value(), best / all, 1e-14) << l;
    }
  }
}

TEST(Separation, IsOneForModulesAndNoneWhereNothingPasses) {
  const std::vector<std::uint32_t> each = {0, 1, 2, 3};
  for (const auto& found : separations(modular_network({4, 8, 8, 4}, 4, 0.0, 1), each))
    EXPECT_NEAR(found.value(), 1.0, 1e-15);
  const auto dead =
      separations(weight_magnitudes({1, 1, 1, 1}, {{1}, {0}, {1}}), std::vector<std::uint32_t>{0});
  EXPECT_FALSE(dead[0]);
  EXPECT_FALSE(dead[1]);
}

}  // namespace
}  // namespace modsweep::test
