// The kinds of plots: each is a file of its own, NAME_plot.cpp, and a line in kinds.def.
#pragma once

#include "figures/figure.h"
#include "figures/request.h"

#include <span>
#include <string_view>

namespace modsweep::figures {

struct Kind {
  std::string_view name;
  std::string_view doc;  ///< one line
  /// Throws InputError where the store has nothing of that kind, or no such column.
  Figure (*make)(const Source& source, const Request& request) = nullptr;
};

/// All kinds, in the order of kinds.def.
[[nodiscard]] std::span<const Kind> kinds();

/// Throws InputError for a name that no kind has.
[[nodiscard]] const Kind& find_kind(std::string_view name);

/// The kind that suits the axes of a store: `map` for two long axes of numbers, `history` where no network is
/// finished, and where nothing varies but networks were measured along the way, else `line`. What is asked
/// for comes first: a cell suggests `network`, steps along x `history`, a setting along x `line`.
[[nodiscard]] const Kind& suggested_kind(const Source& source, const Request& request);

/// The figure that is asked for. Throws as Kind::make.
[[nodiscard]] Figure make_figure(const Source& source, const Request& request);

}  // namespace modsweep::figures
