#include "figures/transitions.h"

#include "figures/joint_keys.h"

#include <algorithm>
#include <cmath>
#include <tuple>
#include <utility>

#include <fmt/format.h>

namespace modsweep::figures {
namespace {

constexpr int curve_points = 121;
constexpr std::size_t most_shades = 2;

/// A curve from one end of the data to the other, evenly in log x.
Series fitted_curve(const Sigmoid& sigmoid, double low, double high, std::size_t color) {
  Series curve;
  curve.mark = Mark::smooth_line;
  curve.color = color;
  for (int i = 0; i < curve_points; ++i) {
    const double x = low * std::pow(high / low, static_cast<double>(i) / (curve_points - 1));
    curve.points.push_back({x, sigmoid(x)});
  }
  return curve;
}

std::string line_name(const Plotted& plotted, std::size_t hue) {
  return plotted.hue.key.empty() ? ""
                                 : fmt::format("{} = {}: ", plotted.hue.key, value_name(plotted.hue, hue));
}

}  // namespace

std::vector<AxisPoint> axis_points(const Plotted& plotted, Place place, std::size_t column) {
  std::vector<AxisPoint> points;
  for (std::size_t x = 0; x < plotted.x.values.size(); ++x) {
    if (!plotted.x.values[x].is_number() || !(plotted.x.values[x].get<double>() > 0.0)) continue;
    place[3] = x;
    const CellGroup* group = plotted.at(place);
    if (group == nullptr) continue;
    std::vector<std::pair<double, std::size_t>> networks;  // in an order that no run determines
    for (std::size_t i = 0; i * plotted.columns < group->numbers.size(); ++i)
      if (const double y = group->numbers[i * plotted.columns + column]; !std::isnan(y))
        networks.emplace_back(y, group->curves.empty() ? i : group->curves[i]);
    if (networks.empty()) continue;
    std::ranges::sort(networks);
    AxisPoint& point = points.emplace_back(AxisPoint{plotted.x.values[x].get<double>(), {}});
    for (const auto& [y, curve] : networks) {
      point.y.push_back(y);
      point.curve.push_back(curve);
    }
  }
  return points;
}

std::string reason_text(std::string_view what, const std::string& reason) {
  return reason.starts_with(what) ? reason : fmt::format("{}: {}", what, reason);
}

std::vector<DrawnTransition> add_transitions(Figure& figure, const Plotted& plotted, const Request& request) {
  std::vector<DrawnTransition> drawn;
  const std::size_t cols = plotted.col.values.size();
  const std::size_t rows = plotted.row.values.size();
  for (std::size_t i = 0; i < figure.frames.size(); ++i) {
    Frame& frame = figure.frames[i];
    const std::size_t column = i / (rows * cols);
    for (std::size_t hue = 0; hue < plotted.hue.values.size(); ++hue) {
      const auto points = axis_points(plotted, {i / cols % rows, i % cols, hue, 0}, column);
      const TransitionFit fit = fit_transition(points, request.interval);
      if (!fit.curve) {
        figure.notes.push_back(line_name(plotted, hue) + reason_text("no transition", fit.reason));
        continue;
      }
      frame.series.push_back(fitted_curve(*fit.curve, points.front().x, points.back().x, hue));
      VerticalMark mark{fit.curve->middle, none, none, hue};
      // The shades of many intervals would hide one another.
      if (fit.middle_interval && plotted.hue.values.size() <= most_shades) {
        mark.low = fit.middle_interval->low;
        mark.high = fit.middle_interval->high;
      }
      frame.marks.push_back(mark);
      drawn.push_back({i, hue, fit});
      figure.notes.push_back(fmt::format(
          "{}x* = {:.4g}{}", line_name(plotted, hue), fit.curve->middle,
          fit.middle_interval
              ? fmt::format(" [{:.4g}, {:.4g}]", fit.middle_interval->low, fit.middle_interval->high)
              : ""));
    }
  }
  return drawn;
}

}  // namespace modsweep::figures
