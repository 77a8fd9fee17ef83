#include "results/group_statistics.h"

#include <utility>

namespace modsweep {
namespace {

using nlohmann::json;

/// A row of the result: one column of one group.
std::vector<json> statistics_row(const CellGroup& group, const std::string& name, std::vector<double> values,
                                 std::size_t cells, Statistic statistic, IntervalMaker& maker) {
  std::vector<json> row = group.keys;
  row.insert(row.end(), {name, values.size(), cells - values.size(), group.diverged});
  const StatisticInterval found = maker.of(values, statistic);
  if (values.empty()) {
    row.resize(row.size() + 6);
  } else {
    const Summary summary = summarize(std::move(values));
    row.insert(row.end(), {summary.mean, json_or_null(summary.standard_deviation), summary.median,
                           summary.trimmed_mean, summary.min, summary.max});
  }
  row.emplace_back(name_of(statistic));
  row.push_back(found.interval ? json(found.interval->low) : json());
  row.push_back(found.interval ? json(found.interval->high) : json());
  row.emplace_back(found.made_by);
  row.push_back(json_or_null(found.confidence));
  row.push_back(found.reason.empty() ? json() : json(found.reason));
  return row;
}

std::vector<std::string> statistics_header(const std::vector<std::string>& keys) {
  std::vector<std::string> columns = keys;
  columns.insert(columns.end(),
                 {"value", "n", "missing", "diverged", "mean", "sd", "median", "trimmed_mean", "min", "max",
                  "ci_of", "ci_low", "ci_high", "ci_by", "ci_confidence", "note"});
  return columns;
}

}  // namespace

ResultTable statistics_table(const std::vector<std::string>& keys, const std::vector<std::string>& columns,
                             std::span<const CellGroup> groups, Statistic statistic,
                             const IntervalSettings& intervals) {
  ResultTable table{statistics_header(keys), {}};
  IntervalMaker maker(intervals);
  for (const CellGroup& group : groups)
    for (std::size_t i = 0; i < columns.size(); ++i)
      table.rows.push_back(statistics_row(group, columns[i], group.values(i, columns.size()),
                                          group.numbers.size() / columns.size(), statistic, maker));
  return table;
}

}  // namespace modsweep
