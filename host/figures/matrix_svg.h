// Matrices in SVG.
#pragma once

#include "figures/figure.h"

#include <string>
#include <string_view>

namespace modsweep::figures {

/// The part of a compact SVG (svg.h) that draws a frame with a matrix, with one path for all cells of a
/// color, which tells the range of their values, instead of a rectangle for each; cells of the color `ground`
/// are left out. A part that does not hold the matrix's rectangles, as where it is an image, stays as it is.
[[nodiscard]] std::string with_joined_cells(const std::string& part, const Matrix& matrix,
                                            std::string_view ground);

}  // namespace modsweep::figures
