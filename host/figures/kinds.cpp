#include "figures/kinds.h"

#include "core/text.h"
#include "figures/grouping.h"
#include "figures/theme.h"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "modsweep/error.h"

namespace modsweep::figures {
namespace {

/// Whether a table has so many rows.
bool has_rows(const Source& source, Table table, std::size_t least) {
  std::size_t rows = 0;
  source.store.read_rows(table, {"cell"}, [&](std::span<const std::string>) { ++rows; });
  return rows >= least;
}

}  // namespace

#define MODSWEEP_PLOT(NAME) extern const Kind NAME##_plot;
#include "figures/kinds.def"
#undef MODSWEEP_PLOT

std::span<const Kind> kinds() {
#define MODSWEEP_PLOT(NAME) NAME##_plot,
  static const std::array all = {
#include "figures/kinds.def"
  };
#undef MODSWEEP_PLOT
  return all;
}

const Kind& find_kind(std::string_view name) {
  const auto all = kinds();
  const auto found = std::ranges::find(all, name, &Kind::name);
  if (found != all.end()) return *found;
  std::vector<std::string_view> names;
  for (const Kind& kind : all) names.push_back(kind.name);
  const auto near = nearest(name, names);
  throw InputError(fmt::format(
      "there is no kind of plot '{}'; {}", one_line(name),
      near ? fmt::format("did you mean {}?", *near) : fmt::format("there are {}", fmt::join(names, ", "))));
}

const Kind& suggested_kind(const Source& source, const Request& request) {
  if (!request.cell.empty()) return find_kind("network");
  if (request.x == "step") return find_kind("history");
  if (request.fits || !request.x.empty() || !request.hue.empty()) return find_kind("line");
  const std::vector<KeyValues> keys = varied_values(source, request);
  if (!has_rows(source, Table::results, 1)) return find_kind("history");  // no cell is finished
  if (keys.empty()) return find_kind(has_rows(source, Table::history, 3) ? "history" : "line");
  constexpr std::size_t long_axis = 6;
  const auto long_ones = std::ranges::count_if(
      keys, [](const KeyValues& key) { return key.values.size() >= long_axis && all_numbers(key.values); });
  // A third axis, of few values, makes frames.
  return find_kind(long_ones == 2 && keys.size() <= 3 ? "map" : "line");
}

Figure make_figure(const Source& source, const Request& request) {
  const Kind& kind = request.kind.empty() ? suggested_kind(source, request) : find_kind(request.kind);
  return kind.make(source, request);
}

}  // namespace modsweep::figures
