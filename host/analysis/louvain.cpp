// Louvain's method. igraph has it, too, but draws its orders from a generator that all threads share; results
// here must not depend on what else is measured.
#include "analysis/resampler.h"

#include <numeric>

#include <Eigen/Dense>
#include <fmt/format.h>

#include "modsweep/error.h"
#include "modsweep/network_graph.h"
#include "modsweep/partition.h"

namespace modsweep {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Communities = std::vector<std::uint32_t>;

/// Modularity that a move has to win: less is rounding.
constexpr double least_gain = 1e-12;

constexpr int orders = 10;

/// One level: moves units, in this order, to the community that gains most modularity, until none gains any.
/// Returns whether a unit has moved.
bool move_units(const MatrixXd& edges, const std::vector<std::size_t>& order, Communities& of) {
  const Eigen::VectorXd degrees = edges.rowwise().sum();
  const double total = degrees.sum();
  Eigen::VectorXd volumes = Eigen::VectorXd::Zero(edges.rows());
  for (std::size_t u = 0; u < of.size(); ++u) volumes[of[u]] += degrees[static_cast<Index>(u)];
  bool moved = false;
  for (bool again = true; again;) {
    again = false;
    for (const std::size_t unit : order) {
      const auto u = static_cast<Index>(unit);
      Eigen::VectorXd links = Eigen::VectorXd::Zero(edges.rows());
      for (std::size_t other = 0; other < of.size(); ++other)
        if (other != unit) links[of[other]] += edges(u, static_cast<Index>(other));
      volumes[of[unit]] -= degrees[u];
      const Eigen::VectorXd gains = (links - volumes * (degrees[u] / total)) / total;
      Index best = 0;
      if (gains.maxCoeff(&best) > gains[of[unit]] + least_gain) {
        of[unit] = static_cast<std::uint32_t>(best);
        moved = again = true;
      }
      volumes[of[unit]] += degrees[u];
    }
  }
  return moved;
}

/// Numbers communities from 0 in the order of their first unit; returns how many there are.
std::uint32_t renumber(Communities& of) {
  Communities number(of.size(), ~std::uint32_t{0});
  std::uint32_t next = 0;
  for (std::uint32_t& community : of) {
    std::uint32_t& own = number[community];
    if (own == ~std::uint32_t{0}) own = next++;
    community = own;
  }
  return next;
}

/// Each community becomes one unit.
MatrixXd merged(const MatrixXd& edges, const Communities& of, std::uint32_t communities) {
  MatrixXd members = MatrixXd::Zero(edges.rows(), communities);
  for (std::size_t u = 0; u < of.size(); ++u) members(static_cast<Index>(u), of[u]) = 1.0;
  return members.transpose() * edges * members;
}

Communities levels(MatrixXd edges, Resampler& resampler, bool in_given_order) {
  Communities of(static_cast<std::size_t>(edges.rows()));
  std::iota(of.begin(), of.end(), 0U);
  while (true) {
    Communities level(static_cast<std::size_t>(edges.rows()));
    std::iota(level.begin(), level.end(), 0U);
    std::vector<std::size_t> order(level.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    if (!in_given_order)
      for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[resampler.index(i)]);
    if (!move_units(edges, order, level)) return of;
    const std::uint32_t communities = renumber(level);
    for (std::uint32_t& community : of) community = level[community];
    edges = merged(edges, level, communities);
  }
}

}  // namespace

std::vector<std::uint32_t> louvain(std::span<const double> edges, std::size_t count) {
  if (edges.size() != count * count)
    throw LogicError(fmt::format("louvain: {} edges of {} units", edges.size(), count));
  const auto units = static_cast<Index>(count);
  const MatrixXd matrix = Eigen::Map<const MatrixXd>(edges.data(), units, units);
  Resampler resampler(0);
  Communities best(count);
  std::iota(best.begin(), best.end(), 0U);
  if (count == 0 || matrix.sum() == 0.0) return best;
  double most = modularity(edges, best);
  for (int order = 0; order < orders; ++order) {
    Communities found = levels(matrix, resampler, order == 0);
    const double q = modularity(edges, found);
    if (q <= most) continue;
    most = q;
    best = std::move(found);
  }
  return best;
}

}  // namespace modsweep
