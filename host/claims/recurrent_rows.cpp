#include "claims/recurrent_rows.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <map>
#include <numeric>
#include <utility>

namespace modsweep::claims {

using nlohmann::json;

double number_in(const json& row, const char* column) {
  const auto found = row.find(column);
  return found != row.end() && found->is_number() ? found->get<double>()
                                                  : std::numeric_limits<double>::quiet_NaN();
}

double mean_of(const std::vector<double>& values) {
  return values.empty()
             ? std::numeric_limits<double>::quiet_NaN()
             : std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

std::vector<double> column_of(const ResultCell& cell, const std::string& table, const char* column,
                              const std::function<bool(const json&)>& wanted) {
  std::vector<double> values;
  for (const json& row : cell.table(table))
    if (const double value = number_in(row, column); wanted(row) && !std::isnan(value))
      values.push_back(value);
  return values;
}

std::vector<double> means_by(const std::vector<json>& rows, const char* key, const char* column) {
  std::map<double, std::vector<double>> by_key;
  for (const json& row : rows)
    if (const double value = number_in(row, column); !std::isnan(value))
      by_key[number_in(row, key)].push_back(value);
  std::vector<double> means;
  for (const auto& [at, values] : by_key) means.push_back(mean_of(values));
  return means;
}

std::optional<Thirds> thirds_of(const std::vector<double>& values) {
  if (values.size() < 2) return std::nullopt;
  const auto third = static_cast<std::ptrdiff_t>(std::max<std::size_t>(values.size() / 3, 1));
  return Thirds{mean_of({values.begin(), values.begin() + third}),
                mean_of({values.end() - third, values.end()})};
}

std::vector<json> perturbed_rows(const ResultCell& cell, const char* what) {
  std::vector<json> rows;
  for (const json& row : cell.table("robustness"))
    if (row.value("perturbed", "") == what) rows.push_back(row);
  return rows;
}

double half_strength(const ResultCell& cell, const char* what) {
  constexpr double solved = 0.9, half = 0.5;
  std::map<double, std::vector<double>> at_strength;  // 1: solved
  for (const json& row : perturbed_rows(cell, what))
    at_strength[number_in(row, "strength")].push_back(number_in(row, "accuracy") > solved ? 1.0 : 0.0);
  std::optional<std::pair<double, double>> before;  // strength, share
  for (const auto& [strength, hits] : at_strength) {
    const double share = mean_of(hits);
    if (share < half) {
      if (!before) return strength;
      const double part = (before->second - half) / (before->second - share);
      return before->first * std::pow(strength / before->first, part);
    }
    before = {strength, share};
  }
  return before ? before->first : std::numeric_limits<double>::quiet_NaN();
}

}  // namespace modsweep::claims
