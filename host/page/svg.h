// gnuplot's SVG as a part of a page.
#pragma once

#include <string>
#include <string_view>

namespace modsweep::page {

/// The same picture in fewer bytes: without empty groups, line breaks, and attributes at their defaults;
/// colors in hexadecimal.
[[nodiscard]] std::string compact_svg(std::string_view svg);

/// An SVG document as an element of an HTML document: without its XML head and its name spaces, with `prefix`
/// before each id and each reference to one, so that ids of several pictures differ. Throws LogicError for a
/// text without an <svg> element.
[[nodiscard]] std::string inline_svg(std::string_view svg, std::string_view prefix);

/// `text` with each `what` replaced by `by`.
[[nodiscard]] std::string replaced(std::string_view text, std::string_view what, std::string_view by);

}  // namespace modsweep::page
