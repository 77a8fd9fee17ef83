// Fields of CSV (RFC 4180).
#pragma once

#include <string>

namespace modsweep {

/// A text as a field, quoted if necessary. An empty text becomes "", so that it differs from a missing value.
[[nodiscard]] std::string csv_text(const std::string& value);

/// A field from JSON: a string without its JSON quotes, any other value as its text.
[[nodiscard]] std::string csv_of_json(const std::string& json);

}  // namespace modsweep
