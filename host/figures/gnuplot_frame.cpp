#include "figures/gnuplot_frame.h"

#include "core/text.h"
#include "figures/gnuplot_text.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace modsweep::figures {
namespace {

/// gnuplot makes each color of an image a rectangle up to this many; above, a picture within the picture.
constexpr std::size_t most_rectangles = 2'500;

/// A tick's label: gnuplot takes it as a format, in which %% is a percent sign.
std::string tick_text(const std::string& label) {
  std::string text;
  for (const char c : one_line(label, most_tick_letters)) text += c == '%' ? "%%" : std::string(1, c);
  return single_quoted(text);
}

std::string power_text(double at, bool letters) {
  const auto power = static_cast<int>(std::lround(std::log10(at)));
  if (!letters) return power == 0 ? "'1'" : power == 1 ? "'10'" : fmt::format("'10^{{{}}}'", power);
  return fmt::format("'{}'", number_text(at));
}

/// A finite number, inside a logarithmic axis.
bool is_shown(double value, bool logarithmic) {
  return std::isfinite(value) && (!logarithmic || value > 0.0);
}

std::string palette_text(std::span<const std::string_view> colors) {
  std::vector<std::string> stops;
  for (std::size_t i = 0; i < colors.size(); ++i)
    stops.push_back(fmt::format("{:.4g} '{}'",
                                static_cast<double>(i) / static_cast<double>(colors.size() - 1), colors[i]));
  return fmt::format("set palette defined ({})\n", fmt::join(stops, ", "));
}

/// Colors of equal parts of the scale, without shades between them.
std::string step_palette_text(const std::vector<std::string>& colors) {
  std::vector<std::string> stops;
  for (std::size_t i = 0; i < colors.size(); ++i)
    stops.push_back(fmt::format("{} '{}', {} '{}'", i, colors[i], i + 1, colors[i]));
  return fmt::format("set palette defined ({})\n", fmt::join(stops, ", "));
}

/// gnuplot draws axes only together with something, and fails where there are entries of a legend alone; this
/// is something without a point.
std::string nothing(const DrawnFrame& drawn) {
  return fmt::format("{} with lines linecolor rgb '#ffffff' linewidth 0",
                     drawn.y.low - (drawn.y.high - drawn.y.low));
}

}  // namespace

std::string FrameText::data_name(const char* kind, std::size_t i) const {
  return fmt::format("${}{}_{}", kind, index_ + 1, i + 1);
}

std::string FrameText::ticks(const char* name, const DrawnAxis& drawn, bool letters, bool slanted) const {
  std::vector<std::string> items;
  for (const Tick& tick : drawn.ticks)
    items.push_back(
        fmt::format("{} {}", drawn.decades ? power_text(tick.at, letters) : tick_text(tick.label), tick.at));
  if (!letters)
    for (const double at : drawn.minor) items.push_back(fmt::format("'' {:.10g} 1", at));
  if (items.empty()) return fmt::format("unset {}tics\n", name);
  return fmt::format("set {}tics ({}){}{}\n", name, fmt::join(items, ", "),
                     drawn.decades && !letters ? " enhanced" : " noenhanced",
                     slanted ? " rotate by 37 right" : "");
}

std::string FrameText::axis(char name, const Axis& axis, const DrawnAxis& drawn, bool letters) const {
  std::string text;
  if (letters && !axis.label.empty())
    text += fmt::format("set {}label {} noenhanced\n", name, single_quoted(axis.label));
  if (drawn.logarithmic) text += fmt::format("set logscale {}\n", name);
  const bool down = name == 'y' && frame_.matrix;
  text += fmt::format("set {}range [{}:{}]\n", name, down ? drawn.high : drawn.low,
                      down ? drawn.low : drawn.high);
  const char whole[] = {name, '\0'};
  text += axis.hidden ? fmt::format("unset {}tics\n", name)
                      : ticks(whole, drawn, letters, name == 'x' && drawn_.slanted && !letters);
  return text;
}

std::string FrameText::color_settings() const {
  if (!drawn_.has_color) return "unset colorbox\n";
  std::string text =
      frame_.color.from_white ? step_palette_text(matrix_grades(theme_)) : palette_text(theme_.map);
  if (drawn_.color.logarithmic) text += "set logscale cb\n";
  text += fmt::format("set cbrange [{}:{}]\n", drawn_.color.low, drawn_.color.high);
  if (frame_.color.label.empty()) return text + "unset colorbox\n";
  const Box& box = drawn_.box;
  text += fmt::format("set colorbox user origin screen {:.5f},{:.5f} size screen {:.5f},{:.5f} noborder\n",
                      box.right + 0.018, box.bottom, 0.02, box.top - box.bottom);
  text += ticks("cb", drawn_.color, false, false);
  return text + fmt::format("set cblabel {} noenhanced textcolor rgb '{}'\n",
                            single_quoted(frame_.color.label), theme_.text);
}

std::string FrameText::marks() const {
  constexpr std::size_t most_lines_across = 2;  // more are short: they would hide the curves
  const bool across = frame_.marks.size() <= most_lines_across;
  std::string text;
  std::size_t number = 0;
  for (const VerticalMark& mark : frame_.marks) {
    const std::string_view color = color_of(theme_, mark.color);
    if (std::isfinite(mark.low) && std::isfinite(mark.high))
      text += fmt::format(
          "set object {} rectangle from {},graph 0 to {},graph 1 behind fillcolor rgb '{}' fillstyle "
          "transparent solid 0.12 noborder\n",
          ++number, std::max(mark.low, drawn_.x.low), std::min(mark.high, drawn_.x.high), color);
    if (mark.x >= drawn_.x.low && mark.x <= drawn_.x.high)
      text += fmt::format(
          "set arrow {} from {},graph 0 to {},graph {} nohead back linecolor rgb '{}' linewidth {:.3g}{}\n",
          ++number, mark.x, mark.x, across ? 1.0 : 0.035, color, (across ? 0.8 : 2.0) * theme_.line_points,
          across ? " dashtype (6,4)" : "");
  }
  return text;
}

std::string FrameText::settings() const {
  const Box& box = drawn_.box;
  std::string text =
      fmt::format("reset\nset margins screen {:.5f}, screen {:.5f}, screen {:.5f}, screen {:.5f}\n", box.left,
                  box.right, box.bottom, box.top);
  text +=
      fmt::format("set border {} linecolor rgb '{}' linewidth 0.7\n", frame_.matrix ? 15 : 3, theme_.axis);
  text += fmt::format("set tics nomirror out scale 0.5,0.25 textcolor rgb '{}'\n", theme_.text);
  if (!drawn_.has_color)
    text += fmt::format("set grid back linetype 1 linecolor rgb '{}' linewidth 0.6\n", theme_.grid);
  text += "unset key\n";
  if (!frame_.title.empty())
    text += fmt::format("set title {} noenhanced offset 0,-0.4 textcolor rgb '{}'\n",
                        single_quoted(frame_.title), theme_.text);
  // gnuplot's own places of these labels differ between its terminals.
  if (!frame_.x.label.empty())
    text += fmt::format("set label 2 {} at screen {:.5f},{:.5f} center noenhanced textcolor rgb '{}'\n",
                        single_quoted(one_line(frame_.x.label, most_label_letters)),
                        (box.left + box.right) / 2.0, drawn_.x_label, theme_.text);
  if (!frame_.y.label.empty())
    text += fmt::format(
        "set label 3 {} at screen {:.5f},{:.5f} center rotate by 90 noenhanced textcolor rgb '{}'\n",
        single_quoted(frame_.y.label), drawn_.y_label, (box.bottom + box.top) / 2.0, theme_.text);
  text += axis('x', frame_.x, drawn_.x, false) + axis('y', frame_.y, drawn_.y, false) + color_settings() +
          marks();
  if (frame_.inset && drawn_.around.right < 1.0)
    text += fmt::format(
        "set object 90 rectangle from screen {:.5f},{:.5f} to screen {:.5f},{:.5f} behind fillcolor rgb '{}' "
        "fillstyle solid 1 noborder\n",
        drawn_.around.left, drawn_.around.bottom, drawn_.around.right, drawn_.around.top, theme_.background);
  if (drawn_.empty)
    text += fmt::format("set label 1 'no values' at graph 0.5,0.5 center textcolor rgb '{}'\n", theme_.muted);
  return text;
}

std::string FrameText::legend_settings(const Layout& layout, const Theme& theme, const std::string& title) {
  if (layout.legend_columns == 0) return "";
  std::string text;
  double top = layout.legend_top;
  const double line = 1.35 * theme.font_points / layout.height_points;
  if (!title.empty()) {
    text += fmt::format("set label 100 {} at screen {:.5f},{:.5f} left noenhanced textcolor rgb '{}'\n",
                        single_quoted(title), layout.legend_left, top - 0.45 * line, theme.text);
    top -= line;
  }
  return text + fmt::format(
                    "set key at screen {:.5f},{:.5f} left top Left reverse horizontal maxcols {} noenhanced "
                    "noautotitle samplen "
                    "1.6 spacing 1.1 textcolor rgb '{}'\n",
                    layout.legend_left, top, layout.legend_columns, theme.text);
}

std::string FrameText::look(const Series& series) const {
  const std::string_view color = color_of(theme_, series.color);
  const std::string dash = series.dashed ? " dashtype (6,4)" : "";
  const double width = theme_.line_points;
  switch (series.mark) {
    case Mark::line:
      return fmt::format(
          "with linespoints linetype 1 linecolor rgb '{}' linewidth {:.3g} pointtype 7 pointsize 0.4{}",
          color, width, dash);
    case Mark::smooth_line:
      return fmt::format("with lines linetype 1 linecolor rgb '{}' linewidth {:.3g}{}", color, width, dash);
    case Mark::stems:
    case Mark::bars:
    case Mark::dots:
      break;
  }
  return fmt::format("with points linecolor rgb '{}' pointtype 7 pointsize {}", color,
                     series.mark == Mark::dots ? 0.28 : 0.45);
}

std::string FrameText::points(const Series& series, bool& has_interval) const {
  std::string text;
  const bool log_y = drawn_.y.logarithmic;
  has_interval = false;
  bool open = false;
  for (const Point& point : series.points) {
    if (!is_shown(point.x, drawn_.x.logarithmic) || !is_shown(point.y, log_y)) {
      if (open) text += "\n";
      open = false;
      continue;
    }
    open = true;
    const bool has = std::isfinite(point.low) && std::isfinite(point.high);
    has_interval = has_interval || has;
    // Without an interval, a band narrows to the point; an end that has no logarithm is the axis's end.
    const double low = has ? (log_y && point.low <= 0.0 ? drawn_.y.low : point.low) : point.y;
    text += fmt::format("{} {} {} {}\n", point.x, point.y, low, has ? point.high : point.y);
  }
  return text;
}

void FrameText::add_series(std::string& data, std::vector<std::string>& plots) const {
  std::vector<std::string> over;
  for (std::size_t i = 0; i < frame_.series.size(); ++i) {
    const Series& series = frame_.series[i];
    bool has_interval = false;
    const std::string rows = points(series, has_interval);
    if (rows.find_first_not_of('\n') == std::string::npos) continue;
    const std::string name = data_name("series", i);
    const std::string_view color = color_of(theme_, series.color);
    data += fmt::format("{} << EOD\n{}EOD\n", name, rows);
    if (has_interval && series.mark == Mark::line)
      plots.push_back(fmt::format(
          "{} using 1:3:4 with filledcurves linecolor rgb '{}' fillstyle transparent solid 0.2 noborder",
          name, color));
    if (has_interval && series.mark == Mark::bars)
      over.push_back(fmt::format(
          "{} using 1:3:(0):($4-$3) with vectors nohead linetype 1 linecolor rgb '{}' linewidth {:.3g}", name,
          color, 0.8 * theme_.line_points));
    if (series.mark == Mark::stems)
      over.push_back(fmt::format("{} using 1:2 with impulses linecolor rgb '{}' linewidth {:.3g}", name,
                                 theme_.muted, 0.6 * theme_.line_points));
    over.push_back(fmt::format("{} using 1:2 {}", name, look(series)));
  }
  plots.insert(plots.end(), over.begin(), over.end());
}

void FrameText::add_cells(std::string& data, std::vector<std::string>& plots) const {
  std::string valued;
  std::string missing;
  for (const MapCell& cell : frame_.cells) {
    if (!is_shown(cell.x_low, drawn_.x.logarithmic) || !is_shown(cell.y_low, drawn_.y.logarithmic)) continue;
    const std::string corners =
        fmt::format("{} {} {} {} {} {}", (cell.x_low + cell.x_high) / 2.0, (cell.y_low + cell.y_high) / 2.0,
                    cell.x_low, cell.x_high, cell.y_low, cell.y_high);
    if (is_shown(cell.value, drawn_.color.logarithmic))
      valued += fmt::format("{} {}\n", corners, cell.value);
    else
      missing += corners + "\n";
  }
  if (!missing.empty()) {
    data += fmt::format("{} << EOD\n{}EOD\n", data_name("missing", 0), missing);
    plots.push_back(
        fmt::format("{} using 1:2:3:4:5:6 with boxxyerror linecolor rgb '{}' fillstyle solid 1 noborder",
                    data_name("missing", 0), theme_.missing));
  }
  if (!valued.empty()) {
    data += fmt::format("{} << EOD\n{}EOD\n", data_name("map", 0), valued);
    plots.push_back(
        fmt::format("{} using 1:2:3:4:5:6:7 with boxxyerror linecolor palette fillstyle solid 1 border",
                    data_name("map", 0)));
  }
}

void FrameText::add_matrix(std::string& data, std::vector<std::string>& plots) const {
  if (!frame_.matrix || frame_.matrix->values.empty()) return;
  const Matrix& matrix = *frame_.matrix;
  const std::string name = data_name("matrix", 0);
  data += name + " << EOD\n";
  for (std::size_t r = 0; r < matrix.rows; ++r) {
    const auto row = std::span(matrix.values).subspan(r * matrix.columns, matrix.columns);
    data += fmt::format("{:.4g}\n", fmt::join(row, " "));
  }
  data += "EOD\n";
  plots.push_back(
      fmt::format("{} matrix with image{}", name, matrix.values.size() <= most_rectangles ? " pixels" : ""));
  std::string lines;
  for (const std::size_t row : matrix.row_lines)
    lines += fmt::format("-0.5 {}\n{} {}\n\n", static_cast<double>(row) - 0.5,
                         static_cast<double>(matrix.columns) - 0.5, static_cast<double>(row) - 0.5);
  for (const std::size_t column : matrix.column_lines)
    lines += fmt::format("{} -0.5\n{} {}\n\n", static_cast<double>(column) - 0.5,
                         static_cast<double>(column) - 0.5, static_cast<double>(matrix.rows) - 0.5);
  if (lines.empty()) return;
  data += fmt::format("{} << EOD\n{}EOD\n", data_name("lines", 0), lines);
  plots.push_back(fmt::format("{} using 1:2 with lines linetype 1 linecolor rgb '{}' linewidth 0.6",
                              data_name("lines", 0), theme_.axis));
}

std::string FrameText::plot(const std::vector<const Series*>& legend) const {
  std::string data;
  std::vector<std::string> plots;
  add_cells(data, plots);
  add_matrix(data, plots);
  add_series(data, plots);
  if (plots.empty()) plots.push_back(nothing(drawn_));
  for (const Series* series : legend)
    plots.push_back(
        fmt::format("keyentry {} title {}", look(*series), single_quoted(one_line(series->label, 32))));
  return data + fmt::format("plot {}\n", fmt::join(plots, ", \\\n     "));
}

}  // namespace modsweep::figures
