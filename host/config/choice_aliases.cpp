// Names that stand for a choice together with another setting.
#include "config/draft.h"

#include <algorithm>

#include <fmt/format.h>

namespace modsweep {
namespace {

std::string name_json(std::string_view name) {
  return fmt::format("\"{}\"", name);
}

/// Refuses another value of the setting that the alias sets.
[[noreturn]] void refuse_other(const ChoiceAlias& alias, const std::string& location,
                               const std::string& given) {
  fail(location, fmt::format("{} is given beside \"{}\", which is {}; leave it out, or write \"{}\"", given,
                             alias.name, alias.meaning(), alias.choice));
}

/// Adds an axis of the other setting, zipped with the axis of the choice: the alias's value at its points,
/// the sweep's own at the others.
void resolve_axis(const KeyInfo& key, const ChoiceAlias& alias, Draft& draft) {
  AxisDraft& axis = *draft.axis(key.name);
  const std::string other(alias.other_key);
  const auto fixed = draft.fixed.find(other);
  const std::string otherwise = fixed == draft.fixed.end() ? find_key(other)->standard : fixed->second.json;
  AxisDraft added{find_key(other), {}, axis.location};
  for (std::string& point : axis.points) {
    const bool here = point == name_json(alias.name);
    added.points.push_back(here ? std::string(alias.other_json) : otherwise);
    if (here) point = name_json(alias.choice);
  }
  const auto zip = std::ranges::find_if(
      draft.zips, [&](const Zip& one) { return std::ranges::count(one.keys, key.name) > 0; });
  if (zip != draft.zips.end())
    zip->keys.push_back(other);
  else
    draft.zips.push_back({{std::string(key.name), other}, axis.location});
  draft.axes.push_back(std::move(added));
}

void resolve_value(const KeyInfo& key, const ChoiceAlias& alias, Draft& draft) {
  Fixed& value = draft.fixed.find(key.name)->second;
  const std::string other(alias.other_key);
  const auto given = draft.fixed.find(other);
  // --set of the alias also replaces the other setting of the file.
  const bool replaced = draft.overridden.contains(key.name) && !draft.overridden.contains(other);
  if (given != draft.fixed.end() && given->second.json != alias.other_json && !replaced)
    refuse_other(alias, given->second.location, fmt::format("{} = {}", other, given->second.json));
  value.json = name_json(alias.choice);
  draft.fixed[other] = {std::string(alias.other_json), value.location};
}

}  // namespace

void resolve_aliases(Draft& draft) {
  for (const KeyInfo& key : setting_keys())
    for (const ChoiceAlias& alias : key.aliases) {
      const AxisDraft* axis = draft.axis(key.name);
      const auto fixed = draft.fixed.find(key.name);
      const bool on_axis = axis != nullptr && std::ranges::count(axis->points, name_json(alias.name)) > 0;
      // An axis wins over its table, whose value is not used.
      const bool alone =
          axis == nullptr && fixed != draft.fixed.end() && fixed->second.json == name_json(alias.name);
      if (axis != nullptr && fixed != draft.fixed.end()) draft.fixed.erase(fixed);
      if (!on_axis && !alone) continue;
      if (const AxisDraft* other = draft.axis(alias.other_key))
        refuse_other(alias, other->location, fmt::format("the axis {}", alias.other_key));
      on_axis ? resolve_axis(key, alias, draft) : resolve_value(key, alias, draft);
      draft.notes.push_back(fmt::format("{} = \"{}\" is {}", key.name, alias.name, alias.meaning()));
    }
}

}  // namespace modsweep
