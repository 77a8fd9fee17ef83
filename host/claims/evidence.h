// The results of a sweep in stores: its finished cells, all of one protocol.
#pragma once

#include "results/cells.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "modsweep/sweep.h"

namespace modsweep::claims {

/// Required values of settings, by key.
using Where = std::vector<std::pair<std::string, nlohmann::json>>;

/// The cells of one sweep that are evaluated together, and how they differ from the sweep's file.
struct Evidence {
  std::vector<ResultCell> cells;  ///< done, by id
  std::size_t diverged = 0;
  std::uint64_t steps = 0;  ///< of each cell
  std::vector<std::string>
      changes;               ///< "network.hidden = [16]": settings outside the axes that differ from the file
  std::size_t left_out = 0;  ///< finished cells of other protocols under the same name
  std::size_t file_cells = 0;        ///< cells of the file
  std::size_t file_cells_found = 0;  ///< those of them that are among `cells`
  std::uint64_t file_steps = 0;
  std::size_t file_seeds = 0;

  /// Every cell of the file, as the file asks for it.
  [[nodiscard]] bool full() const { return file_cells_found == file_cells; }
  [[nodiscard]] std::vector<const ResultCell*> where(const Where& conditions) const;
  /// The distinct values of a numeric setting, ascending.
  [[nodiscard]] std::vector<double> axis(const std::string& key) const;
  /// The value of a positive setting that is nearest to `x` in its logarithm, within a factor of 1.2; NaN:
  /// none.
  [[nodiscard]] double nearest(const std::string& key, double x) const;
};

/// The name of the sweep whose file is a shorter form of another one: NAME_quick of NAME.
[[nodiscard]] std::string quick_name(std::string_view sweep);

/// The cells of a sweep file: cells that were trained under its name, that of its shorter form, or that have
/// an id of the file. Cells that differ in their steps or in a setting outside the axes are not mixed: one
/// protocol is chosen, first one with cells under the name, then the one with the fewest changed settings,
/// the most steps, the most cells.
[[nodiscard]] Evidence evidence_of(const Sweep& file, const std::vector<ResultCell>& cells);

}  // namespace modsweep::claims
