// modsweep plot STORE transition: where a column changes from one plateau to another, and how that place
// grows with a second setting (science.md section 7, figure 6).
#include "figures/kinds.h"
#include "figures/line_figure.h"
#include "figures/scales.h"
#include "figures/transitions.h"

#include <cmath>
#include <utility>

#include <fmt/format.h>

namespace modsweep::figures {
namespace {

Series law_curve(const LineFit& line, bool exponential, double low, double high) {
  constexpr int points = 61;
  Series curve;
  curve.mark = Mark::smooth_line;
  curve.color = muted;
  curve.dashed = !exponential;
  for (int i = 0; i < points; ++i) {
    const double n = low + (high - low) * i / (points - 1);
    curve.points.push_back({n, std::exp(line.a + line.b * (exponential ? n : std::log(n)))});
  }
  return curve;
}

/// Adds an inset with the middles over the second setting and the better law through them; needs one frame,
/// and transitions at three numbers.
void add_law(LineFigure& made, const std::vector<DrawnTransition>& transitions, const Request& request) {
  const Plotted& plotted = made.plotted;
  if (made.figure.frames.size() != 1 || transitions.size() < 3 || !all_numbers(plotted.hue.values)) return;
  std::vector<LawPoint> points;
  Frame frame;
  for (const DrawnTransition& transition : transitions) {
    const double n = plotted.hue.values[transition.hue].get<double>();
    if (!(n > 0.0)) return;
    points.push_back(law_point(n, transition.fit));
    Series& dot = frame.series.emplace_back();
    dot.mark = Mark::bars;
    dot.color = transition.hue;
    dot.points.push_back({n, transition.fit.curve->middle});
    if (const auto& interval = transition.fit.middle_interval) {
      dot.points[0].low = interval->low;
      dot.points[0].high = interval->high;
    }
  }
  PlacedAxis axis = placed_axis(plotted.hue, std::nullopt, std::nullopt);
  frame.x = axis.axis;
  frame.y.label = "x*";
  frame.y.logarithmic = true;
  const LawFit fit = fit_law(points, request.interval);
  if (fit.exponential) {
    const bool exponential = fit.exponential->aic < fit.power->aic;
    const LineFit& line = exponential ? *fit.exponential : *fit.power;
    frame.series.insert(frame.series.begin(),
                        law_curve(line, exponential, points.front().n, points.back().n));
    made.figure.notes.push_back(
        fmt::format("x* over n: {} law, {:.3g} * {}", exponential ? "exponential" : "power", std::exp(line.a),
                    exponential ? fmt::format("exp({:.3g} n)", line.b) : fmt::format("n^{:.3g}", line.b)));
  }
  frame.inset = true;
  made.figure.frames.push_back(std::move(frame));
}

Figure make_transition(const Source& source, const Request& request) {
  Request fitted = request;
  fitted.fits = true;
  Wanted wanted;
  wanted.columns = drawn_columns(source, request, Table::results, 2);
  if (request.y.empty()) wanted.columns = {wanted.columns.back()};  // the gap
  wanted.curves = true;
  LineFigure made = line_figure(source, fitted, wanted);
  const std::vector<DrawnTransition> transitions = add_transitions(made.figure, made.plotted, fitted);
  add_law(made, transitions, fitted);
  return std::move(made.figure);
}

}  // namespace

extern const Kind transition_plot;
const Kind transition_plot = {
    "transition", "where a column changes between plateaus: fitted sigmoids, their middles, and their law",
    make_transition};

}  // namespace modsweep::figures
