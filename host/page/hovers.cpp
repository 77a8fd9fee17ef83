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

std::string name_of(const figures::Axis& axis, const char* otherwise) {
  return axis.label.empty() ? otherwise : axis.label;
}

std::string text_of(const Frame& frame, const Series& series, const figures::Point& point) {
  std::string text = series.label.empty() ? "" : series.label + ": ";
  text += fmt::format("{} {:.5g}, {} {:.5g}", name_of(frame.x, "x"), point.x, name_of(frame.y, "y"), point.y);
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
          texts.push_back(text_of(frame, series, point));
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

}  // namespace

std::string with_hovers(const std::string& svg, const figures::Figure& figure) {
  const std::string plain = without_titles(svg);
  const std::vector<std::string> texts = dot_texts(figure);
  const std::vector<std::size_t> dots = all_of(plain, dot);
  if (dots.size() != texts.size()) return plain;
  std::string out;
  std::size_t from = 0;
  for (std::size_t i = 0; i < dots.size(); ++i) {
    const std::size_t end = plain.find("/>", dots[i]);
    if (texts[i].empty() || end == std::string::npos) continue;
    out.append(plain, from, end - from);
    out += fmt::format("><title>{}</title></use>", escaped(texts[i]));
    from = end + 2;
  }
  return out.append(plain, from);
}

}  // namespace modsweep::page
