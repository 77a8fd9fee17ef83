// Made-up seeds with a known truth, to count how often an interval contains it: in tests, and at length in
// bench/interval_coverage.cpp.
#pragma once

#include "analysis/normals.h"

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "modsweep/fit.h"

namespace modsweep {

/// The distribution of values over seeds.
enum class Spread : std::uint8_t { normal, skewed, two_peaks };

/// A value of mean 0 and standard deviation 1: normal; exponential; or one of two narrow peaks.
inline double draw(Resampler& bits, Spread spread) {
  switch (spread) {
    case Spread::normal:
      return normal(bits);
    case Spread::skewed:
      return -std::log(1.0 - bits.uniform()) - 1.0;
    case Spread::two_peaks:
      break;
  }
  constexpr double peak = 0.95;
  return (bits.uniform() < 0.5 ? -peak : peak) + std::sqrt(1.0 - peak * peak) * normal(bits);
}

/// The location of that distribution: its mean, its median, or the limit of trimmed means of many values.
inline double location(Spread spread, Statistic statistic) {
  if (spread != Spread::skewed || statistic == Statistic::mean) return 0.0;
  if (statistic == Statistic::median) return std::log(2.0) - 1.0;
  // The mean of -log(1 - u) - 1 over u from 1/4 to 3/4.
  const auto integral = [](double v) { return v * std::log(v) - v; };  // of log v
  return -2.0 * (integral(0.75) - integral(0.25)) - 1.0;
}

/// Seeds whose transitions differ.
struct MadeUpCurves {
  std::size_t seeds = 5;
  Spread spread = Spread::normal;
  double deviation = 0.3;   ///< of log x*, or of x* as a fraction of its mean
  bool logarithmic = true;  ///< log x* has that spread; false: x* itself
  double steepness = 3.0;
  double noise = 0.02;      ///< of each network, compared with a change of height 0.6
  std::size_t points = 15;  ///< on the axis, from 1 to 3,000
};

inline std::vector<double> made_up_axis(std::size_t points) {
  std::vector<double> axis;
  for (std::size_t i = 0; i < points; ++i)
    axis.push_back(std::pow(3000.0, static_cast<double>(i) / static_cast<double>(points - 1)));
  return axis;
}

/// x* of one seed around `truth`.
inline double made_up_middle(const MadeUpCurves& curves, double truth, Resampler& bits) {
  const double away = curves.deviation * draw(bits, curves.spread);
  return curves.logarithmic ? truth * std::exp(away) : truth * (1.0 + away);
}

inline double half_way(double z) {
  return 1.0 / (1.0 + std::exp(-z));
}

inline std::vector<AxisPoint> made_up_transition(const MadeUpCurves& curves, double truth, Resampler& bits) {
  std::vector<AxisPoint> points;
  for (const double x : made_up_axis(curves.points)) points.push_back({x, {}});
  for (std::size_t seed = 0; seed < curves.seeds; ++seed) {
    const double middle = made_up_middle(curves, truth, bits);
    for (AxisPoint& point : points)
      point.y.push_back(0.2 + 0.6 * half_way(curves.steepness * std::log(point.x / middle)) +
                        curves.noise * normal(bits));
  }
  return points;
}

/// The gap rises before the loss, both as sigmoids: the lead is largest half-way between, at x*.
inline std::vector<TradeoffPoint> made_up_tradeoff(const MadeUpCurves& curves, double truth,
                                                   Resampler& bits) {
  std::vector<TradeoffPoint> points;
  for (const double x : made_up_axis(curves.points)) points.push_back({x, {}, {}});
  for (std::size_t seed = 0; seed < curves.seeds; ++seed) {
    const double middle = made_up_middle(curves, truth, bits);
    for (TradeoffPoint& point : points) {
      const double u = std::log(point.x / middle);
      point.gap.push_back(0.2 + 0.6 * half_way(curves.steepness * (u + 0.7)) + curves.noise * normal(bits));
      point.loss.push_back(
          1e-4 * std::exp(5.0 * (half_way(curves.steepness * (u - 0.7)) + curves.noise * normal(bits))));
    }
  }
  return points;
}

inline bool holds(const Interval& interval, double truth) {
  return interval.low <= truth && truth <= interval.high;
}

/// How often an interval contains the truth, among the sets that have one.
struct Coverage {
  std::size_t sets = 0;
  std::size_t without = 0;  ///< sets without an interval
  std::size_t held = 0;

  void add(const std::optional<Interval>& interval, double truth) {
    ++sets;
    if (!interval)
      ++without;
    else if (holds(*interval, truth))
      ++held;
  }
  [[nodiscard]] double share() const {
    return static_cast<double>(held) / static_cast<double>(sets - without);
  }
};

inline Coverage coverage_of(Statistic statistic, Spread spread, std::size_t count, std::size_t sets,
                            const IntervalSettings& settings, std::uint64_t seed) {
  Resampler bits(seed);
  IntervalMaker maker(settings);
  Coverage coverage;
  for (std::size_t set = 0; set < sets; ++set) {
    std::vector<double> values(count);
    for (double& value : values) value = draw(bits, spread);
    coverage.add(maker.of(std::move(values), statistic).interval, location(spread, statistic));
  }
  return coverage;
}

/// A transition that may lie anywhere between two points of the axis.
inline double made_up_truth(Resampler& bits) {
  return 30.0 * std::exp(1.2 * bits.uniform());
}

inline Coverage coverage_of_transition(const MadeUpCurves& curves, std::size_t sets,
                                       const IntervalSettings& settings, std::uint64_t seed) {
  Resampler bits(seed);
  Coverage coverage;
  for (std::size_t set = 0; set < sets; ++set) {
    const double truth = made_up_truth(bits);
    coverage.add(fit_transition(made_up_transition(curves, truth, bits), settings).middle_interval, truth);
  }
  return coverage;
}

inline Coverage coverage_of_balance(const MadeUpCurves& curves, std::size_t sets,
                                    const IntervalSettings& settings, std::uint64_t seed) {
  Resampler bits(seed);
  Coverage coverage;
  for (std::size_t set = 0; set < sets; ++set) {
    const double truth = made_up_truth(bits);
    coverage.add(fit_balance(made_up_tradeoff(curves, truth, bits), settings).interval, truth);
  }
  return coverage;
}

/// Coverage of a and of b of log x* = a + b n, n = 2 to 6.
inline std::array<Coverage, 2> coverage_of_law(const MadeUpCurves& curves, std::size_t sets,
                                               const IntervalSettings& settings, std::uint64_t seed) {
  Resampler bits(seed);
  std::array<Coverage, 2> coverage;
  for (std::size_t set = 0; set < sets; ++set) {
    const double a = 0.5 + bits.uniform();
    const double b = 0.8;
    std::vector<LawPoint> points;
    for (const double n : {2.0, 3.0, 4.0, 5.0, 6.0}) {
      const TransitionFit fit =
          fit_transition(made_up_transition(curves, std::exp(a + b * n), bits), settings);
      if (fit.curve) points.push_back(law_point(n, fit));
    }
    const LawFit law = fit_law(points, settings);
    const LineFit line = law.exponential.value_or(LineFit{});
    coverage[0].add(line.a_interval, a);
    coverage[1].add(line.b_interval, b);
  }
  return coverage;
}

}  // namespace modsweep
