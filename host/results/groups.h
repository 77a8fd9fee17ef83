// Cells of a store in groups, for the statistics of `aggregate` and `fit`.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include <nlohmann/json.hpp>

#include "modsweep/store.h"

namespace modsweep {

/// Cells that share the values of some columns.
struct CellGroup {
  std::vector<nlohmann::json> keys;  ///< a value for each column that was grouped by
  std::size_t diverged = 0;          ///< cells, or measurements of cells, that are left out for that
  std::vector<double> numbers;       ///< [cells][columns], row-major; NaN: no value
  std::vector<std::size_t> curves;   ///< [cells]: those that have the same labels have the same number

  /// The values of one column, ascending, so that nothing depends on the order in which cells were finished;
  /// those that are missing are left out.
  [[nodiscard]] std::vector<double> values(std::size_t column, std::size_t columns) const;
};

/// Settings that move together on an axis, as the sweeps of a store have them.
class ZippedKeys {
 public:
  explicit ZippedKeys(const Store& store);

  /// Whether two settings are on one axis, and the value of `other` tells that of `key` in all cells of the
  /// store's sweeps.
  [[nodiscard]] bool told_by(const std::string& key, const std::string& other) const;

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

/// What cells are grouped by if nothing is said: the settings that vary, without training.seed, `but`, and
/// what one of these tells. Of an axis of several settings only the first that tells the others; other seeds
/// on the axis of training.seed are no reason for groups, either.
[[nodiscard]] std::vector<std::string> default_keys(const Store& store, const std::vector<std::string>& but);

/// What tells the curves of a group apart: every setting that varies, without `keys`, `x` and what these
/// tell.
[[nodiscard]] std::vector<std::string> curve_keys(const Store& store, const std::vector<std::string>& keys,
                                                  const std::string& x);

/// Groups the rows of a table by `keys`, in ascending order of their values (numbers before texts), reads the
/// numbers in `columns`, and numbers the cells of each group by what they have in `labels`, the same in all
/// groups. Cells that diverged are counted, their numbers left out. Throws InputError where a column is not
/// there, a key is named twice, a column of numbers holds something else, or no cell is finished; `path`
/// names the store in its message.
[[nodiscard]] std::vector<CellGroup> read_groups(const Store& store, const std::string& path, Table table,
                                                 const std::vector<std::string>& keys,
                                                 const std::vector<std::string>& columns,
                                                 const std::vector<std::string>& labels = {});

}  // namespace modsweep
