// A picture's SVG as a part of a page.
#pragma once

#include <string>
#include <string_view>

namespace modsweep::page {

/// An SVG document as an element of an HTML document: without its XML head and its name spaces, with `prefix`
/// before each id and each reference to one, so that ids of several pictures differ. Throws LogicError for a
/// text without an <svg> element.
[[nodiscard]] std::string inline_svg(std::string_view svg, std::string_view prefix);

}  // namespace modsweep::page
