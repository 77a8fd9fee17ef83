#include "store/unmeasured.h"

#include <algorithm>
#include <string>
#include <vector>

#include "modsweep/error.h"
#include "modsweep/measure.h"

namespace modsweep {
namespace {

/// Adds the measures that a sweep's cells ask for, by their index; false if it has too many combinations of
/// settings to tell.
bool add_asked(const Sweep& sweep, std::vector<bool>& asked) {
  return visit_settings(sweep, {"measure", "network", "task", "regularizer.connection_cost", "pruning"},
                        [&](const CellSettings& cell) {
                          for (std::size_t m = 0; m < asked.size(); ++m)
                            asked[m] = asked[m] || asks_for(cell, measures()[m]);
                        });
}

}  // namespace

std::set<std::string_view> unmeasured_columns(std::span<const Sweep> sweeps) {
  std::vector<bool> asked(measures().size());
  for (const Sweep& sweep : sweeps)
    if (!add_asked(sweep, asked)) return {};
  std::set<std::string_view> columns;
  for (std::size_t m = 0; m < asked.size(); ++m)
    if (!asked[m])
      for (const auto* list : {&measures()[m].network, &measures()[m].layer})
        for (const MeasureColumn& column : *list) columns.insert(column.name);
  return columns;
}

std::set<std::string_view> unmeasured_columns(std::span<SQLite::Database* const> stores) {
  std::vector<Sweep> sweeps;
  try {
    for (SQLite::Database* db : stores) {
      SQLite::Statement recorded(*db, "SELECT name, base, axes FROM sweeps");
      while (recorded.executeStep())
        sweeps.push_back(recorded_sweep(recorded.getColumn(0), recorded.getColumn(1), recorded.getColumn(2)));
    }
    if (sweeps.empty()) return {};
    return unmeasured_columns(sweeps);
  } catch (const InputError&) {
    return {};
  }
}

}  // namespace modsweep
