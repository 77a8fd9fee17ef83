#include "analysis/resampler.h"

#include <Eigen/Dense>
#include <fmt/format.h>

#include "modsweep/error.h"
#include "modsweep/partition.h"

namespace modsweep {
namespace {

using Eigen::Index;
using Points = Eigen::MatrixXd;  // [dimensions][count]: a point is a column

/// The squared distance of each point from the nearest of the centers.
Eigen::VectorXd nearest_squares(const Points& points, const Eigen::Ref<const Points>& centers) {
  Eigen::VectorXd squares(points.cols());
  for (Index i = 0; i < points.cols(); ++i)
    squares[i] = (centers.colwise() - points.col(i)).colwise().squaredNorm().minCoeff();
  return squares;
}

/// A point drawn with the given weights; any point where all are 0.
Index draw(const Eigen::VectorXd& weights, Resampler& resampler) {
  double rest = resampler.uniform() * weights.sum();
  Index last = 0;
  for (Index i = 0; i < weights.size(); ++i) {
    if (weights[i] == 0.0) continue;
    last = i;
    rest -= weights[i];
    if (rest < 0.0) break;
  }
  return last;
}

/// k-means++: each next center is a point, chosen with a probability that grows with its distance from the
/// centers so far.
Points first_centers(const Points& points, Index k, Resampler& resampler) {
  Points centers(points.rows(), k);
  centers.col(0) = points.col(static_cast<Index>(resampler.index(static_cast<std::size_t>(points.cols()))));
  for (Index c = 1; c < k; ++c)
    centers.col(c) = points.col(draw(nearest_squares(points, centers.leftCols(c)), resampler));
  return centers;
}

Eigen::VectorX<Index> nearest_centers(const Points& points, const Points& centers) {
  Eigen::VectorX<Index> of(points.cols());
  for (Index i = 0; i < points.cols(); ++i)
    (centers.colwise() - points.col(i)).colwise().squaredNorm().minCoeff(&of[i]);
  return of;
}

/// Moves each center to the mean of its points; a center without points stays.
void move_centers(const Points& points, const Eigen::VectorX<Index>& of, Points& centers) {
  Points sums = Points::Zero(centers.rows(), centers.cols());
  Eigen::VectorXd counts = Eigen::VectorXd::Zero(centers.cols());
  for (Index i = 0; i < points.cols(); ++i) {
    sums.col(of[i]) += points.col(i);
    counts[of[i]] += 1.0;
  }
  for (Index c = 0; c < centers.cols(); ++c)
    if (counts[c] > 0.0) centers.col(c) = sums.col(c) / counts[c];
}

/// Lloyd's iteration from one start.
Clusters descend(const Points& points, Points centers, std::uint32_t iterations) {
  Eigen::VectorX<Index> of = nearest_centers(points, centers);
  for (std::uint32_t i = 0; i < iterations; ++i) {
    move_centers(points, of, centers);
    const Eigen::VectorX<Index> next = nearest_centers(points, centers);
    if (next == of) break;
    of = next;
  }
  Clusters clusters;
  clusters.inertia = nearest_squares(points, centers).sum();
  for (const Index cluster : of) clusters.of.push_back(static_cast<std::uint32_t>(cluster));
  return clusters;
}

}  // namespace

Clusters k_means(std::span<const double> points, std::size_t count, std::size_t dimensions, std::size_t k,
                 const KMeansSettings& settings) {
  if (points.size() != count * dimensions)
    throw LogicError(
        fmt::format("k_means: {} numbers for {} points of {}", points.size(), count, dimensions));
  if (k < 1 || k > count) throw LogicError(fmt::format("k_means: {} clusters of {} points", k, count));
  const Points columns =
      Eigen::Map<const Points>(points.data(), static_cast<Index>(dimensions), static_cast<Index>(count));
  Resampler resampler(settings.seed);
  Clusters best;
  for (std::uint32_t restart = 0; restart < settings.restarts; ++restart) {
    Clusters found =
        descend(columns, first_centers(columns, static_cast<Index>(k), resampler), settings.iterations);
    if (best.of.empty() || found.inertia < best.inertia) best = std::move(found);
  }
  return best;
}

}  // namespace modsweep
