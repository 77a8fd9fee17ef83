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
  if (request.fits) return find_kind("line");
  const std::vector<KeyValues> keys = varied_values(source, request);
  if (keys.empty()) {
    std::size_t steps = 0;
    source.store.read_rows(Table::history, {"step"}, [&](std::span<const std::string>) { ++steps; });
    return find_kind(steps > 2 && request.x.empty() ? "history" : "line");
  }
  constexpr std::size_t long_axis = 6;
  const auto is_long = [](const KeyValues& key) {
    return key.values.size() >= long_axis && all_numbers(key.values);
  };
  if (!request.x.empty() || !request.hue.empty()) return find_kind("line");
  return find_kind(keys.size() == 2 && std::ranges::all_of(keys, is_long) ? "map" : "line");
}

Figure make_figure(const Source& source, const Request& request) {
  const Kind& kind = request.kind.empty() ? suggested_kind(source, request) : find_kind(request.kind);
  return kind.make(source, request);
}

}  // namespace modsweep::figures
