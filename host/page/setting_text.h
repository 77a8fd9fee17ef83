// Settings of recorded sweeps in words.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

namespace modsweep::page {

/// A path or a name as a word of a shell's command: in quotes where it needs them.
[[nodiscard]] std::string shell_word(std::string_view text);

/// A setting's value for reading: texts without quotes, numbers to six digits.
[[nodiscard]] std::string value_text(const nlohmann::json& value);

/// "0.1, 0.2, 0.4"; "0 to 9" for consecutive integers; of many, the first ones, the number of all and the
/// last. `values`: a list.
[[nodiscard]] std::string values_text(const nlohmann::json& values, std::size_t most = 12);

}  // namespace modsweep::page
