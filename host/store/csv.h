// Fields of CSV (RFC 4180).
#pragma once

#include <string>

namespace modsweep {

/// A text as a field, quoted where it must be. An empty text is "", unlike a missing value, which is nothing.
[[nodiscard]] std::string csv_text(const std::string& value);

/// A field that is JSON already: strings lose their JSON quotes, everything else is the text itself.
[[nodiscard]] std::string csv_of_json(const std::string& json);

}  // namespace modsweep
