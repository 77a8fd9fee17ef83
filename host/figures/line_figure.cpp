#include "figures/line_figure.h"

#include "figures/joint_keys.h"
#include "figures/scales.h"

#include <algorithm>

#include <fmt/format.h>

namespace modsweep::figures {
namespace {

/// The frames of a figure, as they are made: for each column of numbers and each row and col.
class LineFrames {
 public:
  LineFrames(const Plotted& plotted, const Request& request)
      : plotted_(plotted),
        request_(request),
        estimator_(request),
        x_(placed_axis(plotted.x, request.log_x, request.x_limits)) {}

  Frame frame(std::size_t column, const std::string& name, std::size_t row, std::size_t col) {
    Frame made;
    // Further columns of numbers stand below frames of the same title.
    if (column == 0 || !plotted_.row.key.empty()) made.title = frame_title(plotted_, row, col);
    made.x = x_.axis;
    made.y.label = name;
    std::vector<Series> single;
    for (std::size_t hue = 0; hue < plotted_.hue.values.size(); ++hue) {
      Series line;
      Series dots;
      line.color = dots.color = hue;
      dots.mark = Mark::dots;
      if (!plotted_.hue.key.empty()) line.label = value_name(plotted_.hue, hue);
      line.mark = request_.fits || !all_numbers(plotted_.x.values) ? Mark::bars : Mark::line;
      for (std::size_t x = 0; x < x_.at.size(); ++x) {
        const std::vector<double> values = values_at(plotted_, {row, col, hue, x}, column);
        for (const double value : values) dots.points.push_back({x_.at[x], value});
        line.points.push_back(estimator_.at(x_.at[x], values));
      }
      single.push_back(std::move(dots));
      made.series.push_back(std::move(line));
    }
    singles_.push_back(std::move(single));
    return made;
  }

  /// Adds single networks where they are asked for, or where few networks bear no interval.
  void add_single_networks(Figure& figure) {
    const bool few = request_.spread == Spread::interval && !estimator_.has_spread();
    if (!request_.points && !few) return;
    for (std::size_t i = 0; i < figure.frames.size(); ++i) {
      auto& series = figure.frames[i].series;
      series.insert(series.begin(), singles_[i].begin(), singles_[i].end());
    }
    figure.notes.emplace_back("small dots: single networks");
  }

  [[nodiscard]] const Estimator& estimator() const { return estimator_; }

 private:
  const Plotted& plotted_;
  const Request& request_;
  Estimator estimator_;
  PlacedAxis x_;
  std::vector<std::vector<Series>> singles_;  // of each frame
};

}  // namespace

std::vector<double> values_at(const Plotted& plotted, const Place& place, std::size_t column) {
  const CellGroup* group = plotted.at(place);
  return group == nullptr ? std::vector<double>() : group->values(column, plotted.columns);
}

std::string frame_title(const Plotted& plotted, std::size_t row, std::size_t col) {
  std::string title;
  for (const auto& [key, value] : {std::pair(&plotted.col, col), std::pair(&plotted.row, row)})
    if (!key->key.empty())
      title += fmt::format("{}{} = {}", title.empty() ? "" : ", ", key->key, value_name(*key, value));
  return title;
}

LineFigure line_figure(const Source& source, const Request& request, const Wanted& wanted) {
  LineFigure made{read_plotted(source, request, wanted), {}};
  const Plotted& plotted = made.plotted;
  Figure& figure = made.figure;
  figure.name = source.name;
  figure.legend_title = plotted.hue.key;
  figure.columns = plotted.col.values.size();
  LineFrames frames(plotted, request);
  const std::size_t rows = plotted.row.values.size();
  for (std::size_t column = 0; column < wanted.columns.size(); ++column)
    for (std::size_t row = 0; row < rows; ++row)
      for (std::size_t col = 0; col < figure.columns; ++col)
        figure.frames.push_back(frames.frame(column, wanted.columns[column], row, col));
  const std::string note = frames.estimator().note(request.fits ? "bar" : "band");
  if (!note.empty()) figure.notes.push_back(note);
  frames.add_single_networks(figure);
  figure.notes.insert(figure.notes.end(), plotted.notes.begin(), plotted.notes.end());
  const std::size_t each = rows * figure.columns;
  for (std::size_t column = 0; column < wanted.columns.size(); ++column) {
    std::vector<Frame*> shared;
    for (std::size_t i = 0; i < each; ++i) shared.push_back(&figure.frames[column * each + i]);
    share_y(shared, wanted.columns[column], request);
  }
  label_outside(figure);
  return made;
}

}  // namespace modsweep::figures
