// modsweep settings: every setting of a sweep file, from the table that the reader of sweep files uses.
#include "cli/command.h"
#include "cli/settings_schema.h"
#include "config/keys.h"
#include "core/text.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <fmt/ostream.h>

#include "modsweep/error.h"
#include "modsweep/names.h"

namespace modsweep::cli {
namespace {

struct SettingsArguments {
  std::string pattern;  ///< empty: all
  std::string format = "table";
};

using Keys = std::vector<const KeyInfo*>;

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

/// Whether a pattern of `*` (any text) and `?` (any character) matches the whole text.
bool covers(std::string_view pattern, std::string_view text) {
  std::size_t p = 0, t = 0, star = std::string_view::npos, mark = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      mark = t;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[t])) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;  // the last star matches one more character
      t = ++mark;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

/// The keys whose name contains the pattern; with `*` or `?` in the pattern, those whose whole name matches
/// it.
Keys matching_keys(const std::string& pattern) {
  const std::string wanted = lower(pattern);
  const bool whole = wanted.find_first_of("*?") != std::string::npos;
  Keys keys;
  for (const KeyInfo& key : setting_keys())
    if (whole ? covers(wanted, key.name) : key.name.find(wanted) != std::string_view::npos)
      keys.push_back(&key);
  if (keys.empty())
    throw InputError(fmt::format("no setting matches '{}'{}", one_line(pattern), unknown_key_remedy(wanted)));
  return keys;
}

/// Calls table(section, its keys) for each table of a sweep file that has any of these keys.
template <typename Visit>
void for_each_section(const Keys& keys, Visit table) {
  for (auto first = keys.begin(); first != keys.end();) {
    const auto last = std::find_if(first, keys.end(),
                                   [&](const KeyInfo* key) { return key->section() != (*first)->section(); });
    table((*first)->section(), Keys(first, last));
    first = last;
  }
}

/// The families of networks for which a setting means something, each with its default where that is its own:
/// "feedforward, recurrent (`0.2`)".
std::string families_of(const KeyInfo& key, std::string_view quote) {
  std::string text;
  for (const auto& [family, name] : EnumNames<Family>::table) {
    if (!key.is_of(family)) continue;
    text += fmt::format("{}{}", text.empty() ? "" : ", ", name);
    if (key.standard_of(family) != key.standard)
      text += fmt::format(" ({0}{1}{0})", quote, key.standard_of(family));
  }
  return text;
}

void write_table(const Keys& keys, std::ostream& out) {
  std::size_t names = 0, defaults = 0;
  for (const KeyInfo* key : keys) {
    names = std::max(names, key->name.size());
    defaults = std::max(defaults, key->standard.size());
  }
  for (const KeyInfo* key : keys)
    fmt::print(out, "{:{}}  {:{}}  {}\n    {} [{}]\n", key->name, names, key->standard, defaults, key->type(),
               key->doc, families_of(*key, ""));
}

/// A text in a form that a cell of a Markdown table can hold.
std::string in_cell(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '|' || c == '*' || c == '<') out += '\\';
    out += c;
  }
  return out;
}

constexpr const char* markdown_top = R"(# Settings

Every key of a sweep file, as `modsweep settings --format md` writes them; `modsweep settings noise` shows those with
"noise" in their names.

A sweep file is TOML: a table of base settings for each section below, and the table `[axes]`. Any setting can be an axis,
under its dotted name in quotes: a list of values, `{ range = [first, end] }` (without `end`; `step = n` where it is not 1),
`{ linspace = [first, last], count = n }` or `{ logspace = [first, last], count = n }`, or at random
`{ uniform = [low, high], count = n, seed = s }` or `{ loguniform = [low, high], count = n, seed = s }`. An axis with a name
of your own is a list of tables of settings: `variant = [{ "noise.strength" = 0.1 }, { "regularizer.l1" = 1e-4 }]`. Axes
multiply; a line `zip = [["noise.strength", "noise.exponent"]]` above the first table makes some of them move together.
`name = "..."` names the sweep, by default as its file.

`network.family` says what networks are made of. The column "families" tells for which of them a setting means something, and
in parentheses a default of a family's own; to set it for another family is an error.

An editor that knows TOML (Taplo, or Even Better TOML in VS Code) completes and checks these keys if the file's first line
names their JSON Schema. `modsweep settings --format json > schema.json` writes the schema, and this line names it:

    #:schema ./schema.json
)";

void write_markdown(const Keys& keys, std::ostream& out) {
  out << markdown_top;
  for_each_section(keys, [&](std::string_view section, const Keys& own) {
    fmt::print(
        out, "\n## [{}]\n\n| key | default | value | meaning | families |\n| --- | --- | --- | --- | --- |\n",
        section);
    for (const KeyInfo* key : own)
      fmt::print(out, "| `{}` | `{}` | {} | {} | {} |\n", key->name, key->standard, in_cell(key->type()),
                 in_cell(key->doc), families_of(*key, "`"));
  });
}

ExitCode list_settings(const SettingsArguments& options, Console& console) {
  const Keys keys = matching_keys(options.pattern);
  if (options.format == "json")
    console.out << sweep_schema(keys);
  else if (options.format == "md")
    write_markdown(keys, console.out);
  else
    write_table(keys, console.out);
  return ExitCode::done;
}

}  // namespace

void add_settings(CLI::App& app, Action& chosen) {
  const auto options = std::make_shared<SettingsArguments>();
  CLI::App* command =
      app.add_subcommand("settings", "List the settings of a sweep file: values, defaults, meanings");
  command
      ->add_option("pattern", options->pattern,
                   "Only settings with this text in their names; * and ? stand for any text, any character")
      ->type_name("PATTERN");
  command->add_option("--format", options->format, "table, md (Markdown) or json (a JSON Schema) [table]")
      ->check(CLI::IsMember({"table", "md", "json"}))
      ->type_name("FORMAT");
  command->footer(
      "Examples:\n"
      "  modsweep settings noise\n"
      "  modsweep settings 'training.*'\n"
      "  modsweep settings --format json > schema.json\n"
      "With the line '#:schema ./schema.json' at its top, a sweep file is completed and checked by editors "
      "that\n"
      "know TOML (Taplo, Even Better TOML).");
  on_chosen(command, chosen, options, list_settings);
}

}  // namespace modsweep::cli
