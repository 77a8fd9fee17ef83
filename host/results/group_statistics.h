// All statistics of groups of cells, as a table: what `aggregate` writes, and what pages hold.
#pragma once

#include "results/groups.h"
#include "results/result_table.h"

#include <span>
#include <string>
#include <vector>

#include "modsweep/statistics.h"

namespace modsweep {

/// A row for each group and column of numbers: the group's keys, `value` (the name of the column), n,
/// missing, diverged, mean, sd, median, trimmed_mean, min, max, and the interval of `statistic` with how it
/// was made. `columns` are those that the groups were read with.
[[nodiscard]] ResultTable statistics_table(const std::vector<std::string>& keys,
                                           const std::vector<std::string>& columns,
                                           std::span<const CellGroup> groups, Statistic statistic,
                                           const IntervalSettings& intervals);

}  // namespace modsweep
