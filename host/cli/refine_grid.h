// The cells of a refinement: a sweep's grid, seen as rows of seeds along one axis, and rows outside that
// grid.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "modsweep/refinement.h"
#include "modsweep/sweep.h"

namespace modsweep::cli {

/// A row of one of the grid's groups.
struct GroupRow {
  std::size_t group = 0;
  RefinementRow row;
};

class RefineGrid {
 public:
  /// `x` is the axis to refine. Throws InputError if the sweep lacks such an axis of five or more positive
  /// numbers, or an axis training.seed of two or more; each must be an axis of its own.
  RefineGrid(const Sweep& sweep, const std::string& x);

  /// The settings of the other axes, which distinguish the groups.
  [[nodiscard]] const std::vector<std::string>& group_keys() const { return group_keys_; }
  /// Their values, for each group.
  [[nodiscard]] const std::vector<std::vector<nlohmann::json>>& groups() const { return groups_; }
  [[nodiscard]] const std::vector<double>& x() const { return x_; }
  [[nodiscard]] bool whole_numbers() const { return whole_numbers_; }
  [[nodiscard]] std::size_t seeds() const { return seeds_.size(); }  ///< networks per row

  /// The cells of these rows, row by row, as a sweep with a single axis. Throws InputError if new seeds would
  /// be too large.
  [[nodiscard]] Sweep sweep_of(const std::vector<GroupRow>& rows, const std::string& name) const;

 private:
  [[nodiscard]] std::string x_text(double value) const;
  [[nodiscard]] std::string seed_text(std::size_t seed, std::uint32_t block) const;

  const Sweep& sweep_;
  std::size_t x_axis_ = 0;
  std::size_t seed_axis_ = 0;
  std::vector<double> x_;
  std::vector<std::uint64_t> seeds_;
  bool whole_numbers_ = false;
  std::vector<std::string> group_keys_;
  std::vector<std::vector<std::size_t>> group_points_;  // [group][axis]: points of the other axes
  std::vector<std::vector<nlohmann::json>> groups_;
};

}  // namespace modsweep::cli
