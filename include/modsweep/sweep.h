// Sweeps: base settings and axes, and the cells they span.
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <iosfwd>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "modsweep/settings.h"

namespace modsweep {

class DatasetCache;  // modsweep/task.h

/// One value of one key as canonical text: numbers in shortest round-trip form, strings in JSON quotes, lists
/// in brackets. It is valid JSON.
struct SettingValue {
  std::string key;   ///< dotted, "noise.strength"
  std::string json;  ///< "0.1", "\"post\"", "[32,32]"

  bool operator==(const SettingValue&) const = default;
};

/// One dimension of the grid: one key, or several zipped keys that move together.
struct Axis {
  std::vector<std::string> keys;
  std::vector<std::vector<std::string>> values;  ///< [point][key], canonical JSON
};

/// One training run of a grid.
struct Cell {
  std::string id;                    ///< 16 hex digits: XXH3-64 of the canonical text of all settings; tables
                                     ///< and messages put a c before it
  std::vector<SettingValue> varied;  ///< values of the axes, in axis order
  CellSettings settings;
};

/// A sweep file, read and checked. Cells are made on demand: a sweep of millions takes no memory.
struct Sweep {
  std::string name;
  CellSettings base;
  std::vector<Axis> axes;               ///< the last axis varies fastest
  std::vector<std::string> notes = {};  ///< what its reader should tell the user, a line each; part of no id

  [[nodiscard]] std::uint64_t size() const;
  /// The i-th cell in grid order. Throws InputError where an axis value makes the cell invalid.
  [[nodiscard]] Cell cell(std::uint64_t index) const;
  /// Hidden layers of its deepest network, found without visiting all cells: where several axes determine the
  /// depth, of the deepest network that any combination of their values could give.
  [[nodiscard]] std::size_t max_hidden_layers() const;
  /// XXH3-64 of base and axes in canonical form, 16 hex digits: equal for equal grids, however the file is
  /// written.
  [[nodiscard]] std::string id() const;
};

/// Reads a sweep file; `overrides` are `key=value` texts of --set (the value in TOML syntax; a bare word is a
/// string). Overriding a key that is an axis replaces the axis. `datasets` keeps the tables that are read to
/// check the sweep, for its training; null: nobody keeps them. Throws InputError "file:line:column: what;
/// remedy".
[[nodiscard]] Sweep read_sweep(const std::string& path, const std::vector<std::string>& overrides = {},
                               DatasetCache* datasets = nullptr);

/// The same from a stream that has no file name: messages say "standard input", files are relative to the
/// current folder, and the text or an override must name the sweep.
[[nodiscard]] Sweep read_sweep(std::istream& in, const std::vector<std::string>& overrides = {},
                               DatasetCache* datasets = nullptr);

/// The same from text; `path` is used in messages.
[[nodiscard]] Sweep parse_sweep(const std::string& text, const std::string& path,
                                const std::vector<std::string>& overrides = {},
                                DatasetCache* datasets = nullptr);

/// Every key of the settings with its canonical JSON value, in canonical (sorted) order.
[[nodiscard]] std::vector<SettingValue> canonical_settings(const CellSettings& settings);

/// Whether a setting is a number that need not be whole. Its canonical text may be ("0").
[[nodiscard]] bool is_real_setting(std::string_view key);

/// The settings of a JSON object with a value for each key, as stores have them; keys that it lacks are at
/// their defaults. Throws InputError for a setting, or a value, that this program does not know; `where`
/// names the object.
[[nodiscard]] CellSettings recorded_settings(const std::string& object, const std::string& where);

/// The sweep that a store has recorded: the JSON texts of modsweep/store.h's StoredSweep. Throws as
/// recorded_settings.
[[nodiscard]] Sweep recorded_sweep(const std::string& name, const std::string& base, const std::string& axes);

/// Visits the settings of every combination of the axes that have keys in `tables` ("measure") or are named
/// there ("regularizer.l1"); on the other axes, of the first point alone. Cells are not checked. Returns
/// false, without a visit, for more combinations than can be looked at in a moment.
[[nodiscard]] bool visit_settings(const Sweep& sweep, std::initializer_list<std::string_view> tables,
                                  const std::function<void(const CellSettings&)>& visit);

/// The id of a cell with these settings.
[[nodiscard]] std::string cell_id(const CellSettings& settings);

}  // namespace modsweep
