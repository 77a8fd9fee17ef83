// Lines over a column of a table whose rows are parts of a network: modules, heads, perturbations of one
// strength.
#pragma once

#include "figures/figure.h"
#include "figures/request.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "modsweep/store.h"

namespace modsweep::figures {

/// What is drawn of a table.
struct RowPlot {
  std::string_view table;            ///< of a measure, with rows of each network's last step
  std::string x;                     ///< its column along x
  std::vector<std::string> columns;  ///< of numbers, below one another
  std::string split = {};            ///< a column whose values are frames side by side; empty: none
  /// The share of rows whose number is above this; none: the mean over the rows. Either is of one network at
  /// one x.
  std::optional<double> above = std::nullopt;
  std::string y_label = {};        ///< empty: the column's name
  std::string_view measured_with;  ///< the setting that has it measured, "measure.robustness = true"
};

/// A line for each value of --hue, else of all settings that vary, of the statistic over networks. Throws
/// InputError where the store has no such rows.
[[nodiscard]] Figure row_figure(const Source& source, const Request& request, const RowPlot& plot);

/// The settings that vary, as one key.
[[nodiscard]] std::string all_varied(const Source& source, const Request& request);

}  // namespace modsweep::figures
