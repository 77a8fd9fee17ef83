// What a picture says when the pointer rests on a point.
#pragma once

#include "figures/figure.h"

#include <string>

namespace modsweep::page {

/// gnuplot's SVG of a figure with a <title> in each point of a series and each cell of a map: its values.
/// Kinds of marks that do not occur as often as the figure has points get none: better no value than a wrong
/// one.
[[nodiscard]] std::string with_hovers(const std::string& svg, const figures::Figure& figure);

}  // namespace modsweep::page
