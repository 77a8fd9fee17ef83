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

/// The values of networks of different seeds at one point of an axis.
struct AxisPoint {
  double x = 0.0;         ///< positive
  std::vector<double> y;  ///< a value for each network, at least one
  /// The curve that each network belongs to: the networks of one seed, along the axis, form one curve. Empty:
  /// network i belongs to curve i.
  std::vector<std::size_t> curve = {};
};

/// Each curve's value of a number. The mean over many curves estimates the number, and their spread its
/// uncertainty.
struct CurveValues {
  std::vector<std::size_t> curves;  ///< ascending
  std::vector<double> values;       ///< one per curve
  double center = 0.0;              ///< of the interval
  double freedom = 0.0;             ///< degrees of freedom of Student's t, at least 1
};

/// y = low + (high - low) / (1 + exp(-steepness (log x - log middle))), natural logarithms: the curve of
/// figure 6.
struct Sigmoid {
  double low = 0.0;        ///< the plateau at small x
  double high = 0.0;       ///< the plateau at large x; may be the lower one
  double steepness = 0.0;  ///< positive
  double middle = 0.0;     ///< x*, halfway between the plateaus: the transition

  [[nodiscard]] double operator()(double x) const;
};

/// A transition, or why there is none.
struct TransitionFit {
  std::optional<Sigmoid> curve;  ///< none: `reason` says why
  std::string reason;
  double rms = 0.0;              ///< root mean square distance of the values from the curve
  std::optional<Interval> step;  ///< the neighbors on the axis between which y changes, where the change is
                                 ///< too sharp for the axis to resolve
  std::optional<Interval> middle_interval;
  std::string interval_reason;          ///< why there is a curve but no interval, where one was requested
  std::optional<CurveValues> by_curve;  ///< of log `middle`; standard intervals only
  std::vector<double>
      replicates;          ///< of `middle`, one per resample; NaN: it has no transition. Bootstrap only
  std::size_t failed = 0;  ///< of the replicates
};

/// Least squares through all values (each counts the same), by Levenberg-Marquardt from several starts. The
/// curve takes at least the smallest spacing of the axis to go from 10 to 90 %: steeper curves fit equally
/// well, and their middle could be anywhere in between. There is no transition where a constant fits as well
/// by AICc, where y comes back after it (a bump), or where the axis lacks one of the plateaus (less than a
/// quarter of the way remains on either side). Needs five different x and seven values. Throws LogicError for
/// points that do not ascend in x.
[[nodiscard]] TransitionFit fit_transition(std::span<const AxisPoint> points);

/// The same with an interval of the middle, which always contains the middle itself and the step, if there is
/// one.
///
/// Standard: Student's t over curves, in log x. If each curve has a transition of its own, a curve's value is
/// its middle. Otherwise (noise, or networks of a seed at some x only) it is the pseudo-value of the
/// jackknife: the fit is repeated without that curve (Tukey 1958; Efron & Tibshirani 1993, chapter 11); the
/// degrees of freedom then follow from the curves' unequal contributions to the middle (Satterthwaite 1946).
/// None with a single curve, or where a fit without one of the curves has no middle on the axis.
///
/// Bootstrap: percentiles of fits to networks that are resampled at each x. None where more than 5 % of the
/// resamples have no middle on the axis, or where the percentiles exclude the fitted middle.
///
/// Either method: none with only one network at each x.
[[nodiscard]] TransitionFit fit_transition(std::span<const AxisPoint> points,
                                           const IntervalSettings& settings);

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
  std::string interval_reason;  ///< why there are lines but no intervals
};

/// A transition at one n, and the inputs of its interval: see TransitionFit.
struct LawPoint {
  double n = 0.0;  ///< positive
  double middle = 0.0;
  std::vector<double> replicates = {};
  std::optional<CurveValues> by_curve = std::nullopt;
  std::optional<Interval> step = std::nullopt;
};
/// The transition `fit` at n; `fit.curve` must exist.
[[nodiscard]] LawPoint law_point(double n, const TransitionFit& fit);

/// Least squares through the logarithms of at least three transitions, with intervals.
///
/// Standard, where every point has values of the same curves: a line through the values of each curve, and
/// Student's t over the lines. The intervals are widened by as much as the steps could move the line.
/// Bootstrap, where every point has replicates: replicate i of the line goes through replicate i of every
/// point. None where more than 5 % of the lines lack a point.
[[nodiscard]] LawFit fit_law(std::span<const LawPoint> points, const IntervalSettings& settings);

/// Loss and gap of every network at one point of an axis.
struct TradeoffPoint {
  double x = 0.0;                       ///< positive
  std::vector<double> loss;             ///< positive
  std::vector<double> gap;              ///< of the same networks, in the same order
  std::vector<std::size_t> curve = {};  ///< as in AxisPoint
};

/// The balance of loss and gap, or why there is none.
struct BalanceFit {
  std::optional<double> x;  ///< none: `reason` says why
  std::string reason;
  double advantage = 0.0;  ///< gain of the gap minus gain of the loss at x, at most 1
  std::optional<Interval> interval;
  std::string interval_reason;  ///< why there is a balance but no interval
};

/// Where the gap has gained most over the loss (figure 2). The medians of log loss and of the gap are each
/// scaled to [0, 1] over the axis; the balance is where scaled gap minus scaled log loss is largest, the top
/// of the parabola through the largest point and its neighbors in log x. None where it is largest at an end
/// of the axis, with fewer than three points, or where loss or gap are constant.
///
/// The standard interval is Student's t over the logarithms of the curves' own balances, widened to contain
/// the balance of the medians; none where a curve has no balance. The bootstrap resamples the networks at
/// each x; a resample whose largest value is at an end of the axis counts as that end; none where the
/// percentiles exclude the balance of the medians. Throws LogicError for points that do not ascend in x or x
/// and losses that are not positive.
[[nodiscard]] BalanceFit fit_balance(std::span<const TradeoffPoint> points, const IntervalSettings& settings);

}  // namespace modsweep
