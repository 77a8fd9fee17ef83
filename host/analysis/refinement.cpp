#include "modsweep/refinement.h"

#include "analysis/sigmoid_fit.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <utility>

#include <Eigen/Dense>
#include <fmt/format.h>

#include "modsweep/error.h"

namespace modsweep {
namespace {

using Eigen::Matrix4d;
using Eigen::Vector4d;

constexpr double finest_fraction = 0.125;  // of the distance from 10 to 90 %, between two x

/// Derivatives of the sigmoid with respect to (low, high, log steepness, log middle), for a change of height
/// 1.
Vector4d derivatives(const Sigmoid& curve, double x) {
  const double z = curve.steepness * (std::log(x) - std::log(curve.middle));
  const double s = 1.0 / (1.0 + std::exp(-z));
  const double slope = s * (1.0 - s);
  return {1.0 - s, s, slope * z, -slope * curve.steepness};
}

/// The information of the present networks about the four parameters.
class Information {
 public:
  explicit Information(const Sigmoid& curve) : curve_(curve) {}

  /// `spread`: the variance of the networks' values at x.
  void add(double x, double networks, double spread) {
    const Vector4d j = derivatives(curve_, x);
    weights_ += networks * j * j.transpose();
    spreads_ += networks * spread * j * j.transpose();
  }

  /// The variance of log middle from unweighted least squares with these further networks.
  [[nodiscard]] double variance_with(double x, double networks, double spread) const {
    Information more = *this;
    more.add(x, networks, spread);
    // A sharp step hardly determines its steepness: a small multiple of the identity keeps the matrix
    // invertible.
    more.weights_ += 1e-9 * more.weights_.trace() * Matrix4d::Identity();
    const Vector4d row = more.weights_.ldlt().solve(Vector4d::Unit(3));
    return row.dot(more.spreads_ * row);
  }

 private:
  const Sigmoid& curve_;
  Matrix4d weights_ = Matrix4d::Zero();
  Matrix4d spreads_ = Matrix4d::Zero();
};

/// Sum of squared deviations from the mean.
double squares(const std::vector<std::pair<double, std::size_t>>& networks) {
  double center = 0.0;
  for (const auto& [value, curve] : networks) center += value;
  center /= std::max(1.0, static_cast<double>(networks.size()));
  double sum = 0.0;
  for (const auto& [value, curve] : networks) sum += (value - center) * (value - center);
  return sum;
}

}  // namespace

Refinement::Refinement(const std::vector<double>& x, const RefinementSettings& settings)
    : settings_(settings) {
  double before = 0.0;
  for (const double value : x) {
    if (!(value > before) || !std::isfinite(value))
      throw LogicError(fmt::format("Refinement: x {} after {}", value, before));
    before = value;
    next_.push_back({value, 0});
  }
}

void Refinement::take(std::span<const std::vector<double>> values) {
  if (values.size() > next_.size())
    throw LogicError(fmt::format("Refinement: values of {} rows, asked for {}", values.size(), next_.size()));
  for (std::size_t i = 0; i < values.size(); ++i) {
    Point& point = points_[next_[i].x];
    ++point.blocks;
    for (std::size_t seed = 0; seed < values[i].size(); ++seed)
      if (!std::isnan(values[i][seed]))
        point.networks.emplace_back(values[i][seed], (std::size_t{next_[i].block} << 32U) + seed);
    std::sort(point.networks.begin(), point.networks.end());  // the order that `modsweep fit` uses
  }
  rows_ += values.size();
  next_.clear();
  fit_ = fit_transition(axis_points(), settings_.interval);
  judge();
  if (state_ == RefinementState::open) plan();
}

std::optional<double> Refinement::width() const {
  if (!fit_.middle_interval) return std::nullopt;
  return std::log(fit_.middle_interval->high / fit_.middle_interval->low);
}

std::size_t Refinement::grid_points() const {
  if (points_.size() < 2) return points_.size();
  double finest = std::log(points_.rbegin()->first / points_.begin()->first);
  const double range = finest;
  for (auto next = std::next(points_.begin()); next != points_.end(); ++next)
    finest = std::min(finest, std::log(next->first / std::prev(next)->first));
  return static_cast<std::size_t>(std::lround(range / finest)) + 1;
}

std::size_t Refinement::grid_rows() const {
  std::uint32_t most = 0;
  for (const auto& [x, point] : points_) most = std::max(most, point.blocks);
  return grid_points() * most;
}

void Refinement::judge() {
  if (!fit_.curve) {
    state_ = RefinementState::failed;
    reason_ = fit_.reason;
  } else if (const auto reached = width(); reached && *reached <= settings_.width) {
    state_ = RefinementState::converged;
  }
}

/// Chooses the next round.
void Refinement::plan() {
  if (fit_.step) {
    if (const auto x = halfway(fit_.step->low, fit_.step->high)) {
      next_.push_back({*x, 0});
    } else {
      state_ = RefinementState::failed;
      reason_ = fmt::format("the change is between {:g} and {:g}, and there is no number in between",
                            fit_.step->low, fit_.step->high);
    }
    return;
  }
  struct Candidate {
    std::uint32_t blocks = 0;
    double spread = 0.0;
  };
  std::map<double, Candidate> candidates;
  const double of_a_row = networks_of_a_row();
  const auto spreads = spreads_of_points();
  const double finest = finest_fraction * way_10_90 / fit_.curve->steepness;
  Information information(*fit_.curve);
  for (auto point = points_.begin(); point != points_.end(); ++point) {
    const auto& [x, here] = *point;
    candidates[x] = {here.blocks, spreads.at(x)};
    information.add(x, static_cast<double>(here.networks.size()), spreads.at(x));
    const auto above = std::next(point);
    if (above == points_.end()) break;
    const auto between = halfway(x, above->first);
    if (between && std::min(std::log(*between / x), std::log(above->first / *between)) >= finest)
      candidates[*between] = {0, 0.5 * (spreads.at(x) + spreads.at(above->first))};
  }
  for (std::size_t row = 0; row < std::max<std::size_t>(rows_ / 4, 1); ++row) {
    const auto best = std::ranges::min_element(candidates, {}, [&](const auto& candidate) {
      return information.variance_with(candidate.first, of_a_row, candidate.second.spread);
    });
    next_.push_back({best->first, best->second.blocks++});
    information.add(best->first, of_a_row, best->second.spread);
  }
}

double Refinement::networks_of_a_row() const {
  std::size_t networks = 0;
  for (const auto& [x, point] : points_) networks += point.networks.size();
  return static_cast<double>(networks) / static_cast<double>(rows_);
}

/// The variance of networks at each x. A few networks determine it badly: the common variance of all x is
/// given the weight of one row.
std::map<double, double> Refinement::spreads_of_points() const {
  double sum = 0.0;
  double freedom = 0.0;
  for (const auto& [x, point] : points_) {
    sum += squares(point.networks);
    freedom += std::max(0.0, static_cast<double>(point.networks.size()) - 1.0);
  }
  const double common = sum > 0.0 ? sum / freedom : 1.0;
  std::map<double, double> spreads;
  for (const auto& [x, point] : points_) {
    const double own = std::max(0.0, static_cast<double>(point.networks.size()) - 1.0);
    spreads[x] = (squares(point.networks) + networks_of_a_row() * common) / (own + networks_of_a_row());
  }
  return spreads;
}

std::vector<AxisPoint> Refinement::axis_points() const {
  std::vector<AxisPoint> points;
  for (const auto& [x, point] : points_) {
    if (point.networks.empty()) continue;
    AxisPoint& axis_point = points.emplace_back(AxisPoint{x, {}});
    for (const auto& [value, curve] : point.networks) {
      axis_point.y.push_back(value);
      axis_point.curve.push_back(curve);
    }
  }
  return points;
}

/// None if there is no x in between.
std::optional<double> Refinement::halfway(double low, double high) const {
  double x = std::sqrt(low) * std::sqrt(high);
  if (settings_.whole_numbers) x = std::round(x);
  if (!(x > low && x < high)) return std::nullopt;
  return x;
}

}  // namespace modsweep
