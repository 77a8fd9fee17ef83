// Numbers of modules from what stores keep of each layer.
#pragma once

#include <string>
#include <string_view>

namespace modsweep {

/// A column of `layers` that tables show as the number of modules.
struct ModuleCount {
  std::string_view column;
  std::string_view eigenvalues;  ///< SQL: those that belong to it, in the table of that name, here `e`
  std::string_view doc;          ///< one line
};

/// The entry for a column of `layers`; nullptr: the column is shown as it is stored.
[[nodiscard]] const ModuleCount* module_count(std::string_view column);

/// SQL of Spectrum::modules(), from SQL of Spectrum::largest_gap() and of the eigenvalues as a JSON array.
/// Stores keep the former, as programs always wrote it, so that a cell has the same row from every program;
/// where there are no eigenvalues, that is the value.
[[nodiscard]] std::string modules_sql(std::string_view largest_gap, std::string_view eigenvalues);

}  // namespace modsweep
