// The style and the script of every page.
#pragma once

#include <string_view>

namespace modsweep::page {

[[nodiscard]] std::string_view style_sheet();
/// Sorts tables, hands out pictures as files, and loads a live page again where the reader was.
[[nodiscard]] std::string_view script();

}  // namespace modsweep::page
