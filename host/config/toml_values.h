// From TOML to canonical JSON: single values and the forms of an axis, checked against the table of settings.
#pragma once

#include "config/keys.h"
#include "config/random_axis.h"
#include "config/toml.h"

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace modsweep {

/// The beginning of messages: the location of a node in a sweep file, or the --set option it came from.
class Source {
 public:
  [[nodiscard]] static Source file(std::string_view path) { return Source(path, true); }
  /// `text` is the key=value of the option.
  [[nodiscard]] static Source option(std::string_view text) { return Source(text, false); }

  /// "sweep.toml:3:1" or "--set noise.strength=-1".
  [[nodiscard]] std::string at(const toml::source_region& region) const;

 private:
  Source(std::string_view text, bool is_file);
  std::string text_;
  bool is_file_;
};

/// The entries of a table as they stand in the file: toml++ sorts them by name, but the order decides that of
/// the axes, and which error comes first.
[[nodiscard]] std::vector<std::pair<const toml::key*, const toml::node*>> in_file_order(
    const toml::table& table);

/// The kinds of axes that are tables, by the key that has their ends.
inline constexpr std::array<std::string_view, 5> axis_forms = {"range", "linspace", "logspace", "uniform",
                                                               "loguniform"};

/// Rounded to 12 significant digits: so ids of cells do not depend on a machine's math library.
[[nodiscard]] double round_to_12_digits(double value);

/// Throws InputError "location: what".
[[noreturn]] void fail(const std::string& location, const std::string& what);

/// The remedy for a text that is not TOML.
[[nodiscard]] std::string syntax_message(const toml::parse_error& error);

/// A value of the key as canonical JSON. Throws InputError where its type or limits do not allow it.
[[nodiscard]] std::string value_json(const toml::node& node, const KeyInfo& key, const Source& source);

/// An axis that is drawn at random; none where the node is another form. Throws InputError.
[[nodiscard]] std::optional<RandomAxis> random_axis(const toml::node& node, const KeyInfo& key,
                                                    const Source& source);

/// Whether a node given with --set is an axis: a list or a table where the key accepts one value.
[[nodiscard]] bool is_axis(const toml::node& node, const KeyInfo& key);

/// The points of an axis as canonical JSON: a plain list, { range = [first, end], step = n }, { linspace =
/// [first, last], count = n } or { logspace = [first, last], count = n }. Spaced values are rounded to 12
/// significant digits, so that the ids of cells do not depend on a machine's math library; for an integer key
/// they are rounded to integers.
[[nodiscard]] std::vector<std::string> axis_json(const toml::node& node, const KeyInfo& key,
                                                 const Source& source);

}  // namespace modsweep
