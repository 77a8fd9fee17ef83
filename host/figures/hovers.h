// What a picture says when the pointer rests on a mark.
#pragma once

#include "figures/figure.h"
#include "figures/theme.h"

#include <string>

namespace modsweep::figures {

/// gnuplot's compact SVG (svg.h) of a figure with a <title> in each mark that stands for a number: points of
/// series, cells of maps, and cells of a matrix, which are joined by their colors and told as a range. Kinds
/// of marks that do not occur as often as the figure has them get none: better no value than a wrong one.
[[nodiscard]] std::string with_hovers(const std::string& svg, const Figure& figure, const Theme& theme);

}  // namespace modsweep::figures
