// modsweep plot STORE spectrum: the eigenvalues of each layer's Laplacian (figure 1c).
#include "figures/cell_hues.h"
#include "figures/joint_keys.h"
#include "figures/kinds.h"
#include "figures/line_figure.h"
#include "figures/scales.h"

#include <algorithm>
#include <map>
#include <tuple>

#include <fmt/format.h>

#include "modsweep/error.h"

namespace modsweep::figures {
namespace {

using nlohmann::json;

/// Eigenvalues by layer, hue and index, of all networks.
struct Eigenvalues {
  KeyValues hue;
  std::map<std::size_t, std::map<std::size_t, std::vector<std::vector<double>>>>
      values;  ///< [layer][hue][index]
  std::vector<std::string> notes;
};

Eigenvalues read_eigenvalues(const Source& source, const Request& request) {
  Eigenvalues found;
  const std::vector<KeyValues> varied = varied_values(source, request);
  std::string key = request.hue;
  if (key.empty() && !varied.empty()) key = varied.front().key;
  const CellHues hues = cell_hues(source, request, key);
  found.hue = hues.hue;
  found.notes = hues.notes;
  for (const KeyValues& other : varied)
    if (other.key != key)
      found.notes.push_back(fmt::format("networks of all values of {} are taken together", other.key));
  std::map<std::string, std::string> last;  // measured step of each cell: rows ascend in it
  source.store.read_rows(Table::spectra, {"cell", "step"},
                         [&](std::span<const std::string> row) { last[row[0]] = row[1]; });
  source.store.read_rows(Table::spectra, {"cell", "layer", "kind", "eigenvalues", "step"},
                         [&](std::span<const std::string> row) {
                           if (last[row[0]] != row[4]) return;
                           const auto hue = hues.of(json::parse(row[0]).get<std::string>());
                           if (!hue || row[2] != "\"live\"") return;
                           const json eigenvalues = json::parse(row[3]);
                           if (!eigenvalues.is_array()) return;
                           auto& layer = found.values[json::parse(row[1]).get<std::size_t>()];
                           auto& by_index = layer[*hue];
                           if (by_index.size() < eigenvalues.size()) by_index.resize(eigenvalues.size());
                           for (std::size_t i = 0; i < eigenvalues.size(); ++i)
                             by_index[i].push_back(eigenvalues[i].get<double>());
                         });
  return found;
}

Figure make_spectrum(const Source& source, const Request& request) {
  const Eigenvalues found = read_eigenvalues(source, request);
  if (found.values.empty())
    throw InputError(fmt::format(
        "{}: no spectra are kept of these networks; see what is there with: modsweep export {} --table "
        "spectra",
        source.name, source.name));
  Estimator estimator(request);
  Figure figure;
  figure.name = source.name;
  figure.legend_title = found.hue.key;
  figure.columns = std::min<std::size_t>(found.values.size(), 4);
  for (const auto& [layer, by_hue] : found.values) {
    Frame& frame = figure.frames.emplace_back();
    frame.title = fmt::format("layer {}", layer);
    frame.x.label = "index";
    frame.y.label = "eigenvalue";
    std::size_t longest = 1;
    for (const auto& [hue, by_index] : by_hue) {
      Series& series = frame.series.emplace_back();
      series.color = hue;
      if (!found.hue.key.empty()) series.label = value_name(found.hue, hue);
      for (std::size_t i = 0; i < by_index.size(); ++i)
        series.points.push_back(estimator.at(static_cast<double>(i + 1), by_index[i]));
      longest = std::max(longest, by_index.size());
    }
    frame.x.low = 0.0;
    frame.x.high = static_cast<double>(longest + 1);
    if (request.x_limits)
      std::tie(frame.x.low, frame.x.high) = std::tuple(request.x_limits->low, request.x_limits->high);
    frame.y.low = request.y_limits ? request.y_limits->low : 0.0;
    frame.y.high = request.y_limits ? request.y_limits->high : 1.05;
  }
  if (const std::string note = estimator.note("band"); !note.empty())
    figure.notes.push_back(note + "; live units");
  figure.notes.insert(figure.notes.end(), found.notes.begin(), found.notes.end());
  label_outside(figure);
  constexpr double side = 6.2;  // centimeters of a frame
  if (figure.columns > 2) figure.width_cm = 3.0 + side * static_cast<double>(figure.columns);
  return figure;
}

}  // namespace

extern const Kind spectrum_plot;
const Kind spectrum_plot = {"spectrum", "the eigenvalues of each layer's Laplacian, a line for each group",
                            make_spectrum};

}  // namespace modsweep::figures
