// Short tables of computed numbers: what commands print, write to files and put into pages.
#pragma once

#include <ostream>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace modsweep {

/// Rows of JSON values under named columns; null: no value.
struct ResultTable {
  std::vector<std::string> columns;
  std::vector<std::vector<nlohmann::json>> rows;
};

/// As CSV (RFC 4180), with all digits of numbers; an empty field where there is no value.
void write_csv(const ResultTable& table, std::ostream& out);

/// A value, or null.
template <typename Optional>
[[nodiscard]] nlohmann::json json_or_null(const Optional& value) {
  return value ? nlohmann::json(*value) : nlohmann::json();
}

}  // namespace modsweep
