// Looks of figures: colors, sizes of letters and lines.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace modsweep::figures {

/// Colors are "#rrggbb".
struct Theme {
  std::string_view name;
  std::string_view doc;
  std::string_view background;
  std::string_view text;
  std::string_view axis;
  std::string_view grid;
  std::string_view missing;  ///< of map cells without a value
  std::string_view muted;    ///< of single networks and helping lines
  std::array<std::string_view, 7> colors;
  std::array<std::string_view, 5> map;     ///< from the lowest value to the highest
  std::array<std::string_view, 4> matrix;  ///< from 0 to the highest value
  double font_points = 0.0;
  double line_points = 0.0;     ///< width of a series' line
  double frame_width_cm = 0.0;  ///< of a figure of one frame
  double frame_height_cm = 0.0;
};

/// The longest list of lines with colors of their own.
inline constexpr std::size_t most_lines = 7;

/// All themes; the first is the default.
[[nodiscard]] std::span<const Theme> themes();

/// Throws InputError for a name that no theme has.
[[nodiscard]] const Theme& find_theme(std::string_view name);

/// Colors of |W|, from nothing, which is the background, to the highest value, each of an equal part of them.
[[nodiscard]] std::vector<std::string> matrix_grades(const Theme& theme);

/// The color of a series with this index (figure.h).
[[nodiscard]] std::string_view color_of(const Theme& theme, std::size_t index);

}  // namespace modsweep::figures
