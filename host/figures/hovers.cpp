#include "figures/hovers.h"

#include "core/text.h"
#include "figures/layout.h"
#include "figures/matrix_svg.h"

#include <cmath>
#include <string_view>
#include <vector>

#include <fmt/format.h>

namespace modsweep::figures {
namespace {

constexpr std::string_view dot = "<use xlink:href='#gpPt6'";  // gnuplot's point type 7

bool has_dots(const Series& series) {
  return series.mark != Mark::smooth_line;
}

bool is_drawn(double value, const Axis& axis) {
  return std::isfinite(value) && (!axis.logarithmic || value > 0.0) && !(axis.low && value < *axis.low) &&
         !(axis.high && value > *axis.high);
}

std::string xml_text(std::string_view text) {
  std::string out;
  for (const char c : one_line(text, 200)) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

/// The label of x of a frame; inner frames leave it to one below.
std::string x_name(const Figure& figure, std::size_t index) {
  for (std::size_t i = index; i < figure.frames.size(); ++i)
    if (!figure.frames[i].x.label.empty()) return figure.frames[i].x.label;
  return "x";
}

/// The label of y; inner frames leave it to one on their left.
std::string y_name(const Figure& figure, std::size_t index) {
  for (std::size_t i = index + 1; i-- > 0;)
    if (!figure.frames[i].y.label.empty()) return figure.frames[i].y.label;
  return "y";
}

std::string point_text(const Figure& figure, std::size_t index, const Series& series, const Point& point) {
  std::string text = series.label.empty() ? "" : series.label + ": ";
  text += fmt::format("{} {:.5g}, {} {:.5g}", x_name(figure, index), point.x, y_name(figure, index), point.y);
  if (std::isfinite(point.low) && std::isfinite(point.high))
    text += fmt::format(" [{:.4g}, {:.4g}]", point.low, point.high);
  return text;
}

/// The texts of all dots in the order in which gnuplot draws them; empty: of the legend.
std::vector<std::string> dot_texts(const Figure& figure) {
  std::vector<std::string> texts;
  for (std::size_t f = 0; f < figure.frames.size(); ++f) {
    const Frame& frame = figure.frames[f];
    for (const Series& series : frame.series) {
      if (!has_dots(series)) continue;
      for (const Point& point : series.points)
        if (is_drawn(point.x, frame.x) && is_drawn(point.y, frame.y))
          texts.push_back(point_text(figure, f, series, point));
    }
    if (f == 0)
      for (const Series* series : legend_of(figure))
        if (has_dots(*series)) texts.emplace_back();
  }
  return texts;
}

/// The beginnings of all occurrences.
std::vector<std::size_t> places_of(const std::string& text, std::string_view what) {
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
  for (const std::size_t at : places_of(svg, begin)) {
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
    out += fmt::format("><title>{}</title></{}>", xml_text(texts[i]), element);
    from = end + 2;
  }
  return out.append(svg, from);
}

double middle(double low, double high, const Axis& axis) {
  return axis.logarithmic ? std::sqrt(low * high) : (low + high) / 2.0;
}

/// The texts of a map's cells in the order in which gnuplot draws them: those without a value first.
std::vector<std::string> cell_texts(const Figure& figure, std::size_t index) {
  const Frame& frame = figure.frames[index];
  std::vector<std::string> texts;
  for (const bool valued : {false, true})
    for (const MapCell& cell : frame.cells) {
      const bool has = std::isfinite(cell.value) && (!frame.color.logarithmic || cell.value > 0.0);
      if (has != valued) continue;
      texts.push_back(fmt::format("{} about {:.4g}, {} about {:.4g}: {}", x_name(figure, index),
                                  middle(cell.x_low, cell.x_high, frame.x), y_name(figure, index),
                                  middle(cell.y_low, cell.y_high, frame.y),
                                  has ? fmt::format("{:.5g}", cell.value) : std::string("no value")));
    }
  return texts;
}

/// Where the drawing of each frame begins, and the end of all; empty where they cannot be told apart.
std::vector<std::size_t> frame_places(const std::string& svg, const Figure& figure) {
  constexpr std::string_view first_plot = "id=\"gnuplot_plot_1";
  std::vector<std::size_t> places = places_of(svg, first_plot);
  std::erase_if(places, [&](std::size_t place) {
    const char next = svg[place + first_plot.size()];
    return next >= '0' && next <= '9';
  });
  if (places.size() != figure.frames.size()) return {};
  places.push_back(svg.size());
  return places;
}

/// A frame's part of the picture with the values of its map: its cells are the first rectangles of that part.
std::string with_cell_hovers(const std::string& part, const Figure& figure, std::size_t index) {
  const std::vector<std::string> texts = cell_texts(figure, index);
  const std::vector<std::size_t> places = places_of(part, "<polygon");
  return places.size() < texts.size() ? part : with_titles(part, places, texts, "polygon");
}

std::string with_color_hovers(const std::string& svg, const Figure& figure, const Theme& theme) {
  const std::vector<std::size_t> places = frame_places(svg, figure);
  if (places.empty()) return svg;
  std::string out = svg.substr(0, places[0]);
  for (std::size_t f = 0; f < figure.frames.size(); ++f) {
    const Frame& frame = figure.frames[f];
    const std::string part = svg.substr(places[f], places[f + 1] - places[f]);
    if (frame.matrix)
      out += with_joined_cells(part, *frame.matrix, matrix_grades(theme).front());
    else
      out += frame.cells.empty() ? part : with_cell_hovers(part, figure, f);
  }
  return out;
}

}  // namespace

std::string with_hovers(const std::string& svg, const Figure& figure, const Theme& theme) {
  const std::string plain = with_color_hovers(without_titles(svg), figure, theme);
  const std::vector<std::string> texts = dot_texts(figure);
  const std::vector<std::size_t> dots = places_of(plain, dot);
  return dots.size() == texts.size() ? with_titles(plain, dots, texts, "use") : plain;
}

}  // namespace modsweep::figures
