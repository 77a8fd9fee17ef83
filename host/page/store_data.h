// What a page tells of a store, read once.
#pragma once

#include "page/shown_columns.h"
#include "results/groups.h"

#include <cstddef>
#include <string>
#include <vector>

#include "modsweep/store.h"

namespace modsweep::page {

/// A run that wrote the store, in words; "-" where something is not recorded.
struct RunRow {
  std::string began;
  std::string ended;
  std::string outcome;
  std::string host;
  std::string program;  ///< version and commit
  std::string device;
  std::string command;
};

struct StoreData {
  std::string name;   ///< of the store, for messages
  std::string words;  ///< its files as words of a command
  std::vector<StoredSweep> sweeps;
  StoreStatus status;
  std::vector<RunRow> runs;          ///< oldest first
  std::vector<std::string> keys;     ///< settings that tell groups apart, as in `aggregate`
  std::vector<bool> shown_keys;      ///< [keys]: not of those that vary together with others and tell nothing
  std::vector<std::string> columns;  ///< measured columns that were read
  std::vector<ShownColumn> shown;    ///< those of them that are told about, without those that are empty
  std::vector<CellGroup> groups;     ///< of finished cells; empty: none is finished
  bool many = false;                 ///< too many cells to read all of their columns, or their history

  /// The values of a column in a group; empty where the column was not read.
  [[nodiscard]] std::vector<double> values(const CellGroup& group, const std::string& column) const;
  /// Cells of a group that are done.
  [[nodiscard]] std::size_t cells(const CellGroup& group) const {
    return columns.empty() ? 0 : group.numbers.size() / columns.size();
  }
  /// The keys that are shown, by name, and a group's values of them.
  [[nodiscard]] std::vector<std::string> shown_names() const;
  [[nodiscard]] std::vector<nlohmann::json> shown_values(const CellGroup& group) const;
  /// "noise.exponent 1, noise.strength 0.1".
  [[nodiscard]] std::string text_of(const CellGroup& group) const;

  [[nodiscard]] std::uint64_t grid_cells() const;
  [[nodiscard]] std::uint64_t done() const;
  [[nodiscard]] std::uint64_t diverged() const;
  [[nodiscard]] std::uint64_t left() const;
};

/// `name` is used in messages, `files` in commands. Throws as read_groups, but not where no cell is finished.
[[nodiscard]] StoreData read_store_data(const Store& store, const std::string& name,
                                        const std::vector<std::string>& files);

}  // namespace modsweep::page
