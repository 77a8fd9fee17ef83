// Values as stores return them: JSON texts.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "modsweep/store.h"

namespace modsweep {

/// The number in a JSON text; NaN for null, none for anything else.
[[nodiscard]] std::optional<double> json_number(std::string_view text);

/// The same, but throws InputError for anything else: `column` of `path` holds no numbers.
[[nodiscard]] double number_in(const std::string& text, std::string_view column, std::string_view path);

/// Throws InputError, with the nearest name, if a table lacks a column; `path` names the store.
void check_column(const std::string& name, const std::vector<std::string>& columns, std::string_view path,
                  Table table);

}  // namespace modsweep
