// Test data of each claim: results with which it holds, results with which it does not, and the cells that it
// needs. The cases of host/claims/NAME_claims.cpp are NAME_cases() of NAME_cases.cpp.
#pragma once

#include "claims/made_up.h"

#include <functional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace modsweep::claims {

/// Changed numbers of some cells that make a claim fail.
struct Break {
  std::string name;
  Fill fill;  ///< applied after the numbers with which the claim holds
};

struct Case {
  std::string figure;
  std::string sweep;
  Fill holds;
  std::vector<Break> breaks;
  std::function<bool(const ResultCell&)> needed;  ///< cells without which the claim cannot be judged
};

inline bool is(const ResultCell& cell, const char* key, const nlohmann::json& value) {
  return cell.settings.at(key) == value;
}

/// Sets `column` to `value` where `key` has the value `at`.
inline Fill set_where(const char* key, const nlohmann::json& at, const char* column, double value) {
  return [=](ResultCell& cell) {
    if (is(cell, key, at)) cell.numbers[column] = value;
  };
}

/// The coefficient of weighted activity.
inline double wa(const ResultCell& cell) {
  return setting(cell, "regularizer.weighted_activity");
}

}  // namespace modsweep::claims
