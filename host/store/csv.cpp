#include "store/csv.h"

#include <nlohmann/json.hpp>

namespace modsweep {

std::string csv_text(const std::string& value) {
  if (!value.empty() && value.find_first_of(",\"\r\n") == std::string::npos) return value;
  std::string out = "\"";
  for (const char c : value) {
    if (c == '"') out += '"';
    out += c;
  }
  return out + '"';
}

std::string csv_of_json(const std::string& json) {
  if (json.empty() || json.front() != '"') return csv_text(json);
  return csv_text(nlohmann::json::parse(json).get<std::string>());
}

}  // namespace modsweep
