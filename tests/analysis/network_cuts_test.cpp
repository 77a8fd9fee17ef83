// Partitions of the whole network's graph against all partitions of small graphs and the vectors of causes/;
// the copies that cuts are compared with.
#include "analysis/graphs.h"
#include "support/causes_reference.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <gtest/gtest.h>

#include "modsweep/error.h"
#include "modsweep/network_graph.h"
#include "modsweep/partition.h"

namespace modsweep::test {
namespace {

using Labels = std::vector<std::uint32_t>;

WeightMagnitudes weights_of(const CauseCase& reference) {
  return weight_magnitudes(reference.sizes(), reference.weights());
}
std::size_t modules_of(const CauseCase& reference) {
  return static_cast<std::size_t>(reference.number("k"));
}

struct MeanAndError {
  double mean = 0.0;
  double error = 0.0;  ///< standard error
};
MeanAndError mean_of(const std::vector<double>& values) {
  const auto n = static_cast<double>(values.size());
  const double mean = std::accumulate(values.begin(), values.end(), 0.0) / n;
  double squares = 0.0;
  for (const double v : values) squares += (v - mean) * (v - mean);
  return {mean, std::sqrt(squares / (n - 1) / n)};
}

/// The least cut into exactly k clusters, and the highest modularity, over all partitions.
NaiveScores best_of_all(const NetworkGraph& graph, std::uint32_t k) {
  NaiveScores best{1e300, -1.0};
  for_each_partition(graph.units.size(), static_cast<std::uint32_t>(graph.units.size()),
                     [&](const Labels& of) {
                       const NaiveScores scores = naive_scores(graph.edges, of);
                       best.modularity = std::max(best.modularity, scores.modularity);
                       if (*std::max_element(of.begin(), of.end()) + 1 == k)
                         best.cut = std::min(best.cut, scores.cut);
                     });
  return best;
}

TEST(GraphPartition, IsTheBestOfAllWhereThereAreClusters) {
  for (const double between : {0.0, 0.05, 0.2})
    for (const std::uint64_t seed : {1U, 2U, 3U})
      for (const std::uint32_t k : {2U, 3U}) {
        const NetworkGraph graph = planted_graph(9, k, between, 0.6, seed);
        const auto found = graph_partition(graph, k);
        ASSERT_TRUE(found);
        const NaiveScores own = naive_scores(graph.edges, found->cluster_of);
        EXPECT_NEAR(found->normalized_cut, own.cut, 1e-14);
        EXPECT_NEAR(found->modularity, own.modularity, 1e-14);
        EXPECT_NEAR(found->normalized_cut, best_of_all(graph, k).cut, 1e-13)
            << between << " " << seed << " " << k;
      }
}

TEST(GraphPartition, IsNoneWithoutEnoughUnits) {
  const NetworkGraph graph = planted_graph(4, 2, 0.1, 1.0, 1);
  EXPECT_FALSE(graph_partition(graph, 0));
  EXPECT_FALSE(graph_partition(graph, 5));
  EXPECT_EQ(graph_partition(graph, 1)->normalized_cut, 0.0);
  EXPECT_FALSE(graph_partition(NetworkGraph{}, 1));
}

TEST(Louvain, IsAsGoodAsTryingEveryPartition) {
  for (const double between : {0.0, 0.1, 0.5, 1.0})
    for (const std::uint64_t seed : {1U, 2U, 3U, 4U}) {
      const NetworkGraph graph = planted_graph(9, 3, between, 0.5, seed);
      const double found = naive_scores(graph.edges, louvain(graph.edges, 9)).modularity;
      EXPECT_NEAR(found, best_of_all(graph, 2).modularity, 1e-13) << between << " " << seed;
    }
}

TEST(Louvain, FindsARingOfCliques) {
  // Eight cliques of five, joined to a ring by single edges: more clusters than one is told of.
  constexpr std::size_t count = 40;
  std::vector<double> edges(count * count);
  const auto join = [&](std::size_t a, std::size_t b) { edges[a * count + b] = edges[b * count + a] = 1.0; };
  for (std::size_t c = 0; c < 8; ++c) {
    for (std::size_t a = 0; a < 5; ++a)
      for (std::size_t b = 0; b < a; ++b) join(5 * c + a, 5 * c + b);
    join(5 * c, (5 * c + 6) % count);
  }
  const Labels of = louvain(edges, count);
  for (std::size_t u = 0; u < count; ++u) EXPECT_EQ(of[u], u / 5) << u;
  EXPECT_EQ(louvain({}, 0), Labels{});
  EXPECT_EQ(louvain(std::vector<double>(9), 3), (Labels{0, 1, 2})) << "no edges";
  EXPECT_THROW((void)louvain(edges, 39), LogicError);
}

TEST(CausesReferencePartition, ScoresOfTheGivenLabelsAndOfOurs) {
  for (const CauseCase& reference : cause_cases("clusterability")) {
    SCOPED_TRACE(reference.name);
    const NetworkGraph graph = network_graph(weights_of(reference));
    const Labels labels = reference.wholes("labels");
    ASSERT_EQ(labels.size(), graph.units.size());
    EXPECT_NEAR(normalized_cut(graph.edges, labels), reference.value("ncut"), 1e-13);
    EXPECT_NEAR(modularity(graph.edges, labels), reference.value("modularity"), 1e-13);
    const auto own = graph_partition(graph, modules_of(reference));
    EXPECT_NEAR(own->normalized_cut, reference.value("ncut"), 0.02 * reference.value("ncut") + 1e-12);
    const double of_reference = reference.value("louvain_modularity");
    EXPECT_NEAR(modularity(graph.edges, reference.wholes("louvain_labels")), of_reference, 1e-13);
    EXPECT_GE(modularity(graph.edges, louvain(graph.edges, labels.size())), 0.99 * of_reference);
    const auto trimmed = graph_partition(network_graph(trim(weights_of(reference))), modules_of(reference));
    EXPECT_NEAR(trimmed->normalized_cut, reference.value("ncut_trimmed"),
                0.02 * reference.value("ncut_trimmed") + 1e-12);
  }
}

TEST(CausesReferencePartition, CopiesHaveTheCutsOfTheGivenOnes) {
  for (const CauseCase& reference : cause_cases("clusterability")) {
    SCOPED_TRACE(reference.name);
    const std::size_t k = modules_of(reference);
    const WeightMagnitudes network = weights_of(reference);
    const WeightMagnitudes trimmed = trim(network);
    // The standard error of a mean of as many copies of ours is about that of the given ones.
    const MeanAndError permuted = mean_of(reference.values("permuted_ncuts"));
    EXPECT_NEAR(mean_permuted_cut(trimmed, k, 100).value(), permuted.mean,
                4 * std::sqrt(2.0) * permuted.error);
    EXPECT_NEAR(relative_cut(trimmed, k, 100).value(), reference.value("ncut_trimmed") / permuted.mean,
                4 * std::sqrt(2.0) * permuted.error / permuted.mean + 0.02);
    const MeanAndError given = mean_of(reference.values("shuffle_ncuts"));
    const MeanAndError ours = mean_of(shuffled_cuts(network, k, 200));
    EXPECT_NEAR(ours.mean, given.mean, 4 * std::hypot(ours.error, given.error));
  }
}

TEST(RelativeCut, IsNoughtForModulesAndOneWithoutThem) {
  EXPECT_NEAR(relative_cut(modular_network({4, 16, 16, 4}, 4, 0.0, 1), 4, 12).value(), 0.0, 1e-12);
  double before = 0.0;
  for (const double leak : {0.05, 0.2, 0.5}) {
    const double cut = relative_cut(modular_network({4, 16, 16, 4}, 4, leak, 1), 4, 12).value();
    EXPECT_GT(cut, before) << leak;
    before = cut;
  }
  EXPECT_NEAR(relative_cut(modular_network({4, 16, 16, 4}, 4, 1.0, 1), 4, 12).value(), 1.0, 0.05);
}

TEST(RelativeCut, IsNoneWithoutCopiesOrUnits) {
  const WeightMagnitudes network = modular_network({4, 8, 4}, 2, 0.1, 1);
  EXPECT_FALSE(relative_cut(network, 2, 0));
  EXPECT_FALSE(relative_cut(network, 100, 12));
  // Two components that no permutation of a single hidden layer's rows can join: copies without a cut.
  EXPECT_FALSE(relative_cut(weight_magnitudes({2, 2, 2}, {{1, 0, 0, 1}, {1, 0, 0, 1}}), 2, 12));
  EXPECT_EQ(relative_cut(network, 2, 12), relative_cut(network, 2, 12));
}

TEST(ShuffleScores, SayWhereTheNetworkLiesAmongItsCopies) {
  const WeightMagnitudes modular = modular_network({4, 16, 16, 4}, 4, 0.02, 1);
  const auto scores = shuffle_scores(modular, 4, 20);
  ASSERT_TRUE(scores && scores->z);
  EXPECT_LT(*scores->z, -3.0);
  EXPECT_EQ(scores->percentile, 0.0);
  const auto cuts = shuffled_cuts(modular, 4, 20);
  ASSERT_EQ(cuts.size(), 20U);
  const MeanAndError copies = mean_of(cuts);
  const double own = graph_partition(network_graph(modular), 4)->normalized_cut;
  EXPECT_NEAR(*scores->z, (own - copies.mean) / (copies.error * std::sqrt(20.0)), 1e-9);
  EXPECT_FALSE(shuffle_scores(modular, 4, 1));
  EXPECT_FALSE(shuffle_scores(modular, 100, 20));
  const auto alike = shuffle_scores(weight_magnitudes({2, 2}, {{1, 1, 1, 1}}), 2, 5);
  EXPECT_FALSE(alike->z) << "equal weights: all copies are alike";
}

}  // namespace
}  // namespace modsweep::test
