// A transition that was fitted once, for those who fit it again to parts and resamples.
#pragma once

#include "analysis/sigmoid_fit.h"

#include <cstddef>
#include <span>

#include "modsweep/fit.h"

namespace modsweep {

constexpr std::size_t fewest_transition_points = 5;  // a sigmoid has four parameters

struct FittedTransition {
  TransitionFit fit;
  UnitCurve curve;  ///< where fits to parts and resamples start
};

/// Without an interval.
[[nodiscard]] FittedTransition fit_once(std::span<const AxisPoint> points);

}  // namespace modsweep
