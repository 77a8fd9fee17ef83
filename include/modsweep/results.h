// The results in a store, by column, for programs that compute with them.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "modsweep/store.h"

namespace modsweep {

/// Some columns of a table, all of its rows.
class ResultColumns {
 public:
  /// `texts`: [column][row], JSON.
  ResultColumns(std::vector<std::string> names, std::vector<std::vector<std::string>> texts);

  [[nodiscard]] std::size_t rows() const { return texts_.empty() ? 0 : texts_.front().size(); }
  /// [row]: NaN where there is no value, as for networks that diverged. Throws InputError for a column that
  /// holds anything but numbers, and, like texts(), LogicError for one that was not read.
  [[nodiscard]] std::vector<double> numbers(std::string_view column) const;
  /// [row]: a JSON text, "null" where there is no value.
  [[nodiscard]] const std::vector<std::string>& texts(std::string_view column) const;

 private:
  std::vector<std::string> names_;
  std::vector<std::vector<std::string>> texts_;
};

/// Reads columns of a table, in the table's order of rows. Throws InputError for a column that the table
/// lacks, and for a broken store.
[[nodiscard]] ResultColumns read_results(const Store& store, Table table,
                                         const std::vector<std::string>& columns);

}  // namespace modsweep
