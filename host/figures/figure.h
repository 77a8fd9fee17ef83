// A figure as plain values: what is drawn, without how. gnuplot_text.h makes gnuplot's text of it, draw.h a
// picture.
//
// Texts may hold anything; they are shown on one line, as they are, and never carried out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

namespace modsweep::figures {

inline constexpr double none = std::numeric_limits<double>::quiet_NaN();  ///< a number that there is not

/// A point of a series. Points without x or y end a line; the next one begins a new one.
struct Point {
  double x = none;
  double y = none;
  double low = none;   ///< of the interval of y; none: it has none
  double high = none;  ///< of the interval of y
};

enum class Mark : std::uint8_t {
  line,         ///< joined, with a dot at each point and a band between the intervals' ends
  smooth_line,  ///< joined, without dots: a curve
  bars,         ///< dots with bars between the intervals' ends, not joined
  dots,         ///< not joined, without intervals: single networks
  stems         ///< each on a line from y = 0: eigenvalues
};

/// Color of a series: an index into the theme's colors, from 0, taken modulo their number; `muted` is a gray.
inline constexpr std::size_t muted = std::numeric_limits<std::size_t>::max();

struct Series {
  std::string label = {};  ///< empty: not in the legend
  std::vector<Point> points = {};
  Mark mark = Mark::line;
  std::size_t color = 0;
  bool dashed = false;
};

struct Tick {
  double at = 0.0;
  std::string label = {};
};

struct Axis {
  std::string label = {};
  bool logarithmic = false;                   ///< points at or below 0 are then left out
  std::optional<double> low = std::nullopt;   ///< none: as far as the data go
  std::optional<double> high = std::nullopt;  ///< none: as far as the data go
  std::vector<Tick> ticks = {};  ///< empty: chosen; for categories, sizes and the like: these and no others
  bool hidden = false;           ///< no ticks
  bool tight = false;            ///< ends at the data, not at a tick or a margin beyond them
};

/// A rectangle of a map.
struct MapCell {
  double x_low = 0.0;
  double x_high = 0.0;
  double y_low = 0.0;
  double y_high = 0.0;
  double value = none;  ///< none: drawn in gray
};

/// Values of a matrix [rows][columns], row-major; row 0 is at the top. They are drawn at x = column, y = row.
struct Matrix {
  std::size_t rows = 0;
  std::size_t columns = 0;
  std::vector<double> values = {};
  std::vector<std::size_t> row_lines = {};     ///< lines are drawn above these rows: between modules
  std::vector<std::size_t> column_lines = {};  ///< and left of these columns
};

/// A place on the x axis: a line over the whole height, and its interval, shaded.
struct VerticalMark {
  double x = 0.0;
  double low = none;
  double high = none;
  std::size_t color = 0;
};

/// The meaning of the colors of a map or a matrix.
struct ColorScale {
  std::string label = {};           ///< empty: no scale is drawn beside the frame
  std::optional<double> low = {};   ///< none: the smallest value
  std::optional<double> high = {};  ///< none: the largest value
  bool logarithmic = false;
  bool from_white = false;  ///< from the background to one color: for |W|, where 0 is nothing
};

/// A pair of axes and what is in it. A frame without anything to draw says "no values".
struct Frame {
  std::string title = {};
  Axis x = {};
  Axis y = {};
  ColorScale color = {};
  std::vector<MapCell> cells = {};
  std::optional<Matrix> matrix = {};
  std::vector<VerticalMark> marks = {};
  std::vector<Series> series = {};
  /// Stands in a corner of the frame before it where nothing is drawn; beside it where no corner is free.
  bool inset = false;
};

/// Frames in a grid, row by row, with one legend above them and notes below.
struct Figure {
  std::string name = {};  ///< of the kind and the store: the picture's title for programs that show one
  std::string legend_title = {};  ///< of the labels of all series: the setting that they are values of
  std::size_t columns = 1;        ///< of the grid; at least 1
  std::vector<Frame> frames = {};
  std::vector<std::string> notes = {};  ///< what a reader must know: "7 of 12 lines", how intervals were made
  double width_cm = 0.0;                ///< 0: the theme's, by the number of frames
  double height_cm = 0.0;
};

}  // namespace modsweep::figures
