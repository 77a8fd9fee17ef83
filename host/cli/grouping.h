// Cells of a store in groups, for the statistics of `aggregate` and `fit`.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "modsweep/statistics.h"
#include "modsweep/store.h"

namespace modsweep::cli {

/// Cells that share the values of some columns.
struct CellGroup {
  std::vector<nlohmann::json> keys;  ///< a value for each column that was grouped by
  std::size_t diverged = 0;          ///< cells, or measurements of cells, that are left out for that
  std::vector<double> numbers;       ///< [cells][columns], row-major; NaN: no value

  /// The values of one column, ascending, so that nothing depends on the order in which cells were finished;
  /// those that are missing are left out.
  [[nodiscard]] std::vector<double> values(std::size_t column, std::size_t columns) const;
};

/// The settings that vary, without training.seed and `but`: what cells are grouped by if nothing is said.
[[nodiscard]] std::vector<std::string> default_keys(const Store& store, const std::vector<std::string>& but);

/// Groups the rows of a table by `keys`, in ascending order of their values (numbers before texts), and reads
/// the numbers in `columns`. Cells that diverged are counted, their numbers left out. Throws InputError where
/// a column is not there, a key is named twice, a column of numbers holds something else, or no cell is
/// finished; `path` names the store in its message.
[[nodiscard]] std::vector<CellGroup> read_groups(const Store& store, const std::string& path, Table table,
                                                 const std::vector<std::string>& keys,
                                                 const std::vector<std::string>& columns);

/// Adds --confidence, --resamples and --seed to a command.
void add_bootstrap_options(CLI::App* command, BootstrapSettings& settings);

}  // namespace modsweep::cli
