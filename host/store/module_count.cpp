#include "store/module_count.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "modsweep/spectrum.h"

namespace modsweep {

const ModuleCount* module_count(std::string_view column) {
  static constexpr std::array<ModuleCount, 2> counts = {{
      {"modules", "e.eigenvalues", "modules found with all rows: where the largest gap is"},
      {"modules_live", "coalesce(e.eigenvalues_live, e.eigenvalues)", "modules found without dead rows"},
  }};
  const auto found = std::ranges::find(counts, column, &ModuleCount::column);
  return found == counts.end() ? nullptr : &*found;
}

std::string modules_sql(std::string_view largest_gap, std::string_view eigenvalues) {
  // An index past the end of the array gives NULL, which is not true. No '$[#-1]', which SQLite before 3.31
  // lacks.
  return fmt::format(
      "coalesce(CASE WHEN {0} = 0 OR 1 - json_extract({1}, '$[' || (json_array_length({1}) - 1) || ']')"
      " > json_extract({1}, '$[' || {0} || ']') - json_extract({1}, '$[' || ({0} - 1) || ']') + {2}"
      " THEN json_array_length({1}) ELSE {0} END, {0})",
      largest_gap, eigenvalues, Spectrum::equal_gaps);
}

}  // namespace modsweep
