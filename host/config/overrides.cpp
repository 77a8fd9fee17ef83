// --set key=value.
#include "config/draft.h"
#include "config/setting_lists.h"
#include "core/text.h"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "modsweep/error.h"

namespace modsweep {
namespace {

struct Override {
  std::string key;       // "noise.strength"
  bool in_axes = false;  // written as axes."noise.strength"
  toml::table document;  // { value = ... }
  Source source;
  std::string location;

  [[nodiscard]] const toml::node& value() const { return *document.get("value"); }
};

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

bool is_bare_word(std::string_view text) {
  return is_plain_name(text) && !(text.front() >= '0' && text.front() <= '9') && text.front() != '-' &&
         text.front() != '.';
}

/// Whether the text is a list but for its brackets: "0,1,2".
bool is_bare_list(std::string_view text) {
  if (text.find(',') == std::string_view::npos) return false;
  try {
    static_cast<void>(toml::parse("value = [" + std::string(text) + "]"));
    return true;
  } catch (const toml::parse_error&) {
    return false;
  }
}

toml::table parse_value(std::string_view text, const std::string& location) {
  if (text.empty()) fail(location, "there is no value; write key=value");
  // The value must be on one line, so that it cannot contain other keys.
  if (text.find_first_of("\r\n") != std::string_view::npos)
    fail(location, "the value has more than one line; write it on one");
  try {
    return toml::parse("value = " + std::string(text));
  } catch (const toml::parse_error& error) {
    if (is_bare_word(text)) return toml::table{{"value", std::string(text)}};
    if (is_bare_list(text))
      fail(location, fmt::format("a list is written in brackets: [{}]", one_line(text)));
    fail(location, fmt::format("the value is {}", syntax_message(error)));
  }
}

[[noreturn]] void fail_unknown(const Override& change) {
  fail(change.location,
       fmt::format("unknown key {}{}", one_line(change.key), unknown_key_remedy(change.key)));
}

Override parse_override(const std::string& text) {
  const Source source = Source::option(text);
  const std::string location = source.at({});
  const std::size_t equals = text.find('=');
  if (equals == std::string::npos) fail(location, "there is no '='; write key=value, as noise.strength=0.1");
  std::string_view key = trimmed(std::string_view(text).substr(0, equals));
  constexpr std::string_view axes = "axes.";
  const bool in_axes = key.starts_with(axes);
  if (in_axes) key.remove_prefix(axes.size());
  if (key.size() >= 2 && (key.front() == '"' || key.front() == '\'') && key.back() == key.front())
    key = key.substr(1, key.size() - 2);
  Override result{std::string(key), in_axes, {}, source, location};
  if (key == "axes" || key == "zip")
    fail(location,
         fmt::format(
             "{} cannot be set as a whole; set single axes, as noise.strength=[0.1,0.2], or edit the file",
             key));
  const std::string_view value = trimmed(std::string_view(text).substr(equals + 1));
  const bool may_be_list = is_setting_list_name(key) && value.starts_with('[');
  if (key != "name" && find_key(key) == nullptr && !may_be_list) fail_unknown(result);
  result.document = parse_value(value, location);
  return result;
}

void set_name(const Override& change, Draft& draft) {
  const auto* text = change.value().as_string();
  if (text == nullptr || !is_plain_name(text->get()))
    fail(change.location, "that is no name; use 1 to 100 letters, digits, '.', '_' and '-'");
  draft.name = text->get();
}

void set_axis(AxisDraft axis, Draft& draft) {
  if (AxisDraft* old = draft.axis(axis.name))
    *old = std::move(axis);
  else
    draft.axes.push_back(std::move(axis));
}

void apply(const Override& change, Draft& draft) {
  const KeyInfo* info = find_key(change.key);
  if (info == nullptr) {
    if (!is_setting_list(change.value())) fail_unknown(change);
    return set_axis(read_setting_list(change.key, change.value(), change.source, change.location), draft);
  }
  const KeyInfo& key = *info;
  if (const std::string_view partner = schedule_partner(change.key); !partner.empty()) {
    if (draft.overridden.contains(partner))
      fail(change.location, fmt::format("{} is set as well; keep one of them", partner));
    draft.fixed.erase(std::string(partner));
    draft.remove_axis(partner);
  }
  if (change.in_axes || is_axis(change.value(), key)) {
    set_axis(axis_along(key, change.value(), change.source, change.location), draft);
  } else {
    draft.fixed[change.key] = {value_json(change.value(), key, change.source), change.location};
    draft.remove_axis(change.key);
  }
}

// Zipped axes are overridden together or not at all: half a pair would be another grid than the file
// describes.
void check_zips(Draft& draft) {
  for (const Zip& zip : draft.zips) {
    const auto set =
        std::ranges::count_if(zip.keys, [&](const auto& key) { return draft.overridden.contains(key); });
    const auto axes =
        std::ranges::count_if(zip.keys, [&](const auto& key) { return draft.axis(key) != nullptr; });
    if (set == 0) continue;
    const auto keys = static_cast<std::ptrdiff_t>(zip.keys.size());
    if (set < keys || (axes > 0 && axes < keys))
      fail(zip.location,
           fmt::format(
               "--set changes a part of the zipped axes {0}; set all of {0}, each to one value or each "
               "to a list of the same length",
               fmt::join(zip.keys, ", ")));
  }
  std::erase_if(draft.zips, [&](const Zip& zip) {
    return std::ranges::all_of(zip.keys, [&](const auto& key) {
      return draft.overridden.contains(key) && draft.axis(key) == nullptr;
    });
  });
}

// A list of settings is replaced as a whole, too.
void check_setting_lists(const Draft& draft) {
  for (const AxisDraft& axis : draft.axes)
    for (const auto& point : axis.lists)
      for (const SettingValue& setting : point)
        if (draft.overridden.contains(setting.key) ||
            draft.overridden.contains(schedule_partner(setting.key)))
          fail(axis.location,
               fmt::format("--set changes {}, which the axis {} sets, too; set {} as a whole, as "
                           "{}=[{{{}=...}}, ...]",
                           setting.key, axis.name, axis.name, axis.name, setting.key));
}

}  // namespace

void apply_overrides(const std::vector<std::string>& overrides, Draft& draft) {
  for (const std::string& text : overrides) {
    const Override change = parse_override(text);
    if (!draft.overridden.insert(change.key).second)
      fail(change.location, fmt::format("{} is set twice; keep one", change.key));
    if (change.key == "name")
      set_name(change, draft);
    else
      apply(change, draft);
  }
  check_zips(draft);
  check_setting_lists(draft);
}

}  // namespace modsweep
