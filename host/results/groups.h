// Cells of a store in groups, for the statistics of `aggregate` and `fit`.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include <nlohmann/json.hpp>

#include "modsweep/store.h"

namespace modsweep {

/// Cells that share the values of some columns.
struct CellGroup {
  std::vector<nlohmann::json> keys;  ///< a value for each column of the grouping
  std::size_t diverged = 0;          ///< cells, or measurements of cells, left out as diverged
  std::vector<double> numbers;       ///< [cells][columns], row-major; NaN: no value
  std::vector<std::size_t> curves;   ///< [cells]: index of the curve, the same for equal labels

  /// The values of one column, without missing ones, ascending, so that the result does not depend on the
  /// order in which cells were finished.
  [[nodiscard]] std::vector<double> values(std::size_t column, std::size_t columns) const;
};

/// Settings that vary together on an axis, according to the sweeps of a store.
class ZippedKeys {
 public:
  explicit ZippedKeys(const Store& store);

  /// Whether two settings are on one axis, and the value of `other` determines that of `key` in all cells of
  /// the store's sweeps.
  [[nodiscard]] bool told_by(const std::string& key, const std::string& other) const;
  /// Whether two settings are on one axis of some sweep.
  [[nodiscard]] bool on_one_axis(const std::string& key, const std::string& other) const;

 private:
  struct AxisValues {
    std::vector<std::string> keys;
    nlohmann::json values;  ///< [points][keys]
  };
  struct SweepKeys {
    nlohmann::json base;
    std::vector<AxisValues> axes;
  };
  using Values = std::unordered_map<std::string, std::string>;
  [[nodiscard]] static bool add_values(const SweepKeys& sweep, const std::string& key,
                                       const std::string& other, Values& key_of_other);

  std::vector<SweepKeys> sweeps_;
};

/// The default grouping: the settings that vary, without training.seed, without `but`, and without those that
/// one of these determines. Of an axis of several settings only the first that determines the others is
/// included; other seeds on the axis of training.seed do not form groups either.
[[nodiscard]] std::vector<std::string> default_keys(const Store& store, const std::vector<std::string>& but);

/// The settings that distinguish the curves of a group: every setting that varies, without `keys`, `x` and
/// the settings that these determine.
[[nodiscard]] std::vector<std::string> curve_keys(const Store& store, const std::vector<std::string>& keys,
                                                  const std::string& x);

/// Which columns of a table tell its rows apart: those that are `kept` already, then, from left to right,
/// each that tells rows apart that the columns chosen before do not. `rows`: [row][column].
[[nodiscard]] std::vector<bool> telling_columns(std::span<const std::vector<std::string>> rows,
                                                std::vector<bool> kept);

/// For a short table of groups: which of `keys` to show, all of them without those that vary together with
/// others on an axis and tell no groups apart that the others do not.
[[nodiscard]] std::vector<bool> telling_keys(const Store& store, const std::vector<std::string>& keys,
                                             std::span<const CellGroup> groups);

/// Groups the rows of a table by `keys`, in ascending order of their values (numbers before texts), reads the
/// numbers in `columns`, and numbers the curves of cells by their values of `labels`, the same in all groups.
/// Cells that diverged are counted, their numbers left out. Throws InputError if a column is missing, a key
/// is named twice, a column of numbers holds something else, or no cell is finished; `path` names the store
/// in the message. `only`: ids of cells as the table shows them, instead of all; with none of them there are
/// no groups.
[[nodiscard]] std::vector<CellGroup> read_groups(const Store& store, const std::string& path, Table table,
                                                 const std::vector<std::string>& keys,
                                                 const std::vector<std::string>& columns,
                                                 const std::vector<std::string>& labels = {},
                                                 const std::unordered_set<std::string>* only = nullptr);

}  // namespace modsweep
