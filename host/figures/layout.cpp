#include "figures/layout.h"

#include "core/text.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace modsweep::figures {
namespace {

constexpr double points_per_cm = 72.0 / 2.54;
constexpr double letter = 0.58;  // mean width of a letter, in sizes of the font
constexpr double line = 1.35;    // height of a line
constexpr double slope = 0.6;    // of slanted ticks: sine of their angle

struct Range {
  double low = none;
  double high = none;
  void add(double value, bool positive) {
    if (!std::isfinite(value) || (positive && value <= 0.0)) return;
    low = std::isnan(low) ? value : std::min(low, value);
    high = std::isnan(high) ? value : std::max(high, value);
  }
};

struct Ranges {
  Range x;
  Range y;
  Range color;
};

void add_series(Ranges& ranges, const Frame& frame) {
  for (const Series& series : frame.series) {
    for (const Point& point : series.points) {
      if (std::isnan(point.x) || std::isnan(point.y)) continue;
      if ((frame.x.logarithmic && point.x <= 0.0) || (frame.y.logarithmic && point.y <= 0.0)) continue;
      ranges.x.add(point.x, frame.x.logarithmic);
      for (const double y : {point.y, point.low, point.high}) ranges.y.add(y, frame.y.logarithmic);
      if (series.mark == Mark::stems) ranges.y.add(0.0, frame.y.logarithmic);
    }
  }
}

Ranges ranges_of(const Frame& frame) {
  Ranges ranges;
  add_series(ranges, frame);
  for (const MapCell& cell : frame.cells) {
    for (const double x : {cell.x_low, cell.x_high}) ranges.x.add(x, frame.x.logarithmic);
    for (const double y : {cell.y_low, cell.y_high}) ranges.y.add(y, frame.y.logarithmic);
    ranges.color.add(cell.value, frame.color.logarithmic);
  }
  if (frame.matrix) {
    for (const double x : {-0.5, static_cast<double>(frame.matrix->columns) - 0.5}) ranges.x.add(x, false);
    for (const double y : {-0.5, static_cast<double>(frame.matrix->rows) - 0.5}) ranges.y.add(y, false);
    for (const double value : frame.matrix->values) ranges.color.add(value, frame.color.logarithmic);
  }
  return ranges;
}

/// Letters of the longest tick; those of powers are smaller.
double longest_tick(const DrawnAxis& axis) {
  constexpr double small = 0.75;
  double most = 1.0;
  for (const Tick& tick : axis.ticks) {
    const auto power = static_cast<int>(std::lround(std::log10(std::fabs(tick.at))));
    most = std::max(most, axis.decades
                              ? 2.0 + small * static_cast<double>(std::to_string(power).size())
                              : static_cast<double>(shown_length(one_line(tick.label, most_tick_letters))));
  }
  return most;
}

/// Heights and widths beside a frame, in sizes of the font.
struct Margins {
  double left = 0.0;
  double right = 0.0;
  double bottom = 0.0;
  double top = 0.0;
  void include(const Margins& other) {
    left = std::max(left, other.left);
    right = std::max(right, other.right);
    bottom = std::max(bottom, other.bottom);
    top = std::max(top, other.top);
  }
};

/// Height of the ticks of x.
double tick_height(const Frame& frame, const DrawnFrame& drawn) {
  if (frame.x.hidden) return 0.5;
  return drawn.slanted ? slope * letter * longest_tick(drawn.x) + 1.4 : 2.35;
}

Margins margins_of(const Frame& frame, const DrawnFrame& drawn) {
  Margins margins;
  margins.left =
      (frame.y.hidden ? 0.6 : 1.1 + letter * longest_tick(drawn.y)) + (frame.y.label.empty() ? 0.2 : 1.7);
  margins.right = 1.6;
  if (drawn.has_color && !frame.color.label.empty()) margins.right = 5.0 + letter * longest_tick(drawn.color);
  margins.bottom = tick_height(frame, drawn) + (frame.x.label.empty() ? 0.0 : 1.4);
  margins.left = std::max(margins.left, drawn.overhang);
  margins.top = frame.title.empty() ? 0.7 : 2.5;
  return margins;
}

DrawnFrame drawn_frame(const Frame& frame, double width, double height) {
  DrawnFrame drawn;
  const Ranges ranges = ranges_of(frame);
  Axis x = frame.x;
  Axis y = frame.y;
  x.tight = x.tight || frame.matrix;
  y.tight = y.tight || frame.matrix;
  drawn.has_color = !frame.cells.empty() || frame.matrix.has_value();
  drawn.empty = std::isnan(ranges.x.low);
  const auto fit = [](double room, double each) {
    return static_cast<std::size_t>(std::clamp(room / each, 2.0, 10.0));
  };
  drawn.x = drawn_axis(x, ranges.x.low, ranges.x.high, fit(width, 4.5));
  drawn.y = drawn_axis(y, ranges.y.low, ranges.y.high, fit(height, 2.6));
  const Axis scale = {"", frame.color.logarithmic, frame.color.low, frame.color.high, {}, false, true};
  drawn.color = drawn_axis(scale, ranges.color.low, ranges.color.high, fit(height, 2.6));
  double letters = 0.0;
  for (const Tick& tick : drawn.x.ticks)
    letters += static_cast<double>(shown_length(one_line(tick.label, most_tick_letters))) + 1.2;
  drawn.slanted = !frame.x.ticks.empty() && letter * letters > width;
  if (!drawn.slanted) return drawn;
  const double first = drawn.x.ticks.front().at;
  for (const Tick& tick : drawn.x.ticks) {
    const auto length = static_cast<double>(shown_length(one_line(tick.label, most_tick_letters)));
    const double from_left = (tick.at - first) / (drawn.x.high - drawn.x.low) * width;
    drawn.overhang = std::max(drawn.overhang, 0.75 * letter * length - from_left);
  }
  return drawn;
}

/// Breaks texts into lines of at most so many letters, between words.
std::vector<std::string> broken(const std::vector<std::string>& texts, std::size_t most) {
  std::vector<std::string> lines;
  for (const std::string& text : texts) {
    std::string rest = one_line(text, 1000);
    while (shown_length(rest) > most) {
      const std::size_t space = rest.rfind(' ', most);
      if (space == std::string::npos || space == 0) break;
      lines.push_back(rest.substr(0, space));
      rest.erase(0, space + 1);
    }
    lines.push_back(rest);
  }
  return lines;
}

/// Rows of the legend, its title among them; 0 without one.
std::size_t place_legend(const Figure& figure, Layout& layout, double font, double left,
                         std::size_t columns) {
  const std::vector<const Series*> labels = legend_of(figure);
  if (labels.empty()) return 0;
  std::size_t longest = 0;
  for (const Series* series : labels) longest = std::max(longest, shown_length(one_line(series->label, 32)));
  // gnuplot makes no more columns than fit the first frame's width.
  const double room = 0.8 * (layout.width_points - left) / static_cast<double>(columns);
  const double each = font * (letter * static_cast<double>(longest) + 4.2);
  layout.legend_columns = std::clamp<std::size_t>(static_cast<std::size_t>(room / each), 1, labels.size());
  const auto rows = (labels.size() + layout.legend_columns - 1) / layout.legend_columns;
  return rows + (figure.legend_title.empty() ? 0 : 1);
}

/// Sizes of a figure's grid, and what stands beside its frames.
struct Grid {
  std::size_t columns = 1;
  std::size_t rows = 1;
  std::vector<std::size_t> frames;  ///< indices of those that are no insets
  std::vector<Margins> of_column;
  std::vector<Margins> of_row;
};

Grid grid_of(const Figure& figure) {
  Grid grid;
  for (std::size_t i = 0; i < figure.frames.size(); ++i)
    if (!figure.frames[i].inset) grid.frames.push_back(i);
  grid.columns = std::max<std::size_t>(1, std::min(figure.columns, grid.frames.size()));
  grid.rows = std::max<std::size_t>(1, (grid.frames.size() + grid.columns - 1) / grid.columns);
  grid.of_column.resize(grid.columns);
  grid.of_row.resize(grid.rows);
  return grid;
}

void set_size(const Figure& figure, const Theme& theme, const Grid& grid, Layout& layout) {
  const auto growth = [](std::size_t count) { return 1.0 + 0.62 * static_cast<double>(count - 1); };
  const double width = theme.frame_width_cm * std::min(growth(grid.columns), 2.6);
  const double height = theme.frame_height_cm * std::min(growth(grid.rows), 3.0);
  layout.width_points = points_per_cm * (figure.width_cm > 0.0 ? figure.width_cm : width);
  layout.height_points = points_per_cm * (figure.height_cm > 0.0 ? figure.height_cm : height);
}

/// Gives the frames of the grid their boxes; `legend` and `notes`: their heights in points.
void place_frames(const Figure& figure, double font, const Grid& grid, double legend, double notes,
                  Layout& layout) {
  double width = layout.width_points;
  double height = layout.height_points - notes - legend;
  for (const Margins& margins : grid.of_column) width -= font * (margins.left + margins.right);
  for (const Margins& margins : grid.of_row) height -= font * (margins.bottom + margins.top);
  width = std::max(width / static_cast<double>(grid.columns), 2.0 * font);
  height = std::max(height / static_cast<double>(grid.rows), 2.0 * font);
  for (std::size_t i = 0; i < grid.frames.size(); ++i) {
    double left = 0.0;
    for (std::size_t c = 0; c < i % grid.columns; ++c)
      left += width + font * (grid.of_column[c].left + grid.of_column[c].right);
    left += font * grid.of_column[i % grid.columns].left;
    double top = layout.height_points - legend;
    for (std::size_t r = 0; r < i / grid.columns; ++r)
      top -= height + font * (grid.of_row[r].top + grid.of_row[r].bottom);
    top -= font * grid.of_row[i / grid.columns].top;
    DrawnFrame& drawn = layout.frames[grid.frames[i]];
    drawn.box = {left / layout.width_points, (left + width) / layout.width_points,
                 (top - height) / layout.height_points, top / layout.height_points};
    drawn.x_label = drawn.box.bottom -
                    font * (tick_height(figure.frames[grid.frames[i]], drawn) + 0.7) / layout.height_points;
    drawn.y_label =
        drawn.box.left - font * (grid.of_column[i % grid.columns].left - 0.85) / layout.width_points;
  }
}

/// Where a value stands on an axis, from 0 to 1.
double part_of(double value, const DrawnAxis& axis) {
  if (axis.logarithmic)
    return value > 0.0 ? std::log(value / axis.low) / std::log(axis.high / axis.low) : 0.0;
  return (value - axis.low) / (axis.high - axis.low);
}

/// Whether anything of a frame is drawn in a part of it.
bool is_free(const Frame& frame, const DrawnFrame& drawn, const Box& part) {
  if (drawn.has_color) return false;
  const auto within = [](double at, double low, double high) { return at >= low && at <= high; };
  for (const Series& series : frame.series)
    for (std::size_t i = 0; i < series.points.size(); ++i) {
      const Point& point = series.points[i];
      if (std::isnan(point.x) || std::isnan(point.y)) continue;
      const double x = part_of(point.x, drawn.x);
      const double y = part_of(point.y, drawn.y);
      const double low = std::isfinite(point.low) ? part_of(point.low, drawn.y) : y;
      const double high = std::isfinite(point.high) ? part_of(point.high, drawn.y) : y;
      if (within(x, part.left, part.right) && high >= part.bottom && low <= part.top) return false;
    }
  return true;
}

/// Puts an inset into the first corner of its host that is free; false: none is.
bool place_inset(const Figure& figure, std::size_t index, double font, Layout& layout) {
  const Frame& host = figure.frames[index - 1];
  const DrawnFrame& around = layout.frames[index - 1];
  DrawnFrame& drawn = layout.frames[index];
  const double host_width = (around.box.right - around.box.left) * layout.width_points / font;
  const double host_height = (around.box.top - around.box.bottom) * layout.height_points / font;
  const Margins margins = margins_of(figure.frames[index], drawn);
  for (const double size : {0.42, 0.36, 0.3}) {
    // In parts of the host: with its ticks and labels.
    const double width = size + (margins.left + 0.8) / host_width;
    const double height = size + (margins.bottom + margins.top) / host_height;
    if (width > 0.8 || height > 0.8) continue;
    const double edge_x = 0.8 / host_width;
    const double edge_y = 0.8 / host_height;
    for (const auto& [right, top] : {std::pair(true, false), {false, true}, {true, true}, {false, false}}) {
      const double left = right ? 1.0 - edge_x - width : edge_x;
      const double bottom = top ? 1.0 - edge_y - height : edge_y;
      if (!is_free(host, around, {left, left + width, bottom, bottom + height})) continue;
      const auto x = [&](double part) {
        return around.box.left + part * (around.box.right - around.box.left);
      };
      const auto y = [&](double part) {
        return around.box.bottom + part * (around.box.top - around.box.bottom);
      };
      drawn.around = {x(left), x(left + width), y(bottom), y(bottom + height)};
      drawn.box.right = x(left + width - 0.8 / host_width);
      drawn.box.left = drawn.box.right - size * (around.box.right - around.box.left);
      drawn.box.top = y(bottom + height - margins.top / host_height);
      drawn.box.bottom = drawn.box.top - size * (around.box.top - around.box.bottom);
      drawn.x_label =
          drawn.box.bottom - font * (tick_height(figure.frames[index], drawn) + 0.7) / layout.height_points;
      drawn.y_label = drawn.box.left - font * (margins.left - 0.85) / layout.width_points;
      return true;
    }
  }
  return false;
}

}  // namespace

std::vector<const Series*> legend_of(const Figure& figure) {
  std::vector<const Series*> legend;
  for (const Frame& frame : figure.frames)
    for (const Series& series : frame.series)
      if (!series.label.empty() &&
          std::ranges::none_of(legend, [&](const Series* other) { return other->label == series.label; }))
        legend.push_back(&series);
  return legend;
}

Layout lay_out(const Figure& figure, const Theme& theme) {
  const double font = theme.font_points;
  Grid grid = grid_of(figure);
  Layout layout;
  set_size(figure, theme, grid, layout);
  layout.frames.resize(figure.frames.size());
  for (std::size_t i = 0, place = 0; i < figure.frames.size(); ++i) {
    const double part = figure.frames[i].inset ? 0.4 : 1.0;
    const double width = 0.78 * part * layout.width_points / font / static_cast<double>(grid.columns);
    const double height = 0.7 * part * layout.height_points / font / static_cast<double>(grid.rows);
    layout.frames[i] = drawn_frame(figure.frames[i], width, height);
    if (figure.frames[i].inset) continue;
    const Margins margins = margins_of(figure.frames[i], layout.frames[i]);
    grid.of_column[place % grid.columns].include(margins);
    grid.of_row[place++ / grid.columns].include(margins);
  }
  const auto most = static_cast<std::size_t>((layout.width_points - 1.5 * font) / (0.82 * letter * font));
  layout.notes = broken(figure.notes, std::max<std::size_t>(most, 20));
  const double notes =
      layout.notes.empty() ? 0.0 : 0.82 * font * (line * static_cast<double>(layout.notes.size()) + 0.8);
  const std::size_t legend_rows =
      place_legend(figure, layout, font, font * grid.of_column[0].left, grid.columns);
  const double legend = legend_rows == 0 ? 0.0 : font * (line * static_cast<double>(legend_rows) + 0.9);
  if (figure.height_cm <= 0.0) {
    layout.height_points += notes + legend;
    constexpr double usual = 3.8;  // below a frame with ticks and a label
    for (const Margins& margins : grid.of_row)
      layout.height_points += font * std::max(0.0, margins.bottom - usual);
  }
  layout.legend_left = font * grid.of_column[0].left / layout.width_points;
  layout.legend_top = 1.0 - 0.5 * font / layout.height_points;
  place_frames(figure, font, grid, legend, notes, layout);
  for (std::size_t i = 1; i < figure.frames.size(); ++i)
    if (figure.frames[i].inset && !place_inset(figure, i, font, layout)) {
      Figure beside = figure;
      beside.frames[i].inset = false;
      ++beside.columns;
      return lay_out(beside, theme);
    }
  return layout;
}

}  // namespace modsweep::figures
