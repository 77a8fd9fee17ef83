// Frames as pictures made of letters, for a terminal.
#include "core/text.h"
#include "figures/gnuplot_frame.h"
#include "figures/gnuplot_text.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace modsweep::figures {
namespace {

/// The letter of a series: gnuplot's point types of letters begin with A.
std::size_t letter_of(const Series& series) {
  return series.color == muted ? 26 : series.color + 1;
}

std::string letter_look(const Series& series) {
  const std::size_t letter = letter_of(series);
  if (series.mark == Mark::line)
    return fmt::format("with linespoints linetype {} pointtype {}", letter, letter);
  if (series.mark == Mark::smooth_line) return fmt::format("with lines linetype {}", letter);
  return fmt::format("with points pointtype {}", letter);
}

/// A matrix in ten grades, from nothing to the highest value.
std::string graded(const Matrix& matrix, double high) {
  constexpr std::string_view grades = " .:-=+*%#@";
  std::string rows;
  for (std::size_t r = 0; r < matrix.rows; ++r)
    for (std::size_t c = 0; c < matrix.columns; ++c) {
      const double part = matrix.values[r * matrix.columns + c] / (high > 0.0 ? high : 1.0);
      const auto grade =
          static_cast<std::size_t>(std::lround(std::clamp(std::isfinite(part) ? part : 0.0, 0.0, 1.0) * 9.0));
      if (grade > 0) rows += fmt::format("{} {} {}\n", c, r, grades[grade]);
    }
  return rows;
}

}  // namespace

std::string FrameText::letter_settings(const std::string& legend_title, bool has_legend) const {
  std::string text = "reset\n";
  if (has_legend)
    text += fmt::format(
        "set key tmargin left Left reverse horizontal noenhanced noautotitle{}\n",
        legend_title.empty() ? "" : fmt::format(" title {} noenhanced", single_quoted(legend_title)));
  else
    text += "unset key\n";
  text += "set tics nomirror\nunset colorbox\n";
  if (!frame_.title.empty()) text += fmt::format("set title {} noenhanced\n", single_quoted(frame_.title));
  text += axis('x', frame_.x, drawn_.x, true) + axis('y', frame_.y, drawn_.y, true);
  if (drawn_.empty) text += "set label 1 'no values' at graph 0.5,0.5 center\n";
  return text;
}

std::string FrameText::letter_plot(const std::vector<const Series*>& legend) const {
  std::string data;
  std::vector<std::string> plots;
  std::string numbers;
  for (const MapCell& cell : frame_.cells) {
    const auto middle = [](double low, double high, bool logarithmic) {
      return logarithmic ? std::sqrt(low * high) : (low + high) / 2.0;
    };
    numbers += fmt::format("{} {} {}\n", middle(cell.x_low, cell.x_high, drawn_.x.logarithmic),
                           middle(cell.y_low, cell.y_high, drawn_.y.logarithmic),
                           std::isfinite(cell.value) ? fmt::format("{:.2g}", cell.value) : "-");
  }
  if (frame_.matrix) numbers += graded(*frame_.matrix, drawn_.color.high);
  if (!numbers.empty()) {
    data += fmt::format("{} << EOD\n{}EOD\n", data_name("map", 0), numbers);
    plots.push_back(fmt::format("{} using 1:2:3 with labels", data_name("map", 0)));
  }
  for (std::size_t i = 0; i < frame_.series.size(); ++i) {
    bool has_interval = false;
    const std::string rows = points(frame_.series[i], has_interval);
    if (rows.find_first_not_of('\n') == std::string::npos) continue;
    data += fmt::format("{} << EOD\n{}EOD\n", data_name("series", i), rows);
    plots.push_back(fmt::format("{} using 1:2 {}", data_name("series", i), letter_look(frame_.series[i])));
  }
  // Nothing alone, or entries of a legend alone, are no plot.
  if (plots.empty()) plots.push_back(fmt::format("{}", drawn_.y.low - (drawn_.y.high - drawn_.y.low)));
  for (const Series* series : legend)
    plots.push_back(fmt::format("keyentry {} title {}", letter_look(*series),
                                single_quoted(one_line(series->label, 32))));
  return data + fmt::format("plot {}\n", fmt::join(plots, ", \\\n     "));
}

}  // namespace modsweep::figures
