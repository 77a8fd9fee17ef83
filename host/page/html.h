// Text as parts of an HTML document: nothing that a name holds can become markup.
#pragma once

#include <string>
#include <string_view>

namespace modsweep::page {

/// `text` as the content of an element or of an attribute in double quotes. Control characters other than
/// line breaks and tabs, and bytes that are not UTF-8, become U+FFFD.
[[nodiscard]] std::string escaped(std::string_view text);

/// A link that holds the text itself (RFC 2397), for an attribute in double quotes. `type`: "text/csv".
[[nodiscard]] std::string data_link(std::string_view type, std::string_view text);

/// A word for an id or a file's name: letters, digits and '-'; the same for the same text.
[[nodiscard]] std::string plain_word(std::string_view text);

}  // namespace modsweep::page
