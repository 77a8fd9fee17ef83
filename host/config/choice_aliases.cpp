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

/// The value of a setting where no axis varies it.
std::string fixed_value(std::string_view key, const Draft& draft) {
  const auto fixed = draft.fixed.find(key);
  return fixed == draft.fixed.end() ? find_key(key)->standard : fixed->second.json;
}

Zip* zip_of(std::string_view key, Draft& draft) {
  const auto zip =
      std::ranges::find_if(draft.zips, [&](const Zip& one) { return std::ranges::count(one.keys, key) > 0; });
  return zip == draft.zips.end() ? nullptr : &*zip;
}

/// The axis of the other setting, which moves with that of the choice; a new one has the sweep's own value
/// everywhere. Throws InputError if it is an axis that does not.
AxisDraft& axis_beside(const KeyInfo& key, const ChoiceAlias& alias, Draft& draft) {
  Zip* zip = zip_of(key.name, draft);
  if (AxisDraft* other = draft.axis(alias.other_key)) {
    if (zip == nullptr || zip != zip_of(alias.other_key, draft))
      refuse_other(alias, other->location, fmt::format("the axis {}", alias.other_key));
    return *other;
  }
  const std::string other(alias.other_key);
  const AxisDraft& axis = *draft.axis(key.name);
  if (zip != nullptr)
    zip->keys.push_back(other);
  else
    draft.zips.push_back({{std::string(key.name), other}, axis.location});
  return draft.axes.emplace_back(AxisDraft{
      other, find_key(other), std::vector(axis.points.size(), fixed_value(other, draft)), axis.location});
}

/// Gives the other setting the alias's value at the points of an axis that name the alias.
void resolve_axis(const KeyInfo& key, const ChoiceAlias& alias, Draft& draft) {
  const std::string otherwise = fixed_value(alias.other_key, draft);
  AxisDraft& other = axis_beside(key, alias, draft);
  AxisDraft& axis = *draft.axis(key.name);
  for (std::size_t i = 0; i < std::min(axis.points.size(), other.points.size()); ++i) {
    if (axis.points[i] != name_json(alias.name)) continue;
    axis.points[i] = name_json(alias.choice);
    if (other.points[i] != alias.other_json && other.points[i] != otherwise)
      refuse_other(alias, other.location, fmt::format("{} = {}", alias.other_key, other.points[i]));
    other.points[i] = alias.other_json;
  }
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
      if (const AxisDraft* other = draft.axis(alias.other_key); alone && other != nullptr)
        refuse_other(alias, other->location, fmt::format("the axis {}", alias.other_key));
      on_axis ? resolve_axis(key, alias, draft) : resolve_value(key, alias, draft);
      draft.notes.push_back(fmt::format("{} = \"{}\" is {}", key.name, alias.name, alias.meaning()));
    }
}

}  // namespace modsweep
