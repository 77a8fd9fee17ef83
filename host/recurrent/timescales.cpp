#include "recurrent/timescales.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "modsweep/error.h"

namespace modsweep::recurrent {

namespace {

constexpr double longest_timescale = 100.0;
/// As good as 0: exp(-1 / tau) underflows.
constexpr double shortest_timescale = 1e-6;

/// Sums of products of the points with two decays and of these with each other: all that the best amplitudes
/// need.
class DecayPair {
 public:
  DecayPair(std::span<const double> points, double first, double second) : points_(points) {
    for (std::size_t k = 0; k < points.size(); ++k) {
      const double e = std::exp(-static_cast<double>(k) / first);
      const double f = std::exp(-static_cast<double>(k) / second);
      ee_ += e * e;
      ef_ += e * f;
      ff_ += f * f;
      ae_ += points[k] * e;
      af_ += points[k] * f;
      aa_ += points[k] * points[k];
    }
  }

  /// Residual with amplitudes u and w.
  [[nodiscard]] double residual(double u, double w) const {
    return aa_ - 2.0 * (u * ae_ + w * af_) + u * u * ee_ + 2.0 * u * w * ef_ + w * w * ff_;
  }

  /// The amplitudes of the least residual with u, w >= 0 and u + w <= 1: inside, or on one of the three
  /// edges.
  [[nodiscard]] std::array<double, 2> amplitudes() const {
    std::array<double, 2> best{};
    double least = residual(0.0, 0.0);
    const auto consider = [&](double u, double w) {
      if (u < 0.0 || w < 0.0 || u + w > 1.0 + 1e-15) return;
      if (const double r = residual(u, w); r < least) {
        least = r;
        best = {u, w};
      }
    };
    const double determinant = ee_ * ff_ - ef_ * ef_;
    if (determinant > 1e-14 * ee_ * ff_)
      consider((ae_ * ff_ - af_ * ef_) / determinant, (af_ * ee_ - ae_ * ef_) / determinant);
    consider(std::clamp(ae_ / ee_, 0.0, 1.0), 0.0);
    consider(0.0, std::clamp(af_ / ff_, 0.0, 1.0));
    const double curvature = ee_ - 2.0 * ef_ + ff_;  // along u + w = 1
    if (curvature > 0.0) {
      const double u = std::clamp((ae_ - af_ - ef_ + ff_) / curvature, 0.0, 1.0);
      consider(u, 1.0 - u);
    }
    return best;
  }

  /// The residual again, from the points themselves: the sums cancel where it is small.
  [[nodiscard]] static double exact_residual(std::span<const double> points, const Decay& decay) {
    double sum = 0.0;
    for (std::size_t k = 0; k < points.size(); ++k) {
      const auto t = static_cast<double>(k);
      double value = decay.amplitude * decay.fast_share * std::exp(-t / decay.timescale);
      if (decay.slow_timescale > 0.0)
        value += decay.amplitude * (1.0 - decay.fast_share) * std::exp(-t / decay.slow_timescale);
      sum += (points[k] - value) * (points[k] - value);
    }
    return sum;
  }

 private:
  std::span<const double> points_;
  double ee_ = 0.0, ef_ = 0.0, ff_ = 0.0, ae_ = 0.0, af_ = 0.0, aa_ = 0.0;
};

double timescale_of(double logarithm) {
  return std::clamp(std::exp(logarithm), shortest_timescale, longest_timescale);
}

/// Least residual of one decay whose timescale has this logarithm.
double residual_of_one(std::span<const double> points, double logarithm) {
  const DecayPair pair(points, timescale_of(logarithm), timescale_of(logarithm));
  const auto [u, w] = pair.amplitudes();
  return pair.residual(u, w);
}

double residual_of_two(std::span<const double> points, const std::array<double, 2>& logarithms) {
  const DecayPair pair(points, timescale_of(logarithms[0]), timescale_of(logarithms[1]));
  const auto [u, w] = pair.amplitudes();
  return pair.residual(u, w);
}

/// Logarithms of timescales that a search begins with, ascending.
std::vector<double> starting_points(std::size_t count, double shortest) {
  std::vector<double> out(count);
  const double low = std::log(shortest);
  const double high = std::log(longest_timescale);
  for (std::size_t i = 0; i < count; ++i)
    out[i] = low + (high - low) * static_cast<double>(i) / static_cast<double>(count - 1);
  return out;
}

/// Walks to the best neighbor on a square grid, and halves the grid where no neighbor is better.
std::array<double, 2> descend(std::span<const double> points, std::array<double, 2> at, double spacing) {
  double least = residual_of_two(points, at);
  while (spacing > 1e-8) {
    std::array<double, 2> next = at;
    for (const double x : {-spacing, 0.0, spacing})
      for (const double y : {-spacing, 0.0, spacing}) {
        const std::array<double, 2> neighbor = {std::min(at[0] + x, std::log(longest_timescale)),
                                                std::min(at[1] + y, std::log(longest_timescale))};
        if (const double r = residual_of_two(points, neighbor); r < least) {
          least = r;
          next = neighbor;
        }
      }
    if (next == at) spacing /= 2.0;
    at = next;
  }
  return at;
}

void judge(std::span<const double> points, Decay& decay, double parameters) {
  decay.residual = DecayPair::exact_residual(points, decay);
  const auto n = static_cast<double>(points.size());
  decay.information = 2.0 * parameters + n * std::log(decay.residual / n);
}

Decay fit_one(std::span<const double> points) {
  const auto starts = starting_points(400, shortest_timescale);
  double best = starts[0];
  double least = std::numeric_limits<double>::infinity();
  for (const double start : starts)
    if (const double r = residual_of_one(points, start); r < least) {
      least = r;
      best = start;
    }
  for (double spacing = starts[1] - starts[0]; spacing > 1e-10;) {
    const double below = residual_of_one(points, best - spacing);
    const double above = residual_of_one(points, std::min(best + spacing, std::log(longest_timescale)));
    if (below < least && below <= above)
      best -= spacing, least = below;
    else if (above < least)
      best = std::min(best + spacing, std::log(longest_timescale)), least = above;
    else
      spacing /= 2.0;
  }
  const double timescale = timescale_of(best);
  const auto [u, w] = DecayPair(points, timescale, timescale).amplitudes();
  Decay out{.amplitude = u + w, .timescale = timescale};
  judge(points, out, 2.0);
  return out;
}

Decay fit_two(std::span<const double> points) {
  // The best pair of each band of slow timescales: where the slow amplitude is 0, nothing depends on its
  // timescale, so that a walk from a wrong band would not find the right one.
  constexpr std::size_t bands = 10;
  constexpr std::size_t band = 4;
  const auto starts = starting_points(bands * band, 0.02);
  Decay best;
  best.residual = std::numeric_limits<double>::infinity();
  for (std::size_t b = 0; b < bands; ++b) {
    std::array<double, 2> start{};
    double least = std::numeric_limits<double>::infinity();
    for (std::size_t j = std::max<std::size_t>(1, b * band); j < (b + 1) * band; ++j)
      for (std::size_t i = 0; i < j; ++i)
        if (const double r = residual_of_two(points, {starts[i], starts[j]}); r < least) {
          least = r;
          start = {starts[i], starts[j]};
        }
    const auto at = descend(points, start, starts[1] - starts[0]);
    const double first = timescale_of(std::min(at[0], at[1]));
    const double second = timescale_of(std::max(at[0], at[1]));
    const auto [u, w] = DecayPair(points, first, second).amplitudes();
    Decay one{.amplitude = u + w, .timescale = first, .slow_timescale = second};
    one.fast_share = u + w > 0.0 ? u / (u + w) : 1.0;
    judge(points, one, 4.0);
    if (one.residual < best.residual) best = one;
  }
  return best;
}

}  // namespace

Autocovariances::Autocovariances(std::size_t series, std::size_t lags)
    : series_(series),
      lags_(lags),
      origin_(series),
      recent_((lags + 1) * series),
      first_(lags * series),
      sums_(series),
      products_((lags + 1) * series) {}

void Autocovariances::add(std::span<const double> values) {
  if (values.size() != series_)
    throw LogicError(fmt::format("{} values for {} series", values.size(), series_));
  if (count_ == 0) std::ranges::copy(values, origin_.begin());
  double* now = recent_.data() + count_ % (lags_ + 1) * series_;
  for (std::size_t s = 0; s < series_; ++s) {
    now[s] = values[s] - origin_[s];
    sums_[s] += now[s];
  }
  if (count_ < lags_) std::copy_n(now, series_, first_.data() + count_ * series_);
  for (std::size_t k = 0; k <= std::min(lags_, count_); ++k) {
    const double* before = recent_.data() + (count_ - k) % (lags_ + 1) * series_;
    double* products = products_.data() + k * series_;
    for (std::size_t s = 0; s < series_; ++s) products[s] += now[s] * before[s];
  }
  ++count_;
}

std::vector<double> Autocovariances::of(std::size_t series) const {
  if (count_ <= lags_)
    throw LogicError(fmt::format("{} values have no autocovariance at lag {}", count_, lags_));
  const double mean = sums_[series] / static_cast<double>(count_);
  std::vector<double> out(lags_ + 1);
  double without_last = sums_[series];   // the sum of all values but the last k
  double without_first = sums_[series];  // and of all but the first k
  for (std::size_t k = 0; k <= lags_; ++k) {
    if (k > 0) {
      without_last -= recent_[(count_ - k) % (lags_ + 1) * series_ + series];
      without_first -= first_[(k - 1) * series_ + series];
    }
    const auto n = static_cast<double>(count_ - k);
    out[k] = products_[k * series_ + series] / n - mean * (without_last + without_first) / n + mean * mean;
  }
  return out;
}

std::vector<double> autocorrelation(const std::vector<std::vector<double>>& covariances) {
  if (covariances.empty()) throw LogicError("no series has no autocorrelation");
  std::vector<double> out(covariances.front().size(), 0.0);
  for (const auto& one : covariances)
    for (std::size_t k = 0; k < out.size(); ++k) out[k] += one[k];
  if (!(out[0] > 0.0)) return {};
  const double variance = out[0];
  for (double& value : out) value /= variance;
  return out;
}

DecayFits fit_decay(std::span<const double> autocorrelation) {
  DecayFits out{.one = fit_one(autocorrelation), .two = fit_two(autocorrelation)};
  out.two_are_better = out.two.information <= out.one.information;
  return out;
}

}  // namespace modsweep::recurrent
