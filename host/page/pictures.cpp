#include "page/pictures.h"

#include "figures/draw.h"
#include "figures/kinds.h"
#include "figures/svg.h"
#include "figures/theme.h"
#include "page/typical.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <map>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "modsweep/error.h"

namespace modsweep::page {
namespace {

using figures::Figure;
using figures::Kind;

/// From so many values on an axis may show a transition or a balance; of fewer they are not fitted.
constexpr std::size_t long_axis = 6;
/// Of fewer values on its shorter axis a map shows no more than lines.
constexpr std::size_t map_axis = 3;
constexpr double wide_centimeters = 16.0;

std::string_view title_of(const Kind& kind) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 13> titles = {
      {{"line", "Over the axes"},
       {"map", "Maps"},
       {"history", "During training"},
       {"transition", "Transitions"},
       {"balance", "Balance of loss and modularity"},
       {"spectrum", "Spectra"},
       {"network", "A network"},
       {"growth", "Growth"},
       {"parameters", "Parameters of what is solved"},
       {"robustness", "Robustness"},
       {"generalization", "Longer tasks"},
       {"timescales", "Timescales"},
       {"conservation", "What modules have of the one before"}}};
  const auto found = std::ranges::find(titles, kind.name, [](const auto& entry) { return entry.first; });
  return found == titles.end() ? kind.name : found->second;
}

/// The numbers of values of the axes of numbers among the groups, the longest first.
std::vector<std::size_t> axis_lengths(const StoreData& data) {
  std::vector<std::size_t> lengths;
  for (std::size_t k = 0; k < data.keys.size(); ++k) {
    std::set<double> values;
    for (const CellGroup& group : data.groups)
      if (data.shown_keys[k] && group.keys[k].is_number()) values.insert(group.keys[k].get<double>());
    lengths.push_back(values.size());
  }
  std::ranges::sort(lengths, std::greater());
  return lengths;
}

/// Whether a kind can show something of these cells that others do not.
bool suits(const Kind& kind, const StoreData& data) {
  const std::vector<std::size_t> lengths = axis_lengths(data);
  // A store without what the family's kinds show says so, and the page goes on without them.
  constexpr std::array<std::string_view, 8> of_all = {"history",    "spectrum",    "growth",
                                                      "parameters", "robustness",  "generalization",
                                                      "timescales", "conservation"};
  if (std::ranges::find(of_all, kind.name) != of_all.end()) return !data.many;
  if (kind.name == "transition" || kind.name == "balance")
    return !data.many && !lengths.empty() && lengths[0] >= long_axis;
  if (kind.name == "map") return lengths.size() > 1 && lengths[1] >= map_axis;
  return data.groups.size() > 1;
}

/// Whether a figure has a frame with more than a single point in each line.
bool shows_something(const Figure& figure) {
  return std::ranges::any_of(figure.frames, [](const figures::Frame& frame) {
    return !frame.cells.empty() || frame.matrix ||
           std::ranges::any_of(frame.series, [](const figures::Series& series) {
             return std::ranges::count_if(series.points, [](const figures::Point& point) {
                      return std::isfinite(point.x) && std::isfinite(point.y);
                    }) > 1;
           });
  });
}

/// The colors of the theme on white, each with the one that stands for it on dark ground.
std::map<std::string, std::string> dark_colors() {
  const figures::Theme& light = figures::themes().front();
  const figures::Theme& dark = figures::find_theme("dark");
  std::map<std::string, std::string> colors;
  const auto add = [&](std::string_view from, std::string_view to) { colors.emplace(from, to); };
  add(light.text, dark.text);
  add(light.axis, dark.axis);
  add(light.grid, dark.grid);
  add(light.missing, dark.missing);
  add(light.muted, dark.muted);
  for (std::size_t i = 0; i < light.colors.size(); ++i) add(light.colors[i], dark.colors[i]);
  const std::vector<std::string> light_grades = figures::matrix_grades(light);
  const std::vector<std::string> dark_grades = figures::matrix_grades(dark);
  for (std::size_t i = 1; i < light_grades.size(); ++i) add(light_grades[i], dark_grades[i]);
  return colors;
}

std::string variable(std::string_view color) {
  return fmt::format("--p{}", color.substr(1));
}

/// The picture with colors that change with the reader's system; in a file of its own they are as drawn.
std::string with_variables(std::string svg) {
  for (const auto& [color, dark] : dark_colors())
    for (const char quote : {'\'', '"'})
      svg = figures::replaced(svg, fmt::format("={}{}{}", quote, color, quote),
                              fmt::format("={}var({},{}){}", quote, variable(color), color, quote));
  const std::string_view ground = figures::themes().front().background;
  const std::string drawn = fmt::format("fill=\"{}\"", ground);
  if (const auto at = svg.find(drawn); at != std::string::npos)
    svg.replace(at, drawn.size(), fmt::format("fill=\"var(--pground,{})\"", ground));
  return svg;
}

/// The pictures of a page, as far as they fit.
class Album {
 public:
  Album(const Store& store, const StoreData& data) : source_{store, data.name}, data_(data) {}

  void add(const Kind& kind, const std::string& cell = "", const std::string& remark = "") {
    figures::Request request;
    request.kind = kind.name;
    request.cell = cell;
    try {
      const Figure figure = kind.make(source_, request);
      if (!shows_something(figure)) return;
      const std::string command = fmt::format("modsweep plot {} {}{} -o {}.svg", data_.words, kind.name,
                                              cell.empty() ? "" : fmt::format(" --cell {}", cell), kind.name);
      const std::string title(title_of(kind));
      Picture picture =
          failed_ < most_failures ? picture_of(figure, title, command) : undrawn(title, command);
      if (!picture.instead.empty()) {
        ++failed_;
        why_ = picture.instead;
      }
      picture.remark = remark;
      pictures_.pictures.push_back(std::move(picture));
    } catch (const InputError&) {
      // This store has nothing of this kind.
    }
  }

  [[nodiscard]] Pictures take() && { return std::move(pictures_); }

 private:
  /// A gnuplot that hangs takes a minute each time.
  static constexpr std::size_t most_failures = 2;

  [[nodiscard]] Picture undrawn(const std::string& title, const std::string& command) const {
    return {.title = title, .command = command, .instead = why_, .file_name = title};
  }

  figures::Source source_;
  const StoreData& data_;
  Pictures pictures_;
  std::size_t failed_ = 0;
  std::string why_;
};

}  // namespace

Picture picture_of(const Figure& figure, std::string title, std::string command) {
  const figures::Theme& theme = figures::themes().front();
  Picture picture{.title = std::move(title), .command = std::move(command)};
  picture.file_name = picture.title;
  picture.wide = figure.width_cm > wide_centimeters || figure.columns > 1 ||
                 std::ranges::any_of(figure.frames, [](const figures::Frame& frame) { return frame.inset; });
  picture.script = figures::gnuplot_text(figure, figures::Format::svg, theme);
  try {
    picture.svg = with_variables(figures::draw(figure, figures::Format::svg, theme));
  } catch (const IoError& error) {
    picture.instead = error.what();
  }
  return picture;
}

void fit_into_page(const std::vector<Picture*>& pictures, std::size_t most_bytes) {
  std::size_t bytes = 0;
  for (Picture* picture : pictures) {
    if (bytes + picture->svg.size() > most_bytes) {
      picture->svg.clear();
      picture->instead = "This picture is too large for the page. To draw it: " + picture->command;
    }
    bytes += picture->svg.size();
  }
  for (Picture* picture : pictures) {
    if (bytes + picture->script.size() > most_bytes) picture->script.clear();
    bytes += picture->script.size();
  }
}

std::string picture_colors() {
  std::string style = "@media(prefers-color-scheme:dark){:root{--pground:transparent";
  for (const auto& [color, dark] : dark_colors()) style += fmt::format(";{}:{}", variable(color), dark);
  return style + "}}\n";
}

Section pictures_section(const Store& store, const StoreData& data, std::size_t most_bytes) {
  Section section{"Pictures", {}};
  Album album(store, data);
  for (const Kind& kind : figures::kinds()) {
    if (kind.name == "network") {
      for (const TypicalNetwork& network : typical_networks(store, data))
        album.add(kind, network.cell, network.text);
    } else if (suits(kind, data)) {
      album.add(kind);
    }
  }
  Pictures pictures = std::move(album).take();
  std::vector<Picture*> all;
  for (Picture& picture : pictures.pictures) all.push_back(&picture);
  fit_into_page(all, most_bytes);
  if (!pictures.pictures.empty()) section.blocks.push_back({std::move(pictures)});
  return section;
}

}  // namespace modsweep::page
