// The finished cells of stores, with their settings and their numbers.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include <nlohmann/json.hpp>

#include "modsweep/store.h"

namespace modsweep {

/// A finished cell.
struct ResultCell {
  std::string id;
  std::string sweep;        ///< the name of the sweep that trained it
  nlohmann::json settings;  ///< every setting by its dotted key; those of its parent that
                            ///< start.label names as "start.KEY"
  std::unordered_map<std::string, double> numbers;  ///< the columns of `results` that have a value
  std::uint64_t steps = 0;
  bool diverged = false;
  std::string engine;
  std::string device;
  double seconds = 0.0;  ///< its share of the training time
  /// Of recurrent networks the rows of `history`, in the order of epochs, and of the tables that their
  /// measures declare those of the last step: objects of values by column.
  std::unordered_map<std::string, std::vector<nlohmann::json>> rows = {};

  /// The value of a column; NaN: none.
  [[nodiscard]] double number(const std::string& column) const;
  /// The rows of a table; none where it has none of this cell.
  [[nodiscard]] const std::vector<nlohmann::json>& table(const std::string& name) const;
};

/// The columns of `results` that hold measured numbers, in the table's order.
[[nodiscard]] std::vector<std::string> number_columns(const Store& store);

/// The finished cells of stores, by id. `paths` are files, or folders, of which all *.db are read; a cell
/// that is in several stores counts once. Throws InputError for a path that is not a store, and for a folder
/// without stores.
[[nodiscard]] std::vector<ResultCell> read_cells(const std::vector<std::string>& paths);

}  // namespace modsweep
