// gnuplot's SVG in fewer bytes.
#pragma once

#include <string>
#include <string_view>

namespace modsweep::figures {

/// The same picture: without empty groups, line breaks, and attributes at their defaults; colors in
/// hexadecimal.
[[nodiscard]] std::string compact_svg(std::string_view svg);

/// `text` with each `what` replaced by `by`.
[[nodiscard]] std::string replaced(std::string_view text, std::string_view what, std::string_view by);

}  // namespace modsweep::figures
