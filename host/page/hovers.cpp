#include "page/hovers.h"

#include "figures/layout.h"
#include "page/html.h"

#include <cmath>
#include <string_view>
#include <vector>

#include <fmt/format.h>

namespace modsweep::page {
namespace {

using figures::Frame;
using figures::Series;

constexpr std::string_view dot = "<use xlink:href='#gpPt6'";  // gnuplot's point type 7

bool has_dots(const Series& series) {
  return series.mark != figures::Mark::smooth_line;
}

bool is_drawn(double value, const figures::Axis& axis) {
  return std::isfinite(value) && (!axis.logarithmic || value > 0.0) && !(axis.low && value < *axis.low) &&
         !(axis.high && value > *axis.high);
}

/// The label of an axis; inner frames leave it to an outer one.
std::string name_of(const figures::Figure& figure, const Frame& frame, figures::Axis Frame::*axis) {
  if (!(frame.*axis).label.empty()) return (frame.*axis).label;
  for (const Frame& other : figure.frames)
    if (!(other.*axis).label.empty()) return (other.*axis).label;
  return "value";
}

std::string text_of(const figures::Figure& figure, const Frame& frame, const Series& series,
                    const figures::Point& point) {
  std::string text = series.label.empty() ? "" : series.label + ": ";
  text += fmt::format("{} {:.5g}, {} {:.5g}", name_of(figure, frame, &Frame::x), point.x,
                      name_of(figure, frame, &Frame::y), point.y);
  if (std::isfinite(point.low) && std::isfinite(point.high))
    text += fmt::format(" [{:.4g}, {:.4g}]", point.low, point.high);
  return text;
}

/// The texts of all dots in the order in which gnuplot draws them; empty: of the legend.
std::vector<std::string> dot_texts(const figures::Figure& figure) {
  std::vector<std::string> texts;
  for (std::size_t f = 0; f < figure.frames.size(); ++f) {
    const Frame& frame = figure.frames[f];
    for (const Series& series : frame.series) {
      if (!has_dots(series)) continue;
      for (const figures::Point& point : series.points)
        if (is_drawn(point.x, frame.x) && is_drawn(point.y, frame.y))
          texts.push_back(text_of(figure, frame, series, point));
    }
    if (f == 0)
      for (const Series* series : figures::legend_of(figure))
        if (has_dots(*series)) texts.emplace_back();
  }
  return texts;
}

/// The beginnings of all occurrences.
std::vector<std::size_t> all_of(const std::string& text, std::string_view what) {
  std::vector<std::size_t> found;
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + what.size()))
    found.push_back(at);
  return found;
}

/// gnuplot's own titles are names of plots, which tell a reader nothing.
std::string without_titles(const std::string& svg) {
  constexpr std::string_view begin = "<title>";
  constexpr std::string_view end = "</title>";
  std::string out;
  std::size_t from = 0;
  for (const std::size_t at : all_of(svg, begin)) {
    const std::size_t until = svg.find(end, at);
    if (until == std::string::npos) break;
    out.append(svg, from, at - from);
    from = until + end.size();
  }
  return out.append(svg, from);
}

/// Puts texts[i] as a title into the i-th of the elements that begin at `places`; none where it is empty.
std::string with_titles(const std::string& svg, const std::vector<std::size_t>& places,
                        const std::vector<std::string>& texts, std::string_view element) {
  std::string out;
  std::size_t from = 0;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const std::size_t end = svg.find("/>", places[i]);
    if (texts[i].empty() || end == std::string::npos) continue;
    out.append(svg, from, end - from);
    out += fmt::format("><title>{}</title></{}>", escaped(texts[i]), element);
    from = end + 2;
  }
  return out.append(svg, from);
}

double middle(double low, double high, const figures::Axis& axis) {
  return axis.logarithmic ? std::sqrt(low * high) : (low + high) / 2.0;
}

/// The texts of a map's cells in the order in which gnuplot draws them: those without a value first.
std::vector<std::string> cell_texts(const figures::Figure& figure, const Frame& frame) {
  std::vector<std::string> texts;
  for (const bool valued : {false, true})
    for (const figures::MapCell& cell : frame.cells) {
      const bool has = std::isfinite(cell.value) && (!frame.color.logarithmic || cell.value > 0.0);
      if (has != valued) continue;
      texts.push_back(fmt::format("{} about {:.4g}, {} about {:.4g}: {}", name_of(figure, frame, &Frame::x),
                                  middle(cell.x_low, cell.x_high, frame.x), name_of(figure, frame, &Frame::y),
                                  middle(cell.y_low, cell.y_high, frame.y),
                                  has ? fmt::format("{:.5g}", cell.value) : std::string("no value")));
    }
  return texts;
}

/// Of a figure of a single map: its cells are the first rectangles.
std::string with_cell_hovers(std::string svg, const figures::Figure& figure) {
  if (figure.frames.size() != 1 || figure.frames[0].cells.empty()) return svg;
  const std::vector<std::string> texts = cell_texts(figure, figure.frames[0]);
  const std::size_t plot = svg.find("gnuplot_plot_1");
  std::vector<std::size_t> places = all_of(svg, "<polygon");
  std::erase_if(places, [&](std::size_t place) { return plot == std::string::npos || place < plot; });
  return places.size() < texts.size() ? svg : with_titles(svg, places, texts, "polygon");
}

}  // namespace

std::string with_hovers(const std::string& svg, const figures::Figure& figure) {
  std::string plain = with_cell_hovers(without_titles(svg), figure);
  const std::vector<std::string> texts = dot_texts(figure);
  const std::vector<std::size_t> dots = all_of(plain, dot);
  return dots.size() == texts.size() ? with_titles(plain, dots, texts, "use") : plain;
}

}  // namespace modsweep::page
