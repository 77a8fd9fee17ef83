// Curves through the points of a sweep: where modularity sets in, how that grows with the task, and where
// accuracy and modularity balance (science.md section 7, figures 2 and 6).
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "modsweep/statistics.h"

namespace modsweep {

/// What networks of different seeds have at one point of an axis.
struct AxisPoint {
  double x = 0.0;         ///< positive
  std::vector<double> y;  ///< a value for each network, at least one
};

/// y = low + (high - low) / (1 + exp(-steepness (log x - log middle))), natural logarithms: the curve of
/// figure 6.
struct Sigmoid {
  double low = 0.0;        ///< the plateau at small x
  double high = 0.0;       ///< the plateau at large x; may be the lower one
  double steepness = 0.0;  ///< positive
  double middle = 0.0;     ///< x*, where half of the way is done: the transition

  [[nodiscard]] double operator()(double x) const;
};

/// A transition, or why there is none.
struct TransitionFit {
  std::optional<Sigmoid> curve;  ///< none: `reason` says why
  std::string reason;
  double rms = 0.0;              ///< root mean square distance of the values from the curve
  std::optional<Interval> step;  ///< the neighbors on the axis between which y changes, where the change is
                                 ///< too sharp for them to tell more
  std::optional<Interval> middle_interval;
  std::vector<double> replicates;  ///< of `middle`, one a resample; NaN: no transition in that one
  std::size_t failed = 0;          ///< of the replicates
};

/// Least squares through all values (each counts the same), by Levenberg-Marquardt from several starts. The
/// curve is no steeper than 10 to 90 % within the smallest spacing of the axis: steeper ones fit as well, and
/// their middle would be anywhere in between. There is no transition where a constant does as well by AICc,
/// or where the axis lacks one of the plateaus (less than a quarter of the way is left on either side).
/// Needs five different x and seven values; the points ascend in x. Throws LogicError for x that are not.
[[nodiscard]] TransitionFit fit_transition(std::span<const AxisPoint> points);

/// The same with a percentile interval of the middle: networks are drawn anew at each x, and the curve fitted
/// again. It also spans the step, where there is one. None with one network at each x, or where more than 5 %
/// of the resamples have no middle on the axis.
[[nodiscard]] TransitionFit fit_transition(std::span<const AxisPoint> points,
                                           const BootstrapSettings& bootstrap);

/// A straight line through the logarithms of transitions.
struct LineFit {
  double a = 0.0;             ///< at 0
  double b = 0.0;             ///< per unit
  double residual_sum = 0.0;  ///< of squares, of log x*
  double aic = 0.0;           ///< m log(residual_sum / m) + 2 * 3 for m transitions; smaller is better
  std::optional<Interval> a_interval = std::nullopt;
  std::optional<Interval> b_interval = std::nullopt;
};

/// How a transition depends on n: both laws, or why there is none.
struct LawFit {
  std::optional<LineFit> exponential;  ///< log x* = a + b n
  std::optional<LineFit> power;        ///< log x* = a + b log n
  std::string reason;
};

/// A transition at one n, with its replicates: TransitionFit::middle and ::replicates.
struct LawPoint {
  double n = 0.0;  ///< positive
  double middle = 0.0;
  std::vector<double> replicates;
};

/// Least squares through the logarithms of at least three transitions, and percentile intervals from their
/// replicates: replicate i of the line goes through replicate i of every point. No intervals where a point
/// has no replicates or more than 5 % of the lines lack a point.
[[nodiscard]] LawFit fit_law(std::span<const LawPoint> points, double confidence);

/// Loss and gap of every network at one point of an axis.
struct TradeoffPoint {
  double x = 0.0;            ///< positive
  std::vector<double> loss;  ///< positive
  std::vector<double> gap;   ///< of the same networks, in the same order
};

/// The balance of loss and gap, or why there is none.
struct BalanceFit {
  std::optional<double> x;  ///< none: `reason` says why
  std::string reason;
  double advantage = 0.0;  ///< gain of the gap minus gain of the loss there, at most 1
  std::optional<Interval> interval;
};

/// Where the gap has gained most over the loss (figure 2). The medians of log loss and of the gap are each
/// scaled to [0, 1] over the axis; the balance is where scaled gap minus scaled log loss is largest, the top
/// of the parabola through the largest point and its neighbors in log x. None where it is largest at an end
/// of the axis, with fewer than three points, or where loss or gap are constant. The interval draws networks
/// anew at each x; a resample that is largest at an end counts with that end. Throws LogicError for points
/// that do not ascend in x or x and losses that are not positive.
[[nodiscard]] BalanceFit fit_balance(std::span<const TradeoffPoint> points,
                                     const BootstrapSettings& bootstrap);

}  // namespace modsweep
