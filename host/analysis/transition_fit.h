// A first fit of a transition to all points. Fits to subsets and resamples of the points start from its
// curve.
#pragma once

#include "analysis/sigmoid_fit.h"

#include <cstddef>
#include <span>

#include "modsweep/fit.h"

namespace modsweep {

constexpr std::size_t fewest_transition_points = 5;  // one more than the four parameters of a sigmoid

struct FittedTransition {
  TransitionFit fit;
  UnitCurve curve;  ///< initial values for fits to subsets and resamples of the points
};

/// Fits a transition to `points`, without an interval of its middle.
[[nodiscard]] FittedTransition fit_once(std::span<const AxisPoint> points);

}  // namespace modsweep
