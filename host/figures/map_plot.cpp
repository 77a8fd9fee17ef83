// modsweep plot STORE map: a statistic over the plane of two settings.
#include "figures/kinds.h"
#include "figures/line_figure.h"
#include "figures/scales.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "modsweep/error.h"

namespace modsweep::figures {
namespace {

/// The ends of the rectangles around places on an axis: half way to their neighbors, on the axis's own scale.
std::vector<Interval> around(const PlacedAxis& axis) {
  const bool log = axis.axis.logarithmic;
  const auto scaled = [&](std::size_t i) { return log ? std::log(axis.at[i]) : axis.at[i]; };
  const auto back = [&](double value) { return log ? std::exp(value) : value; };
  std::vector<Interval> ends;
  const std::size_t count = axis.at.size();
  for (std::size_t i = 0; i < count; ++i) {
    double below = i > 0 ? (scaled(i) - scaled(i - 1)) / 2.0 : none;
    double above = i + 1 < count ? (scaled(i + 1) - scaled(i)) / 2.0 : none;
    if (std::isnan(below)) below = std::isnan(above) ? 0.5 : above;
    if (std::isnan(above)) above = below;
    ends.push_back({back(scaled(i) - below), back(scaled(i) + above)});
  }
  return ends;
}

struct MapAxes {
  PlacedAxis x;
  PlacedAxis y;
  std::vector<Interval> x_ends;
  std::vector<Interval> y_ends;
};

MapAxes map_axes(const Plotted& plotted, const Request& request) {
  MapAxes axes{placed_axis(plotted.x, request.log_x, request.x_limits),
               placed_axis(plotted.hue, request.log_y, request.y_limits),
               {},
               {}};
  for (PlacedAxis* axis : {&axes.x, &axes.y}) {
    if (axis->axis.logarithmic && axis->at.front() <= 0.0)
      throw InputError(fmt::format(
          "{} has the value {:g}, which has no logarithm; leave it out with --where, or take --linear",
          axis->axis.label, axis->at.front()));
    axis->axis.tight = true;
  }
  axes.x_ends = around(axes.x);
  axes.y_ends = around(axes.y);
  return axes;
}

Frame map_frame(const Plotted& plotted, const Request& request, const MapAxes& axes, std::size_t row,
                std::size_t col) {
  Frame frame;
  frame.title = frame_title(plotted, row, col);
  frame.x = axes.x.axis;
  frame.y = axes.y.axis;
  for (std::size_t y = 0; y < axes.y.at.size(); ++y)
    for (std::size_t x = 0; x < axes.x.at.size(); ++x) {
      std::vector<double> values = values_at(plotted, {row, col, y, x}, 0);
      const double value = values.empty() ? none : statistic_of(request.statistic, values);
      frame.cells.push_back(
          {axes.x_ends[x].low, axes.x_ends[x].high, axes.y_ends[y].low, axes.y_ends[y].high, value});
    }
  return frame;
}

/// One scale for all frames: from 0 to 1 where all values are within and span much of it, logarithmic where
/// they span decades.
ColorScale common_scale(const std::vector<Frame>& frames, const std::string& column) {
  double low = std::numeric_limits<double>::infinity();
  double high = -low;
  for (const Frame& frame : frames)
    for (const MapCell& cell : frame.cells)
      if (!std::isnan(cell.value)) {
        low = std::min(low, cell.value);
        high = std::max(high, cell.value);
      }
  ColorScale scale;
  if (low > high) return scale;
  constexpr double decades = 30.0;
  scale.logarithmic = !is_difference(column) && low > 0.0 && high > decades * low;
  const bool share = low >= 0.0 && high <= 1.0 && high > 0.5 && !scale.logarithmic;
  scale.low = share ? 0.0 : low;
  scale.high = share ? 1.0 : high;
  return scale;
}

Figure make_map(const Source& source, const Request& request) {
  Wanted wanted;
  // As for lines, --y is the column of numbers; the second setting is --hue.
  wanted.columns = drawn_columns(source, request, Table::results, 2);
  if (wanted.columns.size() > 1 && request.y.empty()) wanted.columns.erase(wanted.columns.begin());
  if (wanted.columns.size() > 1)
    throw InputError(
        fmt::format("a map has one column of numbers, not {}; give one --y", wanted.columns.size()));
  wanted.two_axes = true;
  wanted.most_hues = std::numeric_limits<std::size_t>::max();
  const Plotted plotted = read_plotted(source, request, wanted);
  if (plotted.hue.key.empty())
    throw InputError(fmt::format(
        "{}: a map needs two settings that vary; draw a line, or name them with --x and --hue", source.name));
  const MapAxes axes = map_axes(plotted, request);
  Figure figure;
  figure.name = source.name;
  figure.columns = plotted.col.values.size();
  for (std::size_t row = 0; row < plotted.row.values.size(); ++row)
    for (std::size_t col = 0; col < figure.columns; ++col)
      figure.frames.push_back(map_frame(plotted, request, axes, row, col));
  const ColorScale scale = common_scale(figure.frames, wanted.columns[0]);
  for (std::size_t i = 0; i < figure.frames.size(); ++i) {
    figure.frames[i].color = scale;
    if ((i + 1) % figure.columns == 0) figure.frames[i].color.label = wanted.columns[0];
  }
  Request plain = request;
  plain.spread = Spread::nothing;
  Estimator counted(plain);
  for (const auto& [place, group] : plotted.groups) (void)counted.at(0.0, group.values(0, 1));
  if (const std::string note = counted.note(""); !note.empty()) figure.notes.push_back(note);
  figure.notes.insert(figure.notes.end(), plotted.notes.begin(), plotted.notes.end());
  const bool gaps = std::ranges::any_of(figure.frames, [](const Frame& frame) {
    return std::ranges::any_of(frame.cells, [](const MapCell& cell) { return std::isnan(cell.value); });
  });
  if (gaps) figure.notes.emplace_back("gray: no value");
  label_outside(figure);
  return figure;
}

}  // namespace

extern const Kind map_plot;
const Kind map_plot = {"map", "a statistic over the plane of two settings (--x and --hue), as colors",
                       make_map};

}  // namespace modsweep::figures
