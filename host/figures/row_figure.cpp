#include "figures/row_figure.h"

#include "figures/cell_hues.h"
#include "figures/scales.h"
#include "results/values.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <span>
#include <tuple>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "modsweep/error.h"

namespace modsweep::figures {
namespace {

using nlohmann::json;

/// A place of the figure: column of numbers, split, hue, x.
using RowPlace = std::tuple<std::size_t, std::size_t, std::size_t, double>;

/// The sum and number of a network's rows at one place.
struct Share {
  double sum = 0.0;
  double count = 0.0;
};

struct RowsRead {
  std::vector<std::string> splits;  ///< in the order of the rows
  std::set<double> x;
  std::map<RowPlace, std::map<std::string, Share>> networks;
};

RowsRead read_part_rows(const Source& source, const RowPlot& plot, const CellHues& hues) {
  RowsRead read;
  std::vector<std::string> columns = {"cell", plot.x};
  if (!plot.split.empty()) columns.push_back(plot.split);
  const std::size_t first = columns.size();
  columns.insert(columns.end(), plot.columns.begin(), plot.columns.end());
  source.store.read_rows(Table(plot.table), columns, [&](std::span<const std::string> row) {
    const std::string cell = json::parse(row[0]);
    const auto hue = hues.of(cell);
    const auto x = json_number(row[1]);
    if (!hue || !x) return;
    const std::string split = plot.split.empty() ? "" : json::parse(row[2]).get<std::string>();
    auto place = std::ranges::find(read.splits, split);
    if (place == read.splits.end()) place = read.splits.insert(place, split);
    read.x.insert(*x);
    for (std::size_t column = 0; column < plot.columns.size(); ++column) {
      const auto value = json_number(row[first + column]);
      if (!value || std::isnan(*value)) continue;
      const auto frame = static_cast<std::size_t>(place - read.splits.begin());
      Share& share = read.networks[{column, frame, *hue, *x}][cell];
      share.sum += plot.above ? (*value > *plot.above ? 1.0 : 0.0) : *value;
      share.count += 1.0;
    }
  });
  return read;
}

/// A frame of each column and split, with a line of each hue.
void add_row_frames(Figure& figure, const RowPlot& plot, const RowsRead& read, const CellHues& hues,
                    const PlacedAxis& axis, Estimator& estimator) {
  for (std::size_t column = 0; column < plot.columns.size(); ++column)
    for (std::size_t split = 0; split < read.splits.size(); ++split) {
      Frame& frame = figure.frames.emplace_back();
      frame.title = column == 0 ? read.splits[split] : "";
      frame.x = axis.axis;
      frame.y.label = plot.y_label.empty() ? plot.columns[column] : plot.y_label;
      for (std::size_t hue = 0; hue < hues.hue.values.size(); ++hue) {
        Series series;
        series.color = hue;
        series.label = hues.label(hue);
        for (const double x : axis.at) {
          const auto found = read.networks.find({column, split, hue, x});
          if (found == read.networks.end()) continue;
          std::vector<double> values;
          for (const auto& [cell, share] : found->second) values.push_back(share.sum / share.count);
          series.points.push_back(estimator.at(x, std::move(values)));
        }
        if (!series.points.empty()) frame.series.push_back(std::move(series));
      }
    }
}

/// Throws InputError that says how to get the rows.
[[noreturn]] void refuse_without_rows(const Source& source, const RowPlot& plot) {
  throw InputError(
      fmt::format("{}: the table {} has no rows of these networks; recurrent networks have them with {}",
                  source.name, plot.table, plot.measured_with));
}

}  // namespace

std::string all_varied(const Source& source, const Request& request) {
  std::vector<std::string> keys;
  for (const KeyValues& key : varied_values(source, request)) keys.push_back(key.key);
  return fmt::format("{}", fmt::join(keys, ", "));
}

Figure row_figure(const Source& source, const Request& request, const RowPlot& plot) {
  RowPlot asked = plot;
  if (!request.y.empty()) {
    for (const std::string& column : request.y)
      check_column(column, source.store.columns(Table(plot.table)), source.name, Table(plot.table));
    asked.columns = request.y;
  }
  const std::vector<std::string> known = source.store.columns(Table(plot.table));
  for (const std::string& column : asked.columns)  // a store of another family has none of them
    if (std::ranges::find(known, column) == known.end()) refuse_without_rows(source, plot);
  const CellHues hues =
      cell_hues(source, request, request.hue.empty() ? all_varied(source, request) : request.hue);
  const RowsRead read = read_part_rows(source, asked, hues);
  if (read.networks.empty()) refuse_without_rows(source, plot);
  KeyValues x{asked.x, {}};
  for (const double value : read.x) x.values.emplace_back(value);
  const PlacedAxis axis = placed_axis(x, request.log_x, request.x_limits);
  Estimator estimator(request);
  Figure figure;
  figure.name = source.name;
  figure.legend_title = hues.hue.key;
  figure.columns = read.splits.size();
  add_row_frames(figure, asked, read, hues, axis, estimator);
  if (const std::string note = estimator.note("band"); !note.empty()) figure.notes.push_back(note);
  figure.notes.insert(figure.notes.end(), hues.notes.begin(), hues.notes.end());
  for (std::size_t column = 0; column < asked.columns.size(); ++column) {
    std::vector<Frame*> shared;
    for (std::size_t split = 0; split < figure.columns; ++split)
      shared.push_back(&figure.frames[column * figure.columns + split]);
    share_y(shared, asked.above ? asked.y_label : asked.columns[column], request);
  }
  label_outside(figure);
  constexpr double side = 6.2;  // centimeters of a frame
  if (figure.columns > 2) figure.width_cm = 3.0 + side * static_cast<double>(figure.columns);
  return figure;
}

}  // namespace modsweep::figures
