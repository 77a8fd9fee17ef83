#include "results/result_table.h"

#include "store/csv.h"

#include <fmt/format.h>
#include <fmt/ostream.h>
#include <fmt/ranges.h>

namespace modsweep {

void write_csv(const ResultTable& table, std::ostream& out) {
  std::vector<std::string> fields;
  for (const auto& name : table.columns) fields.push_back(csv_text(name));
  fmt::print(out, "{}\n", fmt::join(fields, ","));
  for (const auto& row : table.rows) {
    fields.clear();
    for (const nlohmann::json& value : row)
      fields.push_back(value.is_null() ? "" : csv_of_json(value.dump()));
    fmt::print(out, "{}\n", fmt::join(fields, ","));
  }
}

}  // namespace modsweep
