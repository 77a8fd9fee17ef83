// Which setting of a store is which axis of a plot, and the networks at each of its places.
#pragma once

#include "figures/request.h"
#include "results/groups.h"

#include <array>
#include <cstddef>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "modsweep/store.h"

namespace modsweep::figures {

/// A setting and the values that cells have of it, ascending.
struct KeyValues {
  std::string key;  ///< empty: none; it then has one value, null
  std::vector<nlohmann::json> values;
};

/// The settings that form groups (default_keys of results/groups.h) and have more than one value among the
/// cells that are asked for. Of settings that vary together on an axis only one is among them.
[[nodiscard]] std::vector<KeyValues> varied_values(const Source& source, const Request& request);

[[nodiscard]] bool all_numbers(std::span<const nlohmann::json> values);

/// A value as people write it: "0.1", "tanh", "[32, 32]"; "none" for null.
[[nodiscard]] std::string value_text(const nlohmann::json& value);

/// Indices of at most `most` of `count` things, evenly spaced, both ends among them.
[[nodiscard]] std::vector<std::size_t> evenly(std::size_t count, std::size_t most);

/// Positions in the values of row, col, hue and x.
using Place = std::array<std::size_t, 4>;

/// Networks by the places of a plot.
struct Plotted {
  KeyValues row, col, hue, x;
  std::map<Place, CellGroup> groups;
  std::size_t columns = 0;  ///< of numbers in each group
  std::vector<std::string> notes;

  /// None where no network is.
  [[nodiscard]] const CellGroup* at(const Place& place) const;
};

/// What a plot needs besides the request.
struct Wanted {
  Table table = Table::results;
  std::vector<std::string> columns;  ///< numbers to read
  std::string x;                     ///< a column that is x unless another is asked for: "step"
  bool two_axes = false;             ///< hue is the second axis of numbers: all of its values count
  std::size_t most_hues = 7;         ///< at most so many of its values, evenly chosen
  bool curves = false;               ///< number the curves of networks: for fits
};

/// Throws InputError as read_groups, and where a setting is asked for twice.
[[nodiscard]] Plotted read_plotted(const Source& source, const Request& request, const Wanted& wanted);

/// The columns of numbers to draw: those that are asked for, else the first `most` of the losses and gaps
/// that networks are usually compared by and that the table has. Throws InputError where there are none.
[[nodiscard]] std::vector<std::string> drawn_columns(const Source& source, const Request& request,
                                                     Table table, std::size_t most);

}  // namespace modsweep::figures
