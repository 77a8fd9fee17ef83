// Tests of clusters of points and of layers with known modules. Modularity and normalized cut are compared
// with direct sums over pairs.
#include "modsweep/partition.h"

#include "analysis/resampler.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "modsweep/error.h"

namespace modsweep {
namespace {

using testing::ElementsAre;
using Labels = std::vector<std::uint32_t>;

/// Whether two partitions are equal up to the labels of the clusters.
bool same_partition(const Labels& a, const Labels& b) {
  std::map<std::uint32_t, std::uint32_t> there;
  std::map<std::uint32_t, std::uint32_t> back;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (there.try_emplace(a[i], b[i]).first->second != b[i] ||
        back.try_emplace(b[i], a[i]).first->second != a[i])
      return false;
  return a.size() == b.size();
}

/// Points around four well separated corners, one point per corner in turn; `truth` is the corner of each
/// point.
struct Blobs {
  std::vector<double> points;  // [count][2]
  Labels truth;
};
Blobs blobs(std::size_t count, double radius, std::uint64_t seed) {
  constexpr double corners[4][2] = {{0, 0}, {10, 0}, {0, 10}, {7, 7}};
  Resampler bits(seed);
  Blobs result;
  for (std::size_t i = 0; i < count; ++i) {
    const auto corner = static_cast<std::uint32_t>(i % 4);
    result.truth.push_back(corner);
    for (const double center : corners[corner])
      result.points.push_back(center + radius * (2.0 * bits.uniform() - 1.0));
  }
  return result;
}

double inertia_of(const std::vector<double>& points, const Labels& of) {
  double inertia = 0.0;
  for (const std::uint32_t cluster : std::set<std::uint32_t>(of.begin(), of.end())) {
    double x = 0, y = 0, n = 0;
    for (std::size_t i = 0; i < of.size(); ++i)
      if (of[i] == cluster) x += points[2 * i], y += points[2 * i + 1], n += 1;
    for (std::size_t i = 0; i < of.size(); ++i)
      if (of[i] == cluster)
        inertia += std::pow(points[2 * i] - x / n, 2) + std::pow(points[2 * i + 1] - y / n, 2);
  }
  return inertia;
}

TEST(KMeans, FindsBlobs) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const Blobs data = blobs(61, 2.0, seed);
    KMeansSettings settings;
    settings.seed = seed;
    const Clusters found = k_means(data.points, 61, 2, 4, settings);
    EXPECT_TRUE(same_partition(found.of, data.truth)) << seed;
    EXPECT_NEAR(found.inertia, inertia_of(data.points, data.truth), 1e-9);
  }
}

TEST(KMeans, IsAsGoodAsTryingEveryPartition) {
  // Nine scattered points in three clusters: 3^9 partitions.
  Resampler bits(3);
  std::vector<double> points(18);
  for (double& p : points) p = bits.uniform();
  double best = 1e300;
  for (int code = 0; code < 19683; ++code) {
    Labels of;
    for (int i = 0, rest = code; i < 9; ++i, rest /= 3) of.push_back(static_cast<std::uint32_t>(rest % 3));
    best = std::min(best, inertia_of(points, of));
  }
  const Clusters found = k_means(points, 9, 2, 3);
  EXPECT_NEAR(found.inertia, best, 1e-12);
  EXPECT_NEAR(inertia_of(points, found.of), best, 1e-12);
}

TEST(KMeans, IsReproducibleAndHandlesTheEnds) {
  const Blobs data = blobs(30, 5.0, 1);
  EXPECT_EQ(k_means(data.points, 30, 2, 5).of, k_means(data.points, 30, 2, 5).of);
  EXPECT_NEAR(k_means(data.points, 30, 2, 30).inertia, 0.0, 1e-20);
  EXPECT_THAT(k_means(data.points, 30, 2, 1).of, testing::Each(0U));
  const std::vector<double> equal(10, 4.0);
  EXPECT_EQ(k_means(equal, 5, 2, 3).inertia, 0.0);
  EXPECT_THROW((void)k_means(equal, 5, 2, 6), LogicError);
  EXPECT_THROW((void)k_means(equal, 5, 2, 0), LogicError);
  EXPECT_THROW((void)k_means(equal, 4, 2, 2), LogicError);
}

/// Modularity as a direct sum over pairs.
double naive_modularity(const std::vector<double>& s, const Labels& of) {
  const std::size_t n = of.size();
  std::vector<double> degree(n);
  double total = 0.0;
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = 0; j < n; ++j) degree[i] += s[i * n + j], total += s[i * n + j];
  double q = 0.0;
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = 0; j < n; ++j)
      if (of[i] == of[j]) q += (s[i * n + j] - degree[i] * degree[j] / total) / total;
  return q;
}

/// Normalized cut as a direct sum over clusters.
double naive_cut(const std::vector<double>& s, const Labels& of) {
  const std::size_t n = of.size();
  double sum = 0.0;
  for (const std::uint32_t cluster : std::set<std::uint32_t>(of.begin(), of.end())) {
    double leaves = 0.0, volume = 0.0;
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t j = 0; j < n; ++j)
        if (of[i] == cluster) volume += s[i * n + j], leaves += of[j] != cluster ? s[i * n + j] : 0.0;
    sum += leaves / volume;
  }
  return sum;
}

TEST(Graph, TwoTrianglesWithABridge) {
  // Newman's textbook case. 3 of the 7 edges are inside each triangle, so Q = 6/7 - 1/2 = 5/14. One edge
  // leaves each triangle, and the volume of each triangle is 7, so the cut is 1/7 + 1/7.
  std::vector<double> s(36);
  const auto edge = [&](std::size_t a, std::size_t b) { s[a * 6 + b] = s[b * 6 + a] = 1.0; };
  edge(0, 1), edge(1, 2), edge(2, 0), edge(3, 4), edge(4, 5), edge(5, 3), edge(2, 3);
  const Labels triangles = {0, 0, 0, 1, 1, 1};
  EXPECT_NEAR(modularity(s, triangles), 5.0 / 14.0, 1e-15);
  EXPECT_NEAR(normalized_cut(s, triangles), 2.0 / 7.0, 1e-15);
  const Labels one(6, 0);
  EXPECT_NEAR(modularity(s, one), 0.0, 1e-15);
  EXPECT_NEAR(normalized_cut(s, one), 0.0, 1e-15);
}

TEST(Graph, RandomWeightsAgreeWithTheSumsOverPairs) {
  Resampler bits(11);
  for (const std::size_t n : {1U, 2U, 7U, 12U}) {
    std::vector<double> s(n * n);
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t j = 0; j <= i; ++j) s[i * n + j] = s[j * n + i] = bits.uniform();
    Labels of;
    for (std::size_t i = 0; i < n; ++i) of.push_back(static_cast<std::uint32_t>(bits.index(3)));
    EXPECT_NEAR(modularity(s, of), naive_modularity(s, of), 1e-14) << n;
    EXPECT_NEAR(normalized_cut(s, of), naive_cut(s, of), 1e-14) << n;
  }
  EXPECT_EQ(modularity(std::vector<double>(4), Labels{0, 1}), 0.0);
  EXPECT_THROW((void)modularity(std::vector<double>(5), Labels{0, 1}), LogicError);
}

/// The rows of three modules, interleaved. A row of module k has large weights in columns 2k and 2k + 1, and
/// weights smaller by the factor `leak` in the other columns. Row 4 is dead; its module is marked by 9.
constexpr std::size_t rows = 10;
constexpr std::size_t columns = 6;
const Labels module_of = {2, 0, 1, 0, 9, 2, 1, 0, 2, 1};
std::vector<double> modular_weights(double leak) {
  Resampler bits(2);
  std::vector<double> w(rows * columns);
  for (std::size_t r = 0; r < rows; ++r)
    for (std::size_t c = 0; c < columns; ++c) {
      const double size = module_of[r] == 9 ? 1e-6 : c / 2 == module_of[r] ? 1.0 : leak;
      w[r * columns + c] = (bits.uniform() < 0.5 ? -1.0 : 1.0) * size * (0.5 + bits.uniform());
    }
  return w;
}

/// Checks the scores of `partition` against the formulas of science.md section 5, computed for the clusters
/// of `partition`.
void expect_consistent(const std::vector<double>& w, const LayerPartition& partition) {
  std::vector<std::size_t> live;
  for (std::size_t r = 0; r < rows; ++r)
    if (r != 4) live.push_back(r);
  Labels of;
  for (const std::size_t r : live) of.push_back(partition.cluster_of[r]);
  std::vector<double> s;
  for (const std::size_t a : live)
    for (const std::size_t b : live) {
      double dot = 0, aa = 0, bb = 0;
      for (std::size_t c = 0; c < columns; ++c) {
        const double x = std::fabs(w[a * columns + c]), y = std::fabs(w[b * columns + c]);
        dot += x * y, aa += x * x, bb += y * y;
      }
      s.push_back(dot / std::sqrt(aa * bb));
    }
  EXPECT_NEAR(partition.modularity, naive_modularity(s, of), 1e-12);
  EXPECT_NEAR(partition.normalized_cut, naive_cut(s, of), 1e-12);
  double inside = 0.0, total = 0.0;
  for (std::size_t c = 0; c < columns; ++c) {
    std::map<std::uint32_t, double> mass;
    for (const std::size_t r : live) {
      mass[partition.cluster_of[r]] += std::fabs(w[r * columns + c]);
      total += std::fabs(w[r * columns + c]);
    }
    double most = 0.0;
    for (const auto& [cluster, sum] : mass) most = std::max(most, sum);
    inside += most;
  }
  EXPECT_NEAR(partition.block_share, inside / total, 1e-12);
}

TEST(Partition, OfAModularLayerIsItsModulesInTheOrderOfTheirColumns) {
  for (const double leak : {0.0, 0.05, 0.2}) {
    SCOPED_TRACE(leak);
    const auto w = modular_weights(leak);
    const auto partition = layer_partition(w, rows, columns, 3);
    ASSERT_TRUE(partition);
    EXPECT_THAT(partition->order, ElementsAre(1, 3, 7, 2, 6, 9, 0, 5, 8, 4));
    EXPECT_THAT(partition->cluster_of, ElementsAre(2, 0, 1, 0, 3, 2, 1, 0, 2, 1));
    expect_consistent(w, *partition);
    if (leak == 0.0) {
      EXPECT_NEAR(partition->block_share, 1.0, 1e-15);
      EXPECT_NEAR(partition->normalized_cut, 0.0, 1e-15);
      EXPECT_NEAR(partition->modularity, 2.0 / 3.0, 0.02) << "three modules of nearly the same weight";
    }
  }
}

TEST(Partition, FallsWithTheLeak) {
  double q = 1.0, share = 1.1, cut = -1.0;
  for (const double leak : {0.0, 0.1, 0.3, 0.6}) {
    const auto partition = layer_partition(modular_weights(leak), rows, columns, 3);
    expect_consistent(modular_weights(leak), *partition);
    EXPECT_LT(partition->modularity, q);
    EXPECT_LT(partition->block_share, share);
    EXPECT_GT(partition->normalized_cut, cut);
    q = partition->modularity, share = partition->block_share, cut = partition->normalized_cut;
  }
}

TEST(Partition, OutgoingClustersColumns) {
  const auto w = modular_weights(0.1);
  std::vector<double> transposed(w.size());
  for (std::size_t r = 0; r < rows; ++r)
    for (std::size_t c = 0; c < columns; ++c) transposed[c * rows + r] = w[r * columns + c];
  const auto a = layer_partition(w, rows, columns, 3);
  const auto b = layer_partition(transposed, columns, rows, 3, ClusterBy::outgoing);
  ASSERT_TRUE(a && b);
  EXPECT_EQ(a->order, b->order);
  EXPECT_NEAR(a->modularity, b->modularity, 1e-14);
}

TEST(Partition, DoesNotDependOnScaleAndIsNoneWithoutEnoughRows) {
  auto w = modular_weights(0.1);
  const auto before = layer_partition(w, rows, columns, 3);
  for (double& v : w) v *= 1e300;
  const auto after = layer_partition(w, rows, columns, 3);
  EXPECT_EQ(before->order, after->order);
  EXPECT_NEAR(before->block_share, after->block_share, 1e-12);
  EXPECT_FALSE(layer_partition(w, rows, columns, 10));
  EXPECT_TRUE(layer_partition(w, rows, columns, 9));
  EXPECT_FALSE(layer_partition(w, rows, columns, 0));
  EXPECT_FALSE(layer_partition(std::vector<double>(6), 3, 2, 1));
  EXPECT_NEAR(layer_partition(w, rows, columns, 1)->block_share, 1.0, 1e-12);
}

}  // namespace
}  // namespace modsweep
