// Numbers as people read them: durations, counts, and values with a decimal prefix.
#pragma once

#include <string>
#include <string_view>

namespace modsweep {

/// "3 h 20 min", "45 s", "2.1 days"; "unknown" where it is not finite.
[[nodiscard]] std::string format_duration(double seconds);
/// A whole number with commas between thousands.
[[nodiscard]] std::string format_count(double value);
/// "12.3k", "4.56M": three digits and a decimal prefix.
[[nodiscard]] std::string format_short(double value);
/// "1.50 GB", "12 bytes", "3.02 TFLOP": with a decimal prefix to the unit; bytes are "bytes" where there is
/// none.
[[nodiscard]] std::string format_unit(double value, std::string_view unit);
/// "1 cell", "1,234 cells".
[[nodiscard]] std::string format_plural(double count, std::string_view noun);

}  // namespace modsweep
