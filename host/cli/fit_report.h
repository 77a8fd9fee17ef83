// Results of `fit`, as a table for people and as records for the store.
#pragma once

#include "cli/result_table.h"

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "modsweep/fit.h"
#include "modsweep/statistics.h"
#include "modsweep/store.h"

namespace modsweep::cli {

/// A parameter of a kind of fit.
struct FitParameter {
  const char* name = "";
  bool has_interval = false;
};

/// The fit of one group.
struct FitRow {
  std::vector<nlohmann::json> keys;
  nlohmann::ordered_json parameters = nlohmann::ordered_json::object();
  nlohmann::ordered_json intervals = nlohmann::ordered_json::object();
  std::string note{};

  void set(const char* name, const nlohmann::json& value) { parameters[name] = value; }
  void set(const char* name, double value, const std::optional<Interval>& interval) {
    parameters[name] = value;
    if (interval) intervals[name] = {interval->low, interval->high};
  }
};

/// The parameters of a transition's row.
inline constexpr std::array transition_parameters = {FitParameter{"x_star", true},
                                                     FitParameter{"low", false},
                                                     FitParameter{"high", false},
                                                     FitParameter{"steepness", false},
                                                     FitParameter{"rms", false},
                                                     FitParameter{"values", false},
                                                     FitParameter{"failed_resamples", false},
                                                     FitParameter{"interval", false}};

/// The kind of interval in words: "95 %, t over seeds", "bootstrap, 10000 resamples".
[[nodiscard]] std::string interval_text(const IntervalSettings& settings);
/// The same for the options that are stored with a fit.
[[nodiscard]] nlohmann::json interval_json(const IntervalSettings& settings);

/// A transition as a row; `values`: the number of values that it was fitted to.
[[nodiscard]] FitRow transition_row(std::vector<nlohmann::json> keys, const TransitionFit& fit,
                                    std::size_t values, const IntervalSettings& settings);

/// One row per fit: keys, each parameter (with NAME_low and NAME_high), the note. A value that a fit lacks is
/// null.
[[nodiscard]] ResultTable fit_table(const std::vector<std::string>& keys,
                                    std::span<const FitParameter> parameters,
                                    const std::vector<FitRow>& rows);

[[nodiscard]] std::vector<FitRecord> fit_records(const std::vector<std::string>& keys,
                                                 const std::vector<FitRow>& rows);

}  // namespace modsweep::cli
