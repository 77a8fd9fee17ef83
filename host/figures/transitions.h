// Fitted transitions over the lines of a figure (science.md section 7, figure 6).
#pragma once

#include "figures/figure.h"
#include "figures/grouping.h"
#include "figures/request.h"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "modsweep/fit.h"

namespace modsweep::figures {

/// The values of a column along x as `fit` takes them: networks without a value, and an x without a
/// logarithm, are left out; `place` is without its x.
[[nodiscard]] std::vector<AxisPoint> axis_points(const Plotted& plotted, Place place, std::size_t column);

/// "no transition: too few data": some reasons begin so themselves.
[[nodiscard]] std::string reason_text(std::string_view what, const std::string& reason);

/// A transition of a line: `frame` and `hue` are its indices.
struct DrawnTransition {
  std::size_t frame = 0;
  std::size_t hue = 0;
  TransitionFit fit;
};

/// Draws the curve of each line that has a transition, and marks its middle with its interval; the same fits
/// as `modsweep fit transition` makes. Notes say why others have none.
std::vector<DrawnTransition> add_transitions(Figure& figure, const Plotted& plotted, const Request& request);

}  // namespace modsweep::figures
