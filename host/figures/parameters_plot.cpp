// modsweep plot STORE parameters: how many parameters networks had when they solved N (second paper, figure
// 2b).
#include "figures/cell_hues.h"
#include "figures/kinds.h"
#include "figures/row_figure.h"
#include "figures/scales.h"
#include "results/values.h"

#include <algorithm>
#include <map>
#include <set>
#include <span>
#include <utility>

#include <fmt/format.h>

#include "modsweep/error.h"

namespace modsweep::figures {
namespace {

/// Parameters at the epoch in which a network solved N, by hue and N.
using Needed = std::map<std::size_t, std::map<double, std::vector<double>>>;

Needed read_needed(const Source& source, const CellHues& hues) {
  Needed needed;
  std::map<std::string, double> solved;  // before, by cell
  source.store.read_rows(Table::history, {"cell", "n_solved", "parameters"},
                         [&](std::span<const std::string> row) {
                           const std::string cell = nlohmann::json::parse(row[0]);
                           const auto hue = hues.of(cell);
                           const auto n = json_number(row[1]);
                           const auto parameters = json_number(row[2]);
                           if (!hue || !n || !parameters) return;
                           // Rows ascend in their step. 1: nothing is solved.
                           double& before = solved.try_emplace(cell, 1.0).first->second;
                           if (*n <= before) return;
                           before = *n;
                           needed[*hue][*n].push_back(*parameters);
                         });
  return needed;
}

Figure make_parameters(const Source& source, const Request& request) {
  const std::vector<std::string> columns = source.store.columns(Table::history);
  const CellHues hues =
      cell_hues(source, request, request.hue.empty() ? all_varied(source, request) : request.hue);
  const bool grow = std::ranges::find(columns, "n_solved") != columns.end();
  const Needed needed = grow ? read_needed(source, hues) : Needed();
  if (needed.empty())
    throw InputError(
        fmt::format("{}: no recurrent network of these has solved a task; draw a history", source.name));
  Estimator estimator(request);
  Figure figure;
  figure.name = source.name;
  figure.legend_title = hues.hue.key;
  Frame& frame = figure.frames.emplace_back();
  KeyValues x{"n_solved", {}};
  std::set<double> places;
  for (const auto& [hue, by_n] : needed)
    for (const auto& [n, values] : by_n) places.insert(n);
  for (const double n : places) x.values.emplace_back(n);
  frame.x = placed_axis(x, request.log_x, request.x_limits).axis;
  frame.y.label = "parameters";
  for (const auto& [hue, by_n] : needed) {
    Series& series = frame.series.emplace_back();
    series.color = hue;
    series.label = hues.label(hue);
    for (const auto& [n, values] : by_n) series.points.push_back(estimator.at(n, values));
  }
  if (const std::string note = estimator.note("band"); !note.empty()) figure.notes.push_back(note);
  figure.notes.emplace_back("of the networks that solved so much");
  figure.notes.insert(figure.notes.end(), hues.notes.begin(), hues.notes.end());
  share_y({&frame}, "parameters", request);
  return figure;
}

}  // namespace

extern const Kind parameters_plot;
const Kind parameters_plot = {"parameters", "of recurrent networks: parameters over the largest solved N",
                              make_parameters};

}  // namespace modsweep::figures
