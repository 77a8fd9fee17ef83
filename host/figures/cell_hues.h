// The line that each network belongs to, for kinds that read tables whose rows are parts of networks.
#pragma once

#include "figures/grouping.h"
#include "figures/request.h"

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace modsweep::figures {

struct CellHues {
  KeyValues hue;                                  ///< the values that are drawn, at most seven, evenly chosen
  bool crossed = false;                           ///< the key joins settings that vary independently
  std::vector<std::string> notes;                 ///< what is not drawn
  std::map<std::string, nlohmann::json> of_cell;  ///< of each finished network that did not diverge

  /// The position of a cell's value in hue.values. `cell`: as a table shows it. None: it is not drawn.
  [[nodiscard]] std::optional<std::size_t> of(const std::string& cell) const;
  /// The name of a line in the legend; empty where there is one line.
  [[nodiscard]] std::string label(std::size_t index) const;
};

/// Lines by the values of `key`, which may join settings; an empty one makes a single line. Throws InputError
/// where the store has no such setting.
[[nodiscard]] CellHues cell_hues(const Source& source, const Request& request, const std::string& key);

}  // namespace modsweep::figures
