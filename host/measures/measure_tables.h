// The store's tables of measurements, as the measures declare them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "modsweep/measure.h"

namespace modsweep {

/// A table whose rows are identified by cell, step and `keys`.
struct MeasuredTable {
  std::string_view name;
  std::string_view doc;
  std::int32_t since = 1;                ///< store format
  std::vector<MeasureColumn> keys = {};  ///< without cell and step
  std::vector<MeasureColumn> columns =
      {};  ///< in the order of the store: by format, then by the list of measures
  std::vector<std::size_t> listed = {};  ///< columns in the order of the list of measures
  bool exported = false;                 ///< under its own name
  bool only_last = false;                ///< has rows of a network's last step only
  bool long_rows = false;

  /// The index of the column with that name; throws LogicError if there is none.
  [[nodiscard]] std::size_t column(std::string_view name) const;
};

/// All of them: `measurements`, `layers`, then the tables of single measures in the order of their formats.
/// Throws LogicError if two measures declare the same name.
[[nodiscard]] const std::vector<MeasuredTable>& measured_tables();
inline constexpr std::size_t network_table = 0;
inline constexpr std::size_t layer_table = 1;

/// The newest store format that a measure names.
[[nodiscard]] std::int32_t measured_format();

/// The positions of one measure's columns in the tables.
struct MeasurePositions {
  std::vector<std::size_t> network;  ///< of its network columns: columns of `measurements`
  std::vector<std::size_t> layer;
  struct Own {
    std::size_t table = 0;  ///< in measured_tables()
    std::vector<std::size_t> columns;
  };
  std::vector<Own> tables;
};
/// The positions of a measure in measures().
[[nodiscard]] const MeasurePositions& positions_of(const Measure& measure);

}  // namespace modsweep
