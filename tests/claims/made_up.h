// Made-up results: the cells of a sweep file, with numbers that a test sets.
#pragma once

#include "claims/claim.h"
#include "claims/sweep_files.h"
#include "results/parent_labels.h"

#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "modsweep/settings.h"

namespace modsweep::claims {

/// Sets the numbers of a cell from its settings.
using Fill = std::function<void(ResultCell&)>;

/// Every cell of sweeps/NAME.toml, done.
inline std::vector<ResultCell> made_up_cells(std::string_view name, const Fill& fill) {
  const Sweep sweep = shipped_sweep(name);
  std::vector<ResultCell> cells;
  for (std::uint64_t i = 0; i < sweep.size(); ++i) {
    const Cell cell = sweep.cell(i);
    ResultCell& made = cells.emplace_back();
    made.id = cell.id;
    made.sweep = sweep.name;
    for (const SettingValue& value : canonical_settings(cell.settings))
      made.settings[value.key] = nlohmann::json::parse(value.json);
    add_parent_settings(made.settings);
    made.steps = total_steps(cell.settings);
    made.engine = "cpu";
    made.device = "made up";
    made.seconds = 36.0;
    fill(made);
  }
  return cells;
}

/// The value of a numeric setting.
inline double setting(const ResultCell& cell, const char* key) {
  return cell.settings.at(key).get<double>();
}

/// The judgment of a figure's claim.
inline Judgment judgment_of(std::string_view figure, const std::vector<ResultCell>& cells) {
  for (const Claim& claim : all_claims())
    if (claim.figure == figure) return judge_claim(claim, cells, {});
  throw std::runtime_error("no claim of figure " + std::string(figure));
}

}  // namespace modsweep::claims
