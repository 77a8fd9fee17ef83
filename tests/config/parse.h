// Short ways to parse a sweep in a test.
#pragma once

#include <string>
#include <vector>

#include "modsweep/error.h"
#include "modsweep/sweep.h"

namespace modsweep::test {

/// A sweep from text.
inline Sweep parse(const std::string& text, const std::vector<std::string>& overrides = {}) {
  return parse_sweep(text, "test.toml", overrides);
}

/// The message of the InputError from parsing; empty if there is none.
inline std::string error_of(const std::string& text, const std::vector<std::string>& overrides = {}) {
  try {
    (void)parse(text, overrides);
  } catch (const InputError& error) {
    return error.what();
  }
  return {};
}

/// The minimal content of a sweep.
inline const std::string run = "[training]\nsteps = 100\n";

/// The canonical JSON of one key of a cell.
inline std::string value_of_key(const CellSettings& settings, const std::string& key) {
  for (const SettingValue& value : canonical_settings(settings))
    if (value.key == key) return value.json;
  return "no such key";
}

}  // namespace modsweep::test
