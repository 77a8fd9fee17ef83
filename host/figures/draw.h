// From a figure to a picture.
#pragma once

#include "figures/figure.h"
#include "figures/gnuplot_text.h"
#include "figures/theme.h"

#include <string>
#include <string_view>

namespace modsweep::figures {

/// The format that a file's name ends with: .svg, .png, .pdf or .txt. Throws InputError for another ending.
[[nodiscard]] Format format_of(std::string_view path);

/// The bytes of a picture, whole; an SVG is compact, and its marks tell their values (hovers.h). Throws
/// IoError where gnuplot is not installed, fails, takes more than a minute, or leaves a picture that ends
/// early.
[[nodiscard]] std::string draw(const Figure& figure, Format format, const Theme& theme = themes().front(),
                               const TextSize& text_size = {});

}  // namespace modsweep::figures
