// Numbers of one recurrent network from the rows of its tables.
#pragma once

#include "results/cells.h"

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace modsweep::claims {

inline constexpr const char* topology = "network.topology";
inline constexpr const char* units = "network.units";

/// The number in a column of a row; NaN where it has none.
[[nodiscard]] double number_in(const nlohmann::json& row, const char* column);

/// The mean; NaN of nothing.
[[nodiscard]] double mean_of(const std::vector<double>& values);

/// The values of a column, in the order of the rows, of those rows that are asked for; without NaN.
[[nodiscard]] std::vector<double> column_of(
    const ResultCell& cell, const std::string& table, const char* column,
    const std::function<bool(const nlohmann::json&)>& wanted = [](const nlohmann::json&) { return true; });

/// The means of a column by a key, such as the module, in ascending order of the key.
[[nodiscard]] std::vector<double> means_by(const std::vector<nlohmann::json>& rows, const char* key,
                                           const char* column);

/// Means of the first and the last third of some values, each of at least one; none of fewer than two values.
struct Thirds {
  double first = 0.0;
  double last = 0.0;
};
[[nodiscard]] std::optional<Thirds> thirds_of(const std::vector<double>& values);

/// The rows of the table `robustness` where `perturbed` is `what`.
[[nodiscard]] std::vector<nlohmann::json> perturbed_rows(const ResultCell& cell, const char* what);

/// The strength of a perturbation that leaves half of the tasks above an accuracy of 0.9, between measured
/// ones by their logarithms; the least, or largest measured one where it is not between them. NaN: not
/// measured.
[[nodiscard]] double half_strength(const ResultCell& cell, const char* what);

}  // namespace modsweep::claims
