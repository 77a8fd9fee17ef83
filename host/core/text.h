// Texts of error messages: quoting what a user wrote without letting it break the line, and guessing the word
// that was meant.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace modsweep {

/// `text` on one line and at most `limit` bytes long: control characters and bytes that are not UTF-8 become
/// '?', the rest of a long text "...".
[[nodiscard]] std::string one_line(std::string_view text, std::size_t limit = 60);

/// Whether the text is UTF-8, as texts in stores, JSON and sweep files are.
[[nodiscard]] bool is_utf8(std::string_view text);

/// 1 to 100 letters, digits, '.', '_' and '-': the characters of names, which then need no quoting or
/// escaping.
[[nodiscard]] bool is_plain_name(std::string_view text);

/// 1 to 1000 bytes without control characters, quotes and backslashes: a text that is its own JSON.
[[nodiscard]] bool is_plain_line(std::string_view text);

/// A cell's id as tables and messages show it: "c5313467e75195238". The letter keeps other programs from
/// reading 16 hex digits as a number.
[[nodiscard]] std::string shown_id(std::string_view id);

/// The 16 hex digits of a whole id, with or without its letter; any other text as it is.
[[nodiscard]] std::string_view bare_id(std::string_view text);

/// The number of insertions, deletions and replacements of bytes that turn one text into the other.
[[nodiscard]] std::size_t edit_distance(std::string_view a, std::string_view b);

/// The candidate with the smallest edit distance, unless even that one is too far to be a misspelling.
[[nodiscard]] std::optional<std::string_view> nearest(std::string_view text,
                                                      std::span<const std::string_view> candidates);

}  // namespace modsweep
